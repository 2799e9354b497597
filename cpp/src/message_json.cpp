// Messages as JSON, to be kept and taken up again. Not what is sent: that is the provider's dialect.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "json/tree.hpp"
#include "kimistream/error.hpp"
#include "kimistream/media.hpp"
#include "kimistream/transport.hpp"

namespace kimistream {
namespace {

using json::Tree;

[[noreturn]] void refuse_message(std::string_view message) {
  throw Exception(invalid_request("a message in JSON: " + std::string(message)));
}

// ---- writing --------------------------------------------------------------------------------------------------------

Tree tree(const std::optional<std::string>& text) { return text ? Tree::string(*text) : Tree(); }
Tree text_or_null(const std::string& text) { return text.empty() ? Tree() : Tree::string(text); }
Tree tree(const std::optional<std::int64_t>& number) { return number ? Tree::number(std::to_string(*number)) : Tree(); }

Tree tree(const std::optional<double>& number) {
  if (!number) return {};
  std::array<char, 32> text{};
  return Tree::number({text.data(), std::to_chars(text.data(), text.data() + text.size(), *number).ptr});
}

Tree tree(const Json& json, std::string_view what) {
  if (json.empty()) return {};
  try {
    return Tree::parse(json.text);
  } catch (const json::Malformed&) {
    refuse_message(std::string(what) + " is no JSON");
  }
}

std::string data_uri(const Media& media) {
  const auto source = media.data_uri();
  std::string all(static_cast<std::size_t>(source->size()), '\0');
  std::size_t done = 0;
  while (const std::size_t size = source->read(all.data() + done, all.size() - done)) done += size;
  all.resize(done);
  return all;
}

Tree tree(const Part& part) {
  if (part.kind == Part::Kind::raw) return tree(Json{part.value}, "a content part");
  const bool is_text = part.kind == Part::Kind::text;
  const char* kind = is_text ? "text" : part.kind == Part::Kind::image_url ? "image_url" : "video_url";
  Tree whole = Tree::object();
  whole.set("type", Tree::string(kind));
  if (is_text)
    whole.set(kind, Tree::string(part.value));
  else
    whole.set(kind, Tree::object()).set("url", Tree::string(part.media ? data_uri(*part.media) : part.value));
  return whole;
}

Tree tree(const ToolCall& call, int place) {
  Tree whole = Tree::object();
  if (call.index != place) whole.set("index", Tree::number(std::to_string(call.index)));
  whole.set("id", Tree::string(call.id));
  whole.set("type", Tree::string(call.type));
  Tree& function = whole.set("function", Tree::object());
  function.set("name", Tree::string(call.name));
  function.set("arguments", Tree::string(call.arguments));
  if (!call.complete) whole.set("complete", Tree::boolean(false));
  return whole;
}

Tree tree(const Usage& usage) {
  Tree whole = Tree::object();
  whole.set("prompt_tokens", tree(usage.prompt_tokens));
  whole.set("completion_tokens", tree(usage.completion_tokens));
  whole.set("total_tokens", tree(usage.total_tokens));
  whole.set("cached_tokens", tree(usage.cached_tokens));
  whole.set("reasoning_tokens", tree(usage.reasoning_tokens));
  whole.set("cost", tree(usage.cost));
  whole.set("cache_write_tokens", tree(usage.cache_write_tokens));
  whole.set("cache_write_1h_tokens", tree(usage.cache_write_1h_tokens));
  whole.set("cost_source", text_or_null(usage.cost_source));
  return whole;
}

template <class List, class Write>
Tree list_of(const List& list, Write write) {
  Tree all = Tree::array();
  for (const auto& item : list) all.items().push_back(write(item));
  return all;
}

// ---- reading --------------------------------------------------------------------------------------------------------

bool is_null(const Tree* value) { return !value || value->is(Tree::Kind::null); }

const Tree& of_kind(const Tree& value, Tree::Kind kind, std::string_view what, std::string_view kind_name) {
  if (!value.is(kind)) refuse_message(std::string(what) + " must be " + std::string(kind_name));
  return value;
}

std::optional<std::string> text_of(const Tree& object, std::string_view key) {
  const Tree* value = object.find(key);
  if (is_null(value)) return std::nullopt;
  return of_kind(*value, Tree::Kind::string, key, "a text").text();
}

std::optional<double> number_of(const Tree& object, std::string_view key) {
  if (is_null(object.find(key))) return std::nullopt;
  const auto value = object.number_of(key);
  if (!value) refuse_message(std::string(key) + " must be a number");
  return value;
}

std::optional<std::int64_t> count_of(const Tree& object, std::string_view key) {
  const Tree* value = object.find(key);
  if (is_null(value)) return std::nullopt;
  const std::string& text = of_kind(*value, Tree::Kind::number, key, "a number").text();
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || behind != end) refuse_message(std::string(key) + " must be a whole number");
  return count;
}

bool flag_of(const Tree& object, std::string_view key, bool missing) {
  const Tree* value = object.find(key);
  return is_null(value) ? missing : of_kind(*value, Tree::Kind::boolean, key, "true or false").text() == "true";
}

/// A number of breaks; before there was one it was said whether there had been any.
int resumed_of(const Tree& object) {
  const Tree* value = object.find("resumed");
  if (value && value->is(Tree::Kind::boolean)) return value->text() == "true" ? 1 : 0;
  return static_cast<int>(count_of(object, "resumed").value_or(0));
}

const std::vector<Tree>& items_of(const Tree& object, std::string_view key) {
  static const std::vector<Tree> none;
  const Tree* value = object.find(key);
  return is_null(value) ? none : of_kind(*value, Tree::Kind::array, key, "a list").items();
}

Json json_of(const Tree& object, std::string_view key) {
  Json json;
  if (const Tree* value = object.find(key); !is_null(value)) value->write(json.text);
  return json;
}

Part part_of(const Tree& value) {
  if (value.is(Tree::Kind::string)) return text(value.text());
  const std::string type = of_kind(value, Tree::Kind::object, "a content part", "a text or an object").text_of("type");
  const Tree* shown = value.fields().size() == 2 ? value.find(type) : nullptr;
  if (shown && type == "text" && shown->is(Tree::Kind::string)) return text(shown->text());
  if (shown && (type == "image_url" || type == "video_url") && shown->fields().size() == 1 && shown->find("url"))
    return {.kind = type == "image_url" ? Part::Kind::image_url : Part::Kind::video_url,
            .value = shown->text_of("url")};
  Part raw{.kind = Part::Kind::raw};
  value.write(raw.value);
  return raw;
}

ToolCall call_of(const Tree& value, int place) {
  of_kind(value, Tree::Kind::object, "a tool call", "an object");
  const Tree* function = value.find("function");
  if (is_null(function)) refuse_message("a tool call has no \"function\"");
  return {.index = static_cast<int>(count_of(value, "index").value_or(place)),
          .id = text_of(value, "id").value_or(""),
          .name = text_of(*function, "name").value_or(""),
          .arguments = text_of(*function, "arguments").value_or(""),
          .type = text_of(value, "type").value_or("function"),
          .complete = flag_of(value, "complete", true)};
}

std::optional<Usage> usage_of(const Tree& object) {
  const Tree* value = object.find("usage");
  if (is_null(value)) return std::nullopt;
  of_kind(*value, Tree::Kind::object, "usage", "an object");
  return Usage{.prompt_tokens = count_of(*value, "prompt_tokens"),
               .completion_tokens = count_of(*value, "completion_tokens"),
               .total_tokens = count_of(*value, "total_tokens"),
               .cached_tokens = count_of(*value, "cached_tokens"),
               .reasoning_tokens = count_of(*value, "reasoning_tokens"),
               .cost = number_of(*value, "cost"),
               .cache_write_tokens = count_of(*value, "cache_write_tokens"),
               .cache_write_1h_tokens = count_of(*value, "cache_write_1h_tokens"),
               .cost_source = text_of(*value, "cost_source").value_or("")};
}

void read_content(const Tree& object, Message& message) {
  const Tree* content = object.find("content");
  if (is_null(content)) return;
  if (content->is(Tree::Kind::array))
    for (const Tree& part : content->items()) message.parts.push_back(part_of(part));
  else
    message.content = of_kind(*content, Tree::Kind::string, "content", "a text or a list").text();
}

void refuse_unknown_fields(const Tree& object) {
  constexpr std::array known = {"role",
                                "content",
                                "reasoning",
                                "reasoning_content",
                                "reasoning_details",
                                "signature",
                                "name",
                                "tool_calls",
                                "tool_call_id",
                                "finish_reason",
                                "usage",
                                "id",
                                "warnings",
                                "model",
                                "request_id",
                                "resumed",
                                "extra"};
  for (const auto& [key, value] : object.fields())
    if (!is_null(&value) && std::find(known.begin(), known.end(), key) == known.end())
      refuse_message("it has no field \"" + key + "\"; what is sent beside the fields stands in \"extra\"");
}

}  // namespace

