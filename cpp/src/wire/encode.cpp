#include "wire/encode.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "json/text.hpp"
#include "json/tree.hpp"
#include "kimistream/error.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

[[noreturn]] void refuse(std::string message) { throw Exception(invalid_request(std::move(message))); }

Tree parse(const Json& json, std::string_view what) {
  try {
    Tree tree = Tree::parse(json.text);
    if (tree.is(Tree::Kind::object)) return tree;
  } catch (const json::Malformed&) {
  }
  refuse(std::string(what) + " must be a JSON object");
}

/// The shortest text that reads back as the same number, so that 0.6 is sent as 0.6; whatever the program's locale.
Tree number(double value, std::string_view what) {
  if (!std::isfinite(value)) refuse(std::string(what) + " must be a finite number");
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  std::string written(text.data(), end);
  if (written.find_first_of(".e") == std::string::npos) written += ".0";
  return Tree::number(written);
}

bool is_blank(const std::optional<std::string>& text) {
  return !text || text->find_first_not_of(" \t\r\n") == std::string::npos;
}

Tree encode_part(const Part& part, std::size_t position, std::vector<Notice>& notices) {
  if (part.kind == Part::Kind::raw) {
    Tree tree = parse({part.value}, "a content part");
    const std::string type = tree.text_of("type");
    constexpr std::array known = {"text", "image_url", "video_url"};
    if (std::find(known.begin(), known.end(), type) == known.end())
      notices.push_back({"unknown_part", "message " + std::to_string(position) +
                                             " has a content part of the unknown kind \"" + type +
                                             "\"; it is sent as it is"});
    return tree;
  }
  Tree tree = Tree::object();
  if (part.kind == Part::Kind::text) {
    tree.set("type", Tree::string("text"));
    tree.set("text", Tree::string(part.value));
    return tree;
  }
  const char* kind = part.kind == Part::Kind::image_url ? "image_url" : "video_url";
  tree.set("type", Tree::string(kind));
  Tree address = Tree::object();
  address.set("url", Tree::string(part.value));
  tree.set(kind, std::move(address));
  return tree;
}

Tree encode_tool_call(const ToolCall& call) {
  Tree function = Tree::object();
  function.set("name", Tree::string(call.name));
  function.set("arguments", Tree::string(call.arguments));
  Tree tree = Tree::object();
  tree.set("id", Tree::string(call.id));
  tree.set("type", Tree::string(call.type));
  tree.set("function", std::move(function));
  return tree;
}

/// The reasoning that goes back with an assistant message: what it was, or what the provider wants in its place.
std::optional<std::string> reasoning_of(const Provider& provider, const Message& message, ThinkingMode thinking) {
  if (thinking != ThinkingMode::off && !provider.tool_turn_placeholder.empty() && !message.tool_calls.empty() &&
      (!message.reasoning || message.reasoning->empty()))
    return provider.tool_turn_placeholder;
  return message.reasoning;
}

Tree encode_message(const Provider& provider, const Message& message, std::size_t position, ThinkingMode thinking,
                    std::vector<Notice>& notices) {
  Tree tree = Tree::object();
  tree.set("role", Tree::string(message.role));
  if (!message.parts.empty()) {
    Tree parts = Tree::array();
    for (const Part& part : message.parts) parts.items().push_back(encode_part(part, position, notices));
    tree.set("content", std::move(parts));
  } else if (message.content && (message.tool_calls.empty() || !is_blank(message.content))) {
    // Beside tool calls, blank content is left out: Moonshot answers 400 "text content is empty", vLLM renders it.
    tree.set("content", Tree::string(*message.content));
  }
  if (message.role == "assistant") {
    if (const auto reasoning = reasoning_of(provider, message, thinking))
      for (const auto& key : provider.reasoning_write_keys) tree.set(key, Tree::string(*reasoning));
    if (!message.tool_calls.empty()) {
      Tree calls = Tree::array();
      for (const ToolCall& call : message.tool_calls) calls.items().push_back(encode_tool_call(call));
      tree.set("tool_calls", std::move(calls));
    }
  }
  if (!message.tool_call_id.empty()) tree.set("tool_call_id", Tree::string(message.tool_call_id));
  if (!message.name.empty()) tree.set("name", Tree::string(message.name));
  if (!message.extra.empty()) tree.merge(parse(message.extra, "Message::extra"));
  return tree;
}

