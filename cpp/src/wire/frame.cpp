#include "wire/frame.hpp"

#include <charconv>

namespace kimistream::wire {
namespace {

using json::Key;
using json::Type;
using json::Value;

bool is_null(Value value) {
  bool null = false;
  return !value.is_null().get(null) && null;
}

class FrameReader {
 public:
  FrameReader(json::Reader& reader, const FrameOptions& options, Frame& frame)
      : reader_(reader), options_(options), frame_(frame), wanted_(options.choice_index) {}

  std::optional<std::int64_t> read(std::string_view text) {
    json::Document document;
    json::Object root;
    if (!reader_.open(text, document) || document.get_object().get(root)) {
      frame_.malformed = true;
      return std::nullopt;
    }
    const bool whole = json::for_each_field(root, [&](Key key, Value value) {
      if (!top(key, value) && reader_.has_escapes()) top(reader_.plain(key), value);
    });
    if (!whole) frame_.malformed = true;
    return wanted_;
  }

 private:
  // Each level returns whether it knew the key. Order: what every frame has comes first.
  bool top(Key key, Value value) {
    if (key.is("choices")) {
      check(json::for_each_element(value, [&](Value item) { choice(item); }));
    } else if (key.is("usage")) {
      usage(value);
    } else if (key.is("id")) {
      if (options_.want_identity) text(value, frame_.id);
    } else if (key.is("model")) {
      if (options_.want_identity) text(value, frame_.model);
    } else if (key.is("error")) {
      if (truthy(value)) frame_.has_error = true;
    } else if (key.is("object")) {
      const std::string_view token = value.raw_json_token();
      if (token.starts_with("\"error\"")) frame_.has_error = true;  // flat form of SGLang and older vLLM
    } else {
      return false;
    }
    return true;
  }

  void choice(Value value) {
    // The index may stand behind the delta, so a choice is read first and judged afterwards.
    Choice spare;
    const bool first = !frame_.has_choices;
    into_ = first ? &frame_.choice : &spare;
    frame_.has_choices = true;
    reasoning_content_ = reasoning_ = details_ = std::nullopt;
    std::int64_t index = 0;
    const auto known = [&](Key key, Value field) {
      if (key.is("delta") || key.is("message")) {
        check(json::for_each_field(field, [&](Key name, Value part) {
          if (!delta(name, part) && reader_.has_escapes()) delta(reader_.plain(name), part);
        }));
      } else if (key.is("finish_reason")) {
        text(field, into_->finish_reason);
      } else if (key.is("index")) {
        if (const auto number = integer(field)) index = *number;
      } else if (key.is("usage")) {
        usage(field);
      } else if (key.is("error")) {
        if (truthy(field)) frame_.has_error = true;
      } else if (key.is("text")) {  // legacy completions
        text(field, into_->content);
      } else {
        return false;
      }
      return true;
    };
    check(json::for_each_field(value, [&](Key key, Value field) {
      if (!known(key, field) && reader_.has_escapes()) known(reader_.plain(key), field);
    }));
    if (!wanted_) wanted_ = index;
    if (index == *wanted_) {
      if (!first) frame_.choice = std::move(spare);
    } else {
      frame_.other_choices = true;
      if (first) frame_.choice = {};
    }
  }

  bool delta(Key key, Value value) {
    if (key.is("content")) {
      if (const auto type = type_of(value); type == Type::array) parts(value);
      else text(value, into_->content);
    } else if (key.is("reasoning_content")) {
      text(value, reasoning_content_);
      pick_reasoning();
    } else if (key.is("reasoning")) {
      text(value, reasoning_);
      pick_reasoning();
    } else if (key.is("reasoning_details")) {
      details(value);
    } else if (key.is("tool_calls")) {
      check(json::for_each_element(value, [&](Value item) { tool_call(item); }));
    } else if (key.is("function_call")) {
      if (!is_null(value)) {  // the form before tool_calls: one call without id or index
        ToolFragment fragment;
        function(value, fragment);
        add(fragment);
      }
    } else {
      return false;
    }
    return true;
  }

  /// Gateways send the same reasoning under two keys: one source counts, never both. An empty or null one does not
  /// hide the other.
  void pick_reasoning() {
    for (const auto& source : {reasoning_content_, reasoning_, details_}) {
      if (!source) continue;
      into_->reasoning = source;
      if (!source->empty()) return;
    }
  }

  void details(Value value) {
    details_text_.clear();
    bool any = false;
    check(json::for_each_element(value, [&](Value item) {
      check(json::for_each_field(item, [&](Key key, Value field) {
        std::optional<std::string_view> part;
        if (key.is("text") || key.is("summary")) text(field, part);
        if (part) {
          details_text_.append(*part);
          any = true;
        }
      }));
    }));
    if (any) details_ = details_text_;
    pick_reasoning();
  }