Json to_json(const Message& message) {
  Tree whole = Tree::object();
  whole.set("role", Tree::string(message.role));
  whole.set("content", message.parts.empty() ? tree(message.content)
                                             : list_of(message.parts, [](const Part& part) { return tree(part); }));
  whole.set("reasoning", tree(message.reasoning));
  int place = 0;
  whole.set("tool_calls", list_of(message.tool_calls, [&](const ToolCall& call) { return tree(call, place++); }));
  whole.set("finish_reason", tree(message.finish_reason));
  whole.set("usage", message.usage ? tree(*message.usage) : Tree());
  whole.set("warnings", list_of(message.warnings, [](const Notice& notice) {
              Tree warning = Tree::object();
              warning.set("code", Tree::string(notice.code));
              warning.set("message", Tree::string(notice.message));
              return warning;
            }));
  whole.set("id", text_or_null(message.id));
  whole.set("model", text_or_null(message.model));
  whole.set("request_id", text_or_null(message.request_id));
  whole.set("resumed", Tree::number(std::to_string(message.resumed)));
  whole.set("reasoning_details", tree(message.reasoning_details, "reasoning_details"));
  whole.set("signature", text_or_null(message.signature));
  if (!message.tool_call_id.empty()) whole.set("tool_call_id", Tree::string(message.tool_call_id));
  if (!message.name.empty()) whole.set("name", Tree::string(message.name));
  if (!message.extra.empty()) whole.set("extra", tree(message.extra, "extra"));
  Json json;
  whole.write(json.text);
  return json;
}

