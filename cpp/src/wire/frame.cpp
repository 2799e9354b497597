#include "wire/frame.hpp"

#include <charconv>
#include <cmath>
#include <utility>

#include "wire/frame_values.hpp"

namespace kimistream::wire {
namespace {

using json::Key;
using json::Type;
using json::Value;

bool is_null(Value& value) {
  bool null = false;
  return !value.is_null().get(null) && null;
}

class FrameReader : private FrameValues {
 public:
  FrameReader(json::Reader& reader, const FrameOptions& options, Frame& frame)
      : FrameValues(reader, frame), options_(options), wanted_(options.choice_index) {}

  std::optional<std::int64_t> read(std::string_view text) {
    const bool opened = document(text, [&](Key key, Value& value) {
      if (!top(key, value) && reader_.has_escapes()) top(reader_.plain(key), value);
    });
    return opened ? wanted_ : std::nullopt;
  }

 private:
  // Each level returns whether it knew the key. Order: what every frame has comes first.
  bool top(Key key, Value& value) {
    switch (*key.raw()) {  // every frame has the same dozen keys, most of them of no use here
      case 'c':
        if (!key.is("choices")) return false;
        check(json::for_each_element(value, [&](Value& item) { choice(item); }));
        return true;
      case 'u':
        if (!key.is("usage")) return false;
        usage(value);
        return true;
      case 'i':
        if (!key.is("id")) return false;
        if (options_.want_identity) whole_text(value, frame_.id);
        return true;
      case 'm':
        if (key.is("model")) {
          if (options_.want_identity) whole_text(value, frame_.model);
        } else if (key.is("meta")) {
          meta(value);
        } else {
          return false;
        }
        return true;
      case 'e':
        if (key.is("error")) {
          if (truthy(value)) frame_.has_error = true;
        } else if (key.is("errors")) {  // Cloudflare's envelope
          check(json::for_each_element(value, [&](Value&) { frame_.has_error = true; }));
        } else {
          return false;
        }
        return true;
      case 'r':  // Cloudflare's native frames: the text stands at the top, and so do whole calls (Q36)
        if (key.is("result") && type_of(value) == Type::object) {  // of its envelope, where nothing is streamed
          check(json::for_each_field(value, [&](Key inner, Value& field) {
            if (!top(inner, field) && reader_.has_escapes()) top(reader_.plain(inner), field);
          }));
          return true;
        }
        if (!key.is("response") || type_of(value) != Type::string) return false;
        native();
        text(value, frame_.choice.content);
        return true;
      case 't':
        if (!key.is("tool_calls")) return false;
        native();
        check(json::for_each_element(value, [&](Value& item) { tool_call(item); }));
        return true;
      case 'o':
        if (!key.is("object")) return false;
        if (value.raw_json_token().starts_with("\"error\"")) frame_.has_error = true;  // flat form: SGLang, older vLLM
        return true;
      default: return false;
    }
  }

  void native() {
    frame_.has_choices = frame_.native = true;
    into_ = &frame_.choice;
  }

