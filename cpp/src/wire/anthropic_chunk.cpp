#include "wire/anthropic_chunk.hpp"

#include <optional>
#include <utility>

#include "json/text.hpp"

namespace kimistream::wire {
namespace {

/// Writes `"name":`, behind a comma where something stands before it.
void key(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
}

void text(std::string& out, std::string_view name, std::string_view value) {
  key(out, name);
  json::append_string(out, value);
}

void head(std::string& out, std::string_view object, std::string_view id, std::string_view model,
          std::int64_t created) {
  out += '{';
  text(out, "id", id);
  text(out, "object", object);
  key(out, "created");
  out += std::to_string(created);
  text(out, "model", model);
}

void tool_calls(std::string& out, const Choice& choice) {
  if (choice.tool_calls.empty()) return;
  key(out, "tool_calls");
  out += '[';
  bool first = true;
  for (const ToolFragment& call : choice.tool_calls) {
    if (!std::exchange(first, false)) out += ',';
    out += '{';
    if (call.index) {
      key(out, "index");
      out += std::to_string(*call.index);
    }
    if (!call.id.empty()) text(out, "id", call.id);
    if (!call.type.empty()) text(out, "type", call.type);
    key(out, "function");
    out += '{';
    if (!call.name.empty()) text(out, "name", call.name);
    text(out, "arguments", call.arguments);  // "" too, as OpenAI's first fragment of a call has it
    out += "}}";
  }
  out += ']';
}

void finish_reason(std::string& out, const Choice& choice) {
  key(out, "finish_reason");
  if (choice.finish_reason.empty())
    out += "null";
  else
    json::append_string(out, choice.finish_reason);
}

void usage(std::string& out, const Usage& usage) {
  const auto count = [&](std::string_view name, const std::optional<std::int64_t>& value) {
    if (!value) return;
    key(out, name);
    out += std::to_string(*value);
  };
  key(out, "usage");
  out += '{';
  count("prompt_tokens", usage.prompt_tokens);
  count("completion_tokens", usage.completion_tokens);
  count("total_tokens", usage.total_tokens);
  if (usage.cached_tokens || usage.cache_write_tokens) {
    key(out, "prompt_tokens_details");
    out += '{';
    count("cached_tokens", usage.cached_tokens);
    count("cache_write_tokens", usage.cache_write_tokens);
    out += '}';
  }
  if (usage.reasoning_tokens) {
    key(out, "completion_tokens_details");
    out += '{';
    count("reasoning_tokens", usage.reasoning_tokens);
    out += '}';
  }
  out += '}';
}

}  // namespace

std::string chunk_json(const Frame& frame, std::string_view id, std::string_view model, std::int64_t created) {
  const Choice& choice = frame.choice;
  const bool says =
      frame.begins || choice.reasoning || choice.content || !choice.tool_calls.empty() || !choice.finish_reason.empty();
  // What the input cost is known at the start, but a chunk's usage is taken for the whole of it.
  const bool has_usage = frame.usage && frame.usage->completion_tokens;
  if (!says && !has_usage) return {};
  std::string out;
  head(out, "chat.completion.chunk", id, model, created);
  key(out, "choices");
  out += '[';
  if (says) {
    out += R"({"index":0,"delta":{)";
    if (frame.begins) text(out, "role", "assistant");
    if (choice.reasoning) text(out, "reasoning_content", *choice.reasoning);
    if (choice.content) text(out, "content", *choice.content);
    tool_calls(out, choice);
    out += '}';
    finish_reason(out, choice);
    out += '}';
  }
  out += ']';
  if (has_usage) usage(out, *frame.usage);
  out += '}';
  return out;
}

std::string completion_json(const Frame& frame, std::string_view id, std::string_view model, std::int64_t created) {
  const Choice& choice = frame.choice;
  std::string out;
  head(out, "chat.completion", id, model, created);
  out += R"(,"choices":[{"index":0,"message":{"role":"assistant")";
  if (choice.content)
    text(out, "content", *choice.content);
  else
    out += R"(,"content":null)";
  if (choice.reasoning) text(out, "reasoning_content", *choice.reasoning);
  tool_calls(out, choice);
  out += '}';
  finish_reason(out, choice);
  out += "}]";
  if (frame.usage) usage(out, *frame.usage);
  out += '}';
  return out;
}

}  // namespace kimistream::wire
