#include "wire/frame.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "characters.hpp"
#include "wire/usage_values.hpp"

namespace kimistream::wire {
namespace {

using json::Key;
using json::Type;
using json::Value;

bool is_null(Value& value) {
  bool null = false;
  return !value.is_null().get(null) && null;
}

class FrameReader : private UsageValues {
 public:
  FrameReader(json::Reader& reader, const FrameOptions& options, Frame& frame)
      : UsageValues(reader, frame), options_(options), wanted_(options.choice_index) {}

  std::optional<std::int64_t> read(std::string_view text) {
    const bool opened = document(text, [&](Key key, Value& value) {
      if (!top(key, value) && reader_.has_escapes()) top(reader_.plain(key), value);
    });
    return opened && found_ ? wanted_ : std::nullopt;
  }

 private:
  /// Where reasoning can stand in a delta, in the order in which one of them is chosen.
  enum class Source : std::size_t { reasoning_content, reasoning, details, other, parts, count };
  struct Sources {
    std::array<std::optional<std::string_view>, static_cast<std::size_t>(Source::count)> texts;
    bool shaped = false;  // reasoning_content or reasoning is no text
    bool odd = false;     // what is chosen stands where those who read this shape do not look
  };

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
      case 'a':  // Bedrock counts there, and nowhere else (Bike4Mind/bike4mind#1089)
        if (!key.is("amazon-bedrock-invocationMetrics")) return false;
        usage(value);
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
    frame_.has_choices = frame_.native = found_ = true;
    into_ = &frame_.choice;
  }

  void choice(Value& value) {
    // The index may stand behind the delta, so a choice is read first and judged afterwards.
    const bool first = !std::exchange(frame_.has_choices, true);
    if (!first) spare_.emplace();
    into_ = first ? &frame_.choice : &*spare_;
    sources_ = {};
    std::optional<Choice> message;
    std::int64_t index = 0;
    const auto known = [&](Key key, Value& field) {
      if (key.is("delta")) {
        deltas(field);
      } else if (key.is("message")) {
        message = message_of(field);
      } else if (key.is("finish_reason")) {
        const bool said = field.raw_json_token().starts_with('"');
        whole_text(field, into_->finish_reason);
        into_->blank_finish = said && is_blank(into_->finish_reason);
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
    frame_.reshaped = frame_.reshaped || sources_.odd;
    if (message) take_message(*message);
    if (!wanted_) wanted_ = index;
    if (index == *wanted_) {
      found_ = true;
      if (!first) frame_.choice = std::move(*spare_);
    } else {
      frame_.other_index = frame_.other_choices ? std::min(frame_.other_index, index) : index;
      frame_.other_choices = true;
      if (first) frame_.choice = {};
    }
  }

  void deltas(Value& value) {
    check(json::for_each_field(value, [&](Key name, Value& part) {
      if (!delta(name, part) && reader_.has_escapes()) delta(reader_.plain(name), part);
    }));
  }

  /// A whole message. It may stand beside a delta, so it is kept apart.
  std::optional<Choice> message_of(Value& value) {
    if (is_null(value)) return std::nullopt;
    Choice said;
    Choice* const outer = std::exchange(into_, &said);
    const Sources theirs = std::exchange(sources_, {});
    deltas(value);
    frame_.reshaped = frame_.reshaped || sources_.odd;
    into_ = outer;
    sources_ = theirs;
    return said;
  }

  /// Some gateways send each piece as a delta and all of it so far as a message (perplexityai/api-discussion#209).
  void take_message(Choice& message) {
    if (!into_->content.value_or("").empty() || !into_->reasoning.value_or("").empty() || !into_->tool_calls.empty())
      return;
    into_->reasoning = message.reasoning;
    into_->content = message.content;
    into_->refusal = message.refusal;
    into_->tool_calls = std::move(message.tool_calls);
    into_->whole = true;
  }

  bool delta(Key key, Value& value) {
    if (key.is("content")) {
      text(value, into_->content);
      if (!into_->content) parts(value);
    } else if (key.is("reasoning_content")) {
      thought(value, Source::reasoning_content);
    } else if (key.is("reasoning")) {
      thought(value, Source::reasoning);
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
    } else if (key.is("refusal")) {
      text(value, into_->refusal);
    } else if (key.is("reasoning_text") || key.is("thinking") || key.is("thinking_blocks")) {
      thought(value, Source::other);  // Copilot's, Ollama's, LiteLLM's
    } else {
      return false;
    }
    return true;
  }

  /// Gateways send the same reasoning under two keys: one source counts, never both. An empty or null one does not
  /// hide the other.
  void pick_reasoning() {
    for (std::size_t from = 0; from < sources_.texts.size(); ++from) {
      const auto& text = sources_.texts[from];
      if (!text) continue;
      into_->reasoning = text;
      sources_.odd = sources_.shaped || from >= static_cast<std::size_t>(Source::other);
      if (!text->empty()) return;
    }
  }

  std::optional<std::string_view>& source(Source from) { return sources_.texts[static_cast<std::size_t>(from)]; }

  void thought(Value& value, Source from) {
    text(value, source(from));
    if (!source(from)) {
      if (const auto type = type_of(value); type == Type::object || type == Type::array) {
        Spoken said;
        speak(value, true, said);
        if (said.reasoning) source(from) = frame_.made.emplace_back(std::move(*said.reasoning));
        if (from != Source::other) sources_.shaped = sources_.odd = true;
      }
    }
    pick_reasoning();
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
    if (any) source(Source::details) = frame_.made.emplace_back(std::move(all));
    pick_reasoning();
  }

  /// Content as a list of parts, or as one: the texts of it, in order, and the reasoning that stands among them.
  void parts(Value& value) {
    const auto type = type_of(value);
    if (type != Type::array && type != Type::object) return;
    Spoken said;
    speak(value, false, said);
    frame_.reshaped = true;
    if (said.reasoning) {
      source(Source::parts) = frame_.made.emplace_back(std::move(*said.reasoning));
      pick_reasoning();
    }
    if (said.text || (!said.reasoning && type == Type::array))
      into_->content = frame_.made.emplace_back(std::move(said.text).value_or(""));
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
      arguments_of(field, fragment.arguments);  // sent as JSON, not as JSON text (can1357/oh-my-pi#1779)
    }
  }

  void add(const ToolFragment& fragment) { into_->tool_calls.push_back(fragment); }

  std::optional<Type> type_of(Value& value) {
    Type type{};
    if (value.type().get(type)) return std::nullopt;
    return type;
  }

  const FrameOptions& options_;
  std::optional<std::int64_t> wanted_;
  bool found_ = false;  // that choice came
  Choice* into_ = nullptr;
  std::optional<Choice> spare_;  // of a frame with several choices
  Sources sources_;
};

}  // namespace

std::optional<std::int64_t> read_frame(json::Reader& reader, std::string_view text, const FrameOptions& options,
                                       Frame& frame) {
  frame.clear();
  return FrameReader(reader, options, frame).read(text);
}

}  // namespace kimistream::wire
