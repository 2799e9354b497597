#include "wire/forms.hpp"

#include <utility>

namespace kimistream::wire {
namespace {

using json::Key;
using json::Type;
using json::Value;

constexpr int deepest = 8;  // levels; Bedrock's reasoning has two, a summary in a part in a list has three

void append(std::optional<std::string>& to, std::string_view text) {
  if (!to) to.emplace();
  to->append(text);
}

bool is_reasoning(std::string_view type) {
  return type.starts_with("reasoning") || type.starts_with("thinking") || type.starts_with("summary");
}

}  // namespace

void Forms::speak(Value& value, bool reasons, Spoken& into, int depth) {
  if (depth > deepest) return;
  Type type{};
  if (value.type().get(type)) return;
  if (type == Type::string) {
    std::optional<std::string_view> said;
    text(value, said);
    if (said) append(reasons ? into.reasoning : into.text, *said);
  } else if (type == Type::array) {
    check(json::for_each_element(value, [&](Value& item) { speak(item, reasons, into, depth + 1); }));
  } else if (type == Type::object) {
    speak_part(value, reasons, into, depth);
  }
}

/// One part. Its fields stand in any order, and what it is called decides whose its words are.
void Forms::speak_part(Value& value, bool reasons, Spoken& into, int depth) {
  std::string_view type;
  Spoken words, content, summary, thinking;
  fields(value, [&](Key key, Value& field) {
    if (key.is("text") || key.is("refusal"))
      speak(field, false, words, depth + 1);
    else if (key.is("type"))
      whole_text(field, type);
    else if (key.is("content"))
      speak(field, false, content, depth + 1);
    else if (key.is("summary") || key.is("summary_text"))
      speak(field, false, summary, depth + 1);
    else if (key.is("thinking") || key.is("reasoning") || key.is("reasoning_content") || key.is("reasoning_text") ||
             key.is("reasoningText") || key.is("reasoningContent"))
      speak(field, true, thinking, depth + 1);
    else if (key.is("signature"))
      sign(field);
  });
  reasons = reasons || is_reasoning(type);
  // A part that says it twice, in full and as a summary, is read once.
  Spoken& said = !words.silent() ? words : !content.silent() ? content : !summary.silent() ? summary : words;
  if (said.reasoning) append(into.reasoning, *said.reasoning);
  if (said.text) append(reasons ? into.reasoning : into.text, *said.text);
  if (thinking.reasoning && (!reasons || said.silent())) append(into.reasoning, *thinking.reasoning);
}

void Forms::sign(Value& value) {
  std::string_view piece;
  whole_text(value, piece);
  if (frame_.signature.empty())
    frame_.signature = piece;
  else if (!piece.empty())
    frame_.signature = frame_.made.emplace_back(std::string(frame_.signature).append(piece));
}

void Forms::arguments_of(Value& value, std::string_view& out) {
  const std::string_view token = value.raw_json_token();
  if (token.starts_with('"')) return text(value, out);
  if (token.starts_with("null")) return;
  std::string_view raw;
  if (simdjson::to_json_string(value).get(raw))
    frame_.malformed = true;
  else
    out = raw;
  frame_.reshaped = true;
}

}  // namespace kimistream::wire