  /// Content as a list of parts: the texts of it, in order.
  void parts(Value value) {
    parts_text_.clear();
    check(json::for_each_element(value, [&](Value item) {
      std::optional<std::string_view> part;
      if (type_of(item) == Type::string) text(item, part);
      else check(json::for_each_field(item, [&](Key key, Value field) {
        if (key.is("text")) text(field, part);
      }));
      if (part) parts_text_.append(*part);
    }));
    into_->content = parts_text_;
  }

  void tool_call(Value value) {
    ToolFragment fragment;
    check(json::for_each_field(value, [&](Key key, Value field) {
      if (key.is("index")) fragment.index = integer(field);
      else if (key.is("id")) text(field, fragment.id);
      else if (key.is("type")) text(field, fragment.type);
      else if (key.is("function")) function(field, fragment);
    }));
    add(fragment);
  }

  void function(Value value, ToolFragment& fragment) {
    check(json::for_each_field(value, [&](Key key, Value field) {
      if (key.is("name")) {
        text(field, fragment.name);
      } else if (key.is("arguments")) {
        if (const auto type = type_of(field); type == Type::object) {  // sent as JSON, not as JSON text
          std::string_view raw;
          if (!simdjson::to_json_string(field).get(raw)) fragment.arguments = raw;
        } else {
          text(field, fragment.arguments);
        }
      }
    }));
  }

  void add(const ToolFragment& fragment) { into_->tool_calls.push_back(fragment); }

  void usage(Value value) {
    Usage found;
    const auto count = [&](Value field, std::optional<std::int64_t>& into) {
      if (const auto number = integer(field)) into = number;
    };
    check(json::for_each_field(value, [&](Key key, Value field) {
      if (key.is("prompt_tokens")) count(field, found.prompt_tokens);
      else if (key.is("completion_tokens")) count(field, found.completion_tokens);
      else if (key.is("total_tokens")) count(field, found.total_tokens);
      else if (key.is("cached_tokens")) count(field, found.cached_tokens);
      else if (key.is("reasoning_tokens")) count(field, found.reasoning_tokens);
      else if (key.is("prompt_tokens_details"))
        check(json::for_each_field(field, [&](Key name, Value detail) {
          if (name.is("cached_tokens")) count(detail, found.cached_tokens);
        }));
      else if (key.is("completion_tokens_details"))
        check(json::for_each_field(field, [&](Key name, Value detail) {
          if (name.is("reasoning_tokens")) count(detail, found.reasoning_tokens);
        }));
      else if (key.is("cost")) {
        double amount = 0;
        if (!field.get_double().get(amount)) found.cost = amount;
      }
    }));
    if (!found.empty()) merge_usage(found);
  }

  void merge_usage(const Usage& found) {
    if (!frame_.usage) frame_.usage.emplace();
    frame_.usage->merge(found);
  }

  /// Anything but null, false, 0 and "" is an error.
  bool truthy(Value value) {
    const std::string_view token = value.raw_json_token();
    return !(token.starts_with("null") || token.starts_with("false") || token.starts_with("\"\"") ||
             token.starts_with("0") || token.starts_with("{}"));
  }

  std::optional<Type> type_of(Value value) {
    Type type{};
    if (value.type().get(type)) return std::nullopt;
    return type;
  }

  template <class Out>
  void text(Value value, Out& out) {
    std::string_view found;
    if (reader_.string(value, found)) out = found;
  }

  /// An integer, also as a string ("0") or as a whole double (1.0); negative ones count as none.
  std::optional<std::int64_t> integer(Value value) {
    std::int64_t number = 0;
    double real = 0;
    std::string_view digits;
    switch (type_of(value).value_or(Type::null)) {
      case Type::number:
        if (value.get_int64().get(number)) {
          if (value.get_double().get(real) || real < 0 || real > 9e15) return std::nullopt;
          number = static_cast<std::int64_t>(real);
        }
        break;
      case Type::string: {
        if (!reader_.string(value, digits)) return std::nullopt;
        const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (result.ec != std::errc() || result.ptr != digits.data() + digits.size()) return std::nullopt;
        break;
      }
      default: return std::nullopt;
    }
    if (number < 0) return std::nullopt;
    return number;
  }

  void check(bool well_formed) {
    if (!well_formed) frame_.malformed = true;
  }

  json::Reader& reader_;
  const FrameOptions& options_;
  Frame& frame_;
  std::optional<std::int64_t> wanted_;
  Choice* into_ = nullptr;
  std::optional<std::string_view> reasoning_content_, reasoning_, details_;
  // The views of a frame live until the next one is read; so must these.
  static thread_local std::string details_text_, parts_text_;
};

thread_local std::string FrameReader::details_text_;
thread_local std::string FrameReader::parts_text_;

}  // namespace

void Frame::clear() {
  id = model = choice.finish_reason = {};
  choice.reasoning.reset();
  choice.content.reset();
  choice.tool_calls.clear();
  usage.reset();
  has_choices = other_choices = has_error = malformed = false;
}

std::optional<std::int64_t> read_frame(json::Reader& reader, std::string_view text, const FrameOptions& options,
                                       Frame& frame) {
  frame.clear();
  return FrameReader(reader, options, frame).read(text);
}

}  // namespace kimistream::wire
