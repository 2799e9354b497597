#include "wire/encode.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "characters.hpp"
#include "kimistream/media.hpp"
#include "refuse.hpp"
#include "wire/anthropic_encode.hpp"
#include "wire/encode_common.hpp"
#include "wire/history.hpp"
#include "wire/rewriter.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

/// What a request's messages are written with.
struct Writer {
  const Provider& provider;
  ThinkingMode thinking;
  std::vector<Notice>& notices;
  media::Slots slots{};
};

Tree encode_part(const Part& part, std::size_t position, Writer& writer) {
  if (part.kind == Part::Kind::raw) {
    Tree tree = parse_object({part.value}, "a content part");
    const std::string type = tree.text_of("type");
    constexpr std::array known = {"text", "image_url", "video_url"};
    if (std::find(known.begin(), known.end(), type) == known.end()) note_unknown_part(type, position, writer.notices);
    if (type == "image_url" || type == "video_url") mend_address(tree, type, position, writer.notices);
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
  if (part.media) {
    address.set("url", Tree::string(writer.slots.add(part.media->data_uri())));
  } else {
    const auto mended = mended_address(part.value, position, writer.notices);
    address.set("url", Tree::string(mended ? *mended : part.value));
  }
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

void add_reasoning(Tree& tree, const Message& message, const Writer& writer) {
  const Provider& provider = writer.provider;
  if (const auto reasoning = reasoning_of(provider, message, writer.thinking))
    for (const auto& key : provider.reasoning_write_keys) tree.set(key, Tree::string(*reasoning));
  if (!provider.writes_reasoning_details || message.reasoning_details.empty()) return;
  try {
    Tree details = Tree::parse(message.reasoning_details.text);
    if (details.is(Tree::Kind::array)) {
      if (!details.items().empty()) tree.set("reasoning_details", std::move(details));
      return;
    }
  } catch (const json::Malformed&) {
  }
  refuse("Message::reasoning_details must be a JSON array");
}

Tree encode_message(const Turn& turn, Writer& writer) {
  const Message& message = *turn.message;
  Tree tree = Tree::object();
  tree.set("role", Tree::string(message.role));
  if (!message.parts.empty()) {
    Tree parts = Tree::array();
    for (const Part& part : message.parts) parts.items().push_back(encode_part(part, turn.position, writer));
    tree.set("content", std::move(parts));
  } else if (message.content && (message.tool_calls.empty() || !is_blank(*message.content))) {
    // Beside tool calls, blank content is left out: Moonshot answers 400 "text content is empty", vLLM renders it.
    tree.set("content", Tree::string(*message.content));
  }
  if (message.role == "assistant") {
    add_reasoning(tree, message, writer);
    if (!message.tool_calls.empty()) {
      Tree calls = Tree::array();
      for (const ToolCall& call : turn.tool_calls()) calls.items().push_back(encode_tool_call(call));
      tree.set("tool_calls", std::move(calls));
    }
  }
  if (!turn.tool_call_id().empty()) tree.set("tool_call_id", Tree::string(turn.tool_call_id()));
  if (!message.name.empty()) tree.set("name", Tree::string(message.name));
  if (!message.extra.empty()) tree.merge(parse_object(message.extra, "Message::extra"));
  return tree;
}

Tree encode_said(std::string_view role, std::string_view content) {
  Tree tree = Tree::object();
  tree.set("role", Tree::string(role));
  tree.set("content", Tree::string(content));
  return tree;
}

/// The beginning of the answer. Its reasoning goes beside it: templates put both before what comes.
Tree encode_begun(const Message& begun, const Writer& writer) {
  Tree tree = encode_said("assistant", begun.text());
  add_reasoning(tree, begun, writer);
  if (!begun.name.empty()) tree.set("name", Tree::string(begun.name));
  merge(tree, writer.provider.prefill_message);
  if (!begun.extra.empty()) tree.merge(parse_object(begun.extra, "Message::extra"));
  return tree;
}

Tree encode_messages(const Request& request, const Message* begun, Written* written, Writer& writer) {
  Rewriter rewriter(writer.provider, writer.thinking, written);
  Tree messages = Tree::array();
  if (!request.system.empty()) messages.items().push_back(encode_said("system", request.system));
  for (const Turn& turn : write_back(writer.provider, request.messages, writer.notices))
    messages.items().push_back(rewriter.message(turn, [&] { return encode_message(turn, writer); }));
  if (begun)
    messages.items().push_back(encode_begun(*begun, writer));
  else if (!request.prefill.empty())
    messages.items().push_back(encode_begun(assistant(request.prefill), writer));
  return messages;
}

Tree encode_tool(const Tool& tool) {
  if (!tool.raw.empty()) return parse_object(tool.raw, "a tool");
  Tree function = Tree::object();
  function.set("name", Tree::string(tool.name));
  if (!tool.description.empty()) function.set("description", Tree::string(tool.description));
  function.set("parameters", parameters_of(tool));
  if (tool.strict) function.set("strict", Tree::boolean(*tool.strict));
  Tree tree = Tree::object();
  tree.set("type", Tree::string("function"));
  tree.set("function", std::move(function));
  return tree;
}

Tree encode_tool_choice(const std::string& choice) {
  if (choice == "auto" || choice == "none" || choice == "required") return Tree::string(choice);
  if (choice == "any") return Tree::string("required");  // the other protocol's word for it
  Tree function = Tree::object();
  function.set("name", Tree::string(choice));
  Tree tree = Tree::object();
  tree.set("type", Tree::string("function"));
  tree.set("function", std::move(function));
  return tree;
}

/// The mode that is asked for, also where that is said by the provider's own switch in the free fields.
ThinkingMode mode_of(const Provider& provider, const Request& request, std::initializer_list<const Tree*> further) {
  if (request.thinking != ThinkingMode::unset || provider.thinking_off.empty()) return request.thinking;
  for (const Tree* fields : further)
    if (!fields->fields().empty() && fields->contains(Tree::parse(provider.thinking_off.text)))
      return ThinkingMode::off;
  return ThinkingMode::unset;
}

}  // namespace

Encoded encode(const Provider& provider, const Request& request, std::string_view model, bool stream,
               const Message* begun, Written* written) {
  check_messages(request);
  check_prefill(provider, request);
  if (provider.protocol == Protocol::anthropic_messages)
    return encode_anthropic(provider, request, model, stream, begun);
  Encoded encoded;
  const Tree fields = request.fields.empty() ? Tree() : parse_object(request.fields, "fields");
  const Tree extra = request.extra_body.empty() ? Tree() : parse_object(request.extra_body, "extra_body");
  const ThinkingMode thinking = mode_of(provider, request, {&fields, &extra});
  const bool begins = begun || !request.prefill.empty();
  encoded.thinks = thinking != ThinkingMode::off && !begins;  // a begun answer has no reasoning before
  Writer writer{.provider = provider, .thinking = thinking, .notices = encoded.notices};
  Tree body = Tree::object();
  body.set("model", Tree::string(model_name(provider, model)));
  body.set("messages", encode_messages(request, begun, written, writer));
  merge_thinking(body, provider, request.thinking);
  merge_sampling(body, provider, thinking);
  if (begins) merge(body, provider.prefill_body);

  if (request.max_tokens) body.set(provider.max_tokens_key, Tree::number(std::to_string(*request.max_tokens)));
  if (request.temperature) body.set("temperature", number(*request.temperature, "temperature"));
  if (request.top_p) body.set("top_p", number(*request.top_p, "top_p"));
  if (!request.stop.empty()) body.set("stop", strings(request.stop));
  if (!request.tools.empty()) {
    Tree tools = Tree::array();
    for (const Tool& tool : request.tools) tools.items().push_back(encode_tool(tool));
    body.set("tools", std::move(tools));
    if (!request.tool_choice.empty()) body.set("tool_choice", encode_tool_choice(request.tool_choice));
  }
  if (!request.response_format.empty())
    body.set("response_format", parse_object(request.response_format, "response_format"));
  if (stream) {
    body.set("stream", Tree::boolean(true));
    merge(body, provider.stream_usage);
  }
  if (fields.is(Tree::Kind::object)) body.merge(fields);
  if (extra.is(Tree::Kind::object)) body.merge(extra);
  encoded.offer = offer_in(body);
  encoded.body = to_body(body, writer.slots);
  return encoded;
}

std::shared_ptr<Body> as_stream(const Provider& provider, const Body& whole) {
  auto body = std::make_shared<Body>(whole);
  Tree added = Tree::object();
  added.set("stream", Tree::boolean(true));
  merge(added, provider.stream_usage);
  std::string text;
  added.write(text);
  text.back() = ',';  // in front of the fields that are there, so that what the caller says himself counts
  body->segments.front().text.replace(0, 1, text);
  return body;
}

}  // namespace kimistream::wire