Message message_from_json(const Json& json) {
  Tree whole;
  try {
    whole = Tree::parse(json.text);
  } catch (const json::Malformed& broken) {
    refuse_message(broken.what());
  }
  of_kind(whole, Tree::Kind::object, "it", "an object");
  refuse_unknown_fields(whole);
  Message message{.role = text_of(whole, "role").value_or("")};
  if (message.role.empty()) refuse_message("it has no role");
  read_content(whole, message);
  message.reasoning = text_of(whole, is_null(whole.find("reasoning")) ? "reasoning_content" : "reasoning");
  message.reasoning_details = json_of(whole, "reasoning_details");
  message.signature = text_of(whole, "signature").value_or("");
  for (const Tree& call : items_of(whole, "tool_calls"))
    message.tool_calls.push_back(call_of(call, static_cast<int>(message.tool_calls.size())));
  message.tool_call_id = text_of(whole, "tool_call_id").value_or("");
  message.name = text_of(whole, "name").value_or("");
  message.finish_reason = text_of(whole, "finish_reason");
  message.usage = usage_of(whole);
  for (const Tree& warning : items_of(whole, "warnings"))
    message.warnings.push_back({text_of(warning, "code").value_or(""), text_of(warning, "message").value_or("")});
  message.id = text_of(whole, "id").value_or("");
  message.model = text_of(whole, "model").value_or("");
  message.request_id = text_of(whole, "request_id").value_or("");
  message.resumed = resumed_of(whole);
  message.extra = json_of(whole, "extra");
  return message;
}

}  // namespace kimistream