Tree encode_tool(const Tool& tool) {
  if (!tool.raw.empty()) return parse(tool.raw, "a tool");
  Tree function = Tree::object();
  function.set("name", Tree::string(tool.name));
  if (!tool.description.empty()) function.set("description", Tree::string(tool.description));
  Tree parameters = tool.parameters.empty() ? Tree::parse(R"({"type":"object","properties":{}})")
                                            : parse(tool.parameters, "Tool::parameters of " + tool.name);
  function.set("parameters", std::move(parameters));
  if (tool.strict) function.set("strict", Tree::boolean(*tool.strict));
  Tree tree = Tree::object();
  tree.set("type", Tree::string("function"));
  tree.set("function", std::move(function));
  return tree;
}

Tree encode_tool_choice(const std::string& choice) {
  if (choice == "auto" || choice == "none" || choice == "required") return Tree::string(choice);
  Tree function = Tree::object();
  function.set("name", Tree::string(choice));
  Tree tree = Tree::object();
  tree.set("type", Tree::string("function"));
  tree.set("function", std::move(function));
  return tree;
}

void merge(Tree& into, const Json& patch) {
  if (!patch.empty()) into.merge(parse(patch, "a field of the provider's row"));
}

void check(const Request& request) {
  if (request.messages.empty() && request.system.empty())
    refuse("messages is empty: a request needs at least one message, e.g. {\"role\": \"user\", \"content\": \"...\"}");
  constexpr std::array roles = {"system", "user", "assistant", "tool", "developer"};
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    if (std::find(roles.begin(), roles.end(), message.role) == roles.end())
      refuse("message " + std::to_string(i) + " has the unknown role \"" + message.role +
             "\": use system, user, assistant or tool");
    if (message.role == "tool" && message.tool_call_id.empty())
      refuse("message " + std::to_string(i) + " has the role \"tool\" but no tool_call_id: say which call it answers");
  }
}

}  // namespace

Encoded encode(const Provider& provider, const Request& request, std::string_view model, bool stream) {
  check(request);
  Encoded encoded;
  Tree body = Tree::object();
  body.set("model", Tree::string(model_name(provider, model)));
  Tree messages = Tree::array();
  if (!request.system.empty()) {
    Message system;
    system.role = "system";
    system.content = request.system;
    messages.items().push_back(encode_message(provider, system, 0, request.thinking, encoded.notices));
  }
  for (std::size_t i = 0; i < request.messages.size(); ++i)
    messages.items().push_back(encode_message(provider, request.messages[i], i, request.thinking, encoded.notices));
  body.set("messages", std::move(messages));

  if (request.thinking == ThinkingMode::off) merge(body, provider.thinking_off);
  if (request.thinking == ThinkingMode::on || request.thinking == ThinkingMode::keep) merge(body, provider.thinking_on);
  if (request.thinking == ThinkingMode::keep) merge(body, provider.thinking_keep);
  merge(body, request.thinking == ThinkingMode::off ? provider.sampling_instant : provider.sampling_thinking);

  if (request.max_tokens) body.set(provider.max_tokens_key, Tree::number(std::to_string(*request.max_tokens)));
  if (request.temperature) body.set("temperature", number(*request.temperature, "temperature"));
  if (request.top_p) body.set("top_p", number(*request.top_p, "top_p"));
  if (!request.stop.empty()) {
    Tree stop = Tree::array();
    for (const auto& text : request.stop) stop.items().push_back(Tree::string(text));
    body.set("stop", std::move(stop));
  }
  if (!request.tools.empty()) {
    Tree tools = Tree::array();
    for (const Tool& tool : request.tools) tools.items().push_back(encode_tool(tool));
    body.set("tools", std::move(tools));
    if (!request.tool_choice.empty()) body.set("tool_choice", encode_tool_choice(request.tool_choice));
  }
  if (!request.response_format.empty()) body.set("response_format", parse(request.response_format, "response_format"));
  if (stream) {
    body.set("stream", Tree::boolean(true));
    merge(body, provider.stream_usage);
  }
  if (!request.fields.empty()) body.merge(parse(request.fields, "fields"));
  if (!request.extra_body.empty()) body.merge(parse(request.extra_body, "extra_body"));
  encoded.body = std::make_shared<Body>();
  encoded.body->segments.emplace_back();
  body.write(encoded.body->segments.back().text);
  return encoded;
}

}  // namespace kimistream::wire