  void choice(Value& value) {
    // The index may stand behind the delta, so a choice is read first and judged afterwards.
    const bool first = !std::exchange(frame_.has_choices, true);
    if (!first) spare_.emplace();
    into_ = first ? &frame_.choice : &*spare_;
    reasoning_content_ = reasoning_ = details_ = std::nullopt;
    std::int64_t index = 0;
    const auto known = [&](Key key, Value& field) {
      if (key.is("delta") || key.is("message")) {
        check(json::for_each_field(field, [&](Key name, Value& part) {
          if (!delta(name, part) && reader_.has_escapes()) delta(reader_.plain(name), part);
        }));
      } else if (key.is("finish_reason")) {
        const bool said = field.raw_json_token().starts_with('"');
        whole_text(field, into_->finish_reason);
        into_->blank_finish = said && into_->finish_reason.find_first_not_of(" \t\r\n") == std::string_view::npos;
        if (into_->blank_finish) into_->finish_reason = {};
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
    check(json::for_each_field(value, [&](Key key, Value& field) {
      if (!known(key, field) && reader_.has_escapes()) known(reader_.plain(key), field);
    }));
    if (!wanted_) wanted_ = index;
    if (index == *wanted_) {
      if (!first) frame_.choice = std::move(*spare_);
    } else {
      frame_.other_choices = true;
      if (first) frame_.choice = {};
    }
  }

  bool delta(Key key, Value& value) {
    if (key.is("content")) {
      if (const auto type = type_of(value); type == Type::array)
        parts(value);
      else
        text(value, into_->content);
    } else if (key.is("reasoning_content")) {
      text(value, reasoning_content_);
      pick_reasoning();
    } else if (key.is("reasoning")) {
      text(value, reasoning_);
      pick_reasoning();
    } else if (key.is("reasoning_details")) {
      details(value);
    } else if (key.is("tool_calls")) {
      check(json::for_each_element(value, [&](Value& item) { tool_call(item); }));
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
    for (const auto* source : {&reasoning_content_, &reasoning_, &details_}) {
      if (!*source) continue;
      into_->reasoning = *source;
      if (!(*source)->empty()) return;
    }
  }

  void details(Value& value) {
    std::string all;
    bool any = false;
    check(json::for_each_element(value, [&](Value& item) {
      json::Object object;
      std::string_view raw;
      if (item.get_object().get(object) || object.raw_json().get(raw)) return;
      frame_.opaque.push_back(raw);
      bool again = false;
      if (object.reset().get(again)) return check(false);
      check(json::for_each_field(object, [&](Key name, Value& field) {
        const Key key = reader_.plain(name);
        std::optional<std::string_view> part;
        if (key.is("text") || key.is("summary")) text(field, part);
        if (part) {
          all.append(*part);
          any = true;
        }
      }));
    }));
    if (any) details_ = frame_.made.emplace_back(std::move(all));
    pick_reasoning();
  }

  /// AI/ML API says there what the answer cost (docs/capabilities/request-tracing-and-cost).
  void meta(Value& value) {
    Usage found;
    fields(value, [&](Key key, Value& field) {
      if (key.is("usage"))
        fields(field, [&](Key name, Value& amount) {
          if (name.is("usd_spent")) cost(amount, found);
        });
    });
    if (!found.empty()) merge_usage(found);
  }

  void cost(Value& value, Usage& into) {
    double amount = 0;
    if (!value.get_double().get(amount) && std::isfinite(amount) && amount >= 0) into.cost = amount;
  }

  /// Content as a list of parts: the texts of it, in order.
  void parts(Value& value) {
    std::string all;
    check(json::for_each_element(value, [&](Value& item) {
      std::optional<std::string_view> part;
      if (type_of(item) == Type::string)
        text(item, part);
      else
        fields(item, [&](Key key, Value& field) {
          if (key.is("text")) text(field, part);
        });
      if (part) all.append(*part);
    }));
    into_->content = frame_.made.emplace_back(std::move(all));
  }

  void tool_call(Value& value) {
    ToolFragment fragment;
    fields(value, [&](Key key, Value& field) {
      if (key.is("index"))
        fragment.index = integer(field);
      else if (key.is("id"))
        whole_text(field, fragment.id);
      else if (key.is("type"))
        whole_text(field, fragment.type);
      else if (key.is("function"))
        function(field, fragment);
      else
        function_field(key, field, fragment);
    });
    add(fragment);
  }

  void function(Value& value, ToolFragment& fragment) {
    fields(value, [&](Key key, Value& field) { function_field(key, field, fragment); });
  }

  void function_field(Key key, Value& field, ToolFragment& fragment) {
    if (key.is("name")) {
      whole_text(field, fragment.name);
    } else if (key.is("arguments")) {
      if (const auto type = type_of(field); type == Type::object) {  // sent as JSON, not as JSON text
        std::string_view raw;
        if (!simdjson::to_json_string(field).get(raw)) fragment.arguments = raw;
      } else {
        text(field, fragment.arguments);
      }
    }
  }

  void add(const ToolFragment& fragment) { into_->tool_calls.push_back(fragment); }

  void usage(Value& value) {
    if (value.raw_json_token().front() == 'n') return;  // null, in every frame but one
    Usage found;
    const auto count = [&](Value& field, std::optional<std::int64_t>& into) {
      if (const auto number = integer(field)) into = number;
    };
    fields(value, [&](Key key, Value& field) {
      if (key.is("prompt_tokens"))
        count(field, found.prompt_tokens);
      else if (key.is("completion_tokens"))
        count(field, found.completion_tokens);
      else if (key.is("total_tokens"))
        count(field, found.total_tokens);
      else if (key.is("cached_tokens"))
        count(field, found.cached_tokens);
      else if (key.is("reasoning_tokens"))
        count(field, found.reasoning_tokens);
      else if (key.is("prompt_tokens_details"))
        fields(field, [&](Key name, Value& detail) {
          if (name.is("cached_tokens")) count(detail, found.cached_tokens);
        });
      else if (key.is("completion_tokens_details"))
        fields(field, [&](Key name, Value& detail) {
          if (name.is("reasoning_tokens")) count(detail, found.reasoning_tokens);
        });
      else if (key.is("cost"))
        cost(field, found);
    });
    if (!found.empty()) merge_usage(found);
  }

  void merge_usage(const Usage& found) {
    if (!frame_.usage) frame_.usage.emplace();
    frame_.usage->merge(found);
  }

  std::optional<Type> type_of(Value& value) {
    Type type{};
    if (value.type().get(type)) return std::nullopt;
    return type;
  }

  /// An integer, also as a string ("0") or as a whole double (1.0); negative ones count as none.
  std::optional<std::int64_t> integer(Value& value) {
    if (const std::string_view token = value.raw_json_token(); token.size() == 1 && token[0] >= '0' && token[0] <= '9')
      return token[0] - '0';  // the index of every choice; the loop over the fields skips what is left unread
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

  const FrameOptions& options_;
  std::optional<std::int64_t> wanted_;
  Choice* into_ = nullptr;
  std::optional<Choice> spare_;  // of a frame with several choices
  std::optional<std::string_view> reasoning_content_, reasoning_, details_;
};

}  // namespace

std::optional<std::int64_t> read_frame(json::Reader& reader, std::string_view text, const FrameOptions& options,
                                       Frame& frame) {
  frame.clear();
  return FrameReader(reader, options, frame).read(text);
}

}  // namespace kimistream::wire
