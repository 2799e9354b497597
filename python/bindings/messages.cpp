// Python's dicts, lists and objects as messages, parts and tools of the core. Types are checked here, meaning in the
// core.
#include <algorithm>
#include <array>
#include <optional>

#include "resent.hpp"

namespace kimistream::python {
namespace {

/// `as_dict`, with words for what it cannot be.
py::dict to_dict(py::handle object, const Place& place, const char* what) {
  if (py::object dict = as_dict(object)) return dict;
  throw py::type_error(path(&place) + ": " + what + " must be a dict, not " + type_name(object));
}

/// An Image or Video of the package.
std::optional<Part> to_media(py::handle object) {
  if (PyDict_Check(object.ptr()) || PyUnicode_Check(object.ptr()) || !py::hasattr(object, "_to_part"))
    return std::nullopt;
  return object.attr("_to_part")().cast<Part>();
}

/// The same, or a picture of another library, which the package's Image knows how to send.
std::optional<Part> to_medium(py::handle object) {
  if (auto medium = to_media(object)) return medium;
  if (object.is_none() || PyDict_Check(object.ptr()) || PyUnicode_Check(object.ptr())) return std::nullopt;
  const py::object image = py::reinterpret_borrow<py::object>(registry().picture)(object);
  return image.is_none() ? std::nullopt : to_media(image);
}

/// {"type": "image_url", "image_url": {"url": ...}} and nothing else in it, so that a long data URI needs not become
/// JSON twice; and the same with an Image in the address's place, or in that of the inner object.
std::optional<Part> to_media_part(const py::dict& part) {
  for (const auto& [name, kind] :
       {std::pair("image_url", Part::Kind::image_url), std::pair("video_url", Part::Kind::video_url)}) {
    if (!part.contains(name)) continue;
    py::object value = part[name];
    const bool plain = PyDict_Check(value.ptr());
    if (plain) {
      if (PyDict_Size(value.ptr()) != 1 || !value.contains("url")) continue;
      value = value["url"];
    }
    if (PyUnicode_Check(value.ptr())) {
      if (!plain || PyDict_Size(part.ptr()) != 2 || !part.contains("type")) continue;
      const py::object type = part["type"];
      if (!PyUnicode_Check(type.ptr()) || from_str(type, "type") != name) continue;
      return Part{.kind = kind, .value = from_str(value, "an address")};
    }
    auto medium = to_medium(value);
    if (medium && medium->kind != kind) refuse("an Image belongs into image_url, a Video into video_url");
    if (medium) return medium;
  }
  return std::nullopt;
}

Part to_text_part(std::string text, std::size_t message, Met& met) {
  note_path(text, message, met);
  return {Part::Kind::text, std::move(text)};
}

Part to_part(py::handle object, const Place& place, std::size_t message, Met& met) {
  if (PyUnicode_Check(object.ptr())) return to_text_part(from_str(object, "a content part", met), message, met);
  if (auto medium = to_media(object)) return std::move(*medium);
  const py::object found = as_dict(object);
  if (!found) {
    if (auto picture = to_medium(object)) return std::move(*picture);
    throw py::type_error(path(&place) + ": a content part is a text, a dict, an Image or a Video, not " +
                         type_name(object) +
                         "; a path or bytes of a picture go into Image(...), of a clip into "
                         "Video(...)");
  }
  const auto part = py::reinterpret_borrow<py::dict>(found);
  if (auto medium = to_media_part(part)) return std::move(*medium);
  return {Part::Kind::raw, dumps(part, &place, met)};
}

std::vector<Part> to_parts(const py::sequence& items, const Place& place, std::size_t message, Met& met) {
  std::vector<Part> parts;
  Place inner{.outer = &place};
  for (const auto item : items) {
    ++inner.index;
    parts.push_back(to_part(item, inner, message, met));
  }
  return parts;
}

ToolCall to_tool_call(py::handle object, const Place& place, Met& met) {
  const py::dict call = to_dict(object, place, "a tool call");
  ToolCall result;
  if (call.contains("id") && !call["id"].is_none()) result.id = from_str(call["id"], "the id of a tool call");
  if (call.contains("type") && !call["type"].is_none()) result.type = from_str(call["type"], "the type of a tool call");
  if (!call.contains("function") || call["function"].is_none())
    refuse("a tool call in the messages has no \"function\"");
  const py::dict function = to_dict(call["function"], place, "the function of a tool call");
  if (function.contains("name") && !function["name"].is_none())
    result.name = from_str(function["name"], "the name of a function");
  if (function.contains("arguments") && !function["arguments"].is_none()) {
    const py::object arguments = function["arguments"];
    result.arguments =
        PyUnicode_Check(arguments.ptr()) ? from_str(arguments, "arguments", met) : dumps(arguments, &place, met);
  }
  return result;
}

/// What a Message that was kept has beside what is sent (`Message.to_dict`): all of it is told by "finish_reason".
bool is_kept(std::string_view key) {
  constexpr std::array<std::string_view, 7> keys = {"finish_reason", "usage",      "warnings", "id",
                                                    "model",         "request_id", "resumed"};
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void read_content(py::handle content, const Place& place, std::size_t position, Message& message, Met& met) {
  if (PyUnicode_Check(content.ptr())) {
    message.content = from_str(content, "content", met);
    if (message.role == "user") note_path(*message.content, position, met);
  } else if (PyList_Check(content.ptr()) || PyTuple_Check(content.ptr())) {
    message.parts = to_parts(py::reinterpret_borrow<py::sequence>(content), place, position, met);
  } else if (auto medium = to_medium(content)) {
    message.parts.push_back(std::move(*medium));
  } else {
    throw py::type_error("the content of message " + std::to_string(position) +
                         " must be a str or a list of parts, not " + type_name(content));
  }
}

}  // namespace

Message to_message(py::handle object, const Place& place, Met& met) {
  const auto position = static_cast<std::size_t>(place.index);
  const std::string name_of_it = "message " + std::to_string(position);
  const py::object found = as_dict(object);
  if (!found) throw py::type_error(name_of_it + " must be a dict or a Message, not " + type_name(object));
  const auto given = py::reinterpret_borrow<py::dict>(found);
  Message message;
  if (!given.contains("role")) refuse(name_of_it + " has no role: use system, user, assistant or tool");
  message.role = from_str(given["role"], "the role of a message");
  const bool kept = given.contains("finish_reason");
  py::dict extra;
  for (const auto& [key, value] : given) {
    const std::string name = from_str(key, "a message's key");
    if (name == "role" || value.is_none() || (kept && is_kept(name))) continue;
    const Place inner{.outer = &place, .key = key};
    if (name == "content") {
      read_content(value, inner, position, message, met);
    } else if (name == "tool_calls") {
      Place each{.outer = &inner};
      for (const auto call : py::reinterpret_borrow<py::object>(value)) {
        ++each.index;
        message.tool_calls.push_back(to_tool_call(call, each, met));
      }
    } else if (name == "reasoning_content" || (name == "reasoning" && PyUnicode_Check(value.ptr()))) {
      if (!message.reasoning || message.reasoning->empty())
        message.reasoning = from_str(value, "reasoning_content", met);
    } else if (name == "reasoning_details") {
      message.reasoning_details.text = dumps(value, &inner, met);
    } else if (name == "signature") {
      message.signature = from_str(value, "signature");
    } else if (name == "tool_call_id") {
      message.tool_call_id = from_str(value, "tool_call_id");
    } else if (name == "name") {
      message.name = from_str(value, "the name of a message");
    } else {
      extra[key] = value;
    }
  }
  if (!extra.empty()) message.extra.text = dumps(extra, &place, met);
  return message;
}

namespace {

bool looks_like_message(py::handle item) {
  if (PyDict_Check(item.ptr())) return py::reinterpret_borrow<py::dict>(item).contains("role");
  return !PyUnicode_Check(item.ptr()) && py::hasattr(item, "role");
}

/// What is neither a text nor a list: one picture or clip stands for a list of it, anything else is a mistake.
std::vector<Part> to_only_part(py::handle prompt) {
  if (prompt.is_none()) throw py::type_error("a prompt is missing: a str, a list of parts or a list of messages");
  if (looks_like_message(prompt))
    throw py::type_error("messages must be a list of messages, not a single " + type_name(prompt) +
                         ": put it into [ ]");
  if (auto part = to_medium(prompt)) return {std::move(*part)};
  throw py::type_error("the prompt must be a str, a list of parts or a list of messages, not " + type_name(prompt));
}

bool are_parts(const py::sequence& items) {
  const py::object first = items[0];
  if (looks_like_message(first)) return false;
  return !PyDict_Check(first.ptr()) || py::reinterpret_borrow<py::dict>(first).contains("type");
}

}  // namespace

std::vector<Message> to_messages(py::handle prompt, Met& met, Resent* resent) {
  std::vector<Message> messages;
  const Place place{.name = "messages"};
  if (PyUnicode_Check(prompt.ptr())) {
    messages.push_back(user(from_str(prompt, "the prompt", met)));
    note_path(*messages.back().content, 0, met);
  } else if (!PyList_Check(prompt.ptr()) && !PyTuple_Check(prompt.ptr())) {
    messages.push_back(user(to_only_part(prompt)));
  } else if (const auto items = py::reinterpret_borrow<py::sequence>(prompt); items.size() == 0) {
    return messages;
  } else if (are_parts(items)) {
    messages.push_back(user(to_parts(items, {.name = "prompt"}, 0, met)));
  } else if (resent) {
    messages = resent->read(items, met);
  } else {
    Place inner{.outer = &place};
    for (const auto item : items) {
      ++inner.index;
      messages.push_back(to_message(item, inner, met));
    }
  }
  return messages;
}

py::object as_dict(py::handle object) {
  if (PyDict_Check(object.ptr())) return py::reinterpret_borrow<py::object>(object);
  if (PyType_Check(object.ptr())) return {};  // a class: its methods are not its own
  for (const char* way : {"_to_wire", "model_dump"})
    if (py::hasattr(object, way)) return py::dict(object.attr(way)());
  return {};
}

std::vector<Tool> to_tools(py::handle tools, Met& met) {
  const char* const form = "{\"type\": \"function\", \"function\": {\"name\": ..., \"parameters\": {...}}}";
  if (PyDict_Check(tools.ptr()))
    throw py::type_error("tools must be a list of tools, not a single dict: put it into [ ]");
  const bool is_one = PyCallable_Check(tools.ptr()) || py::hasattr(tools, "_to_wire");
  if (is_one || PyUnicode_Check(tools.ptr()) || !py::hasattr(tools, "__iter__"))
    throw py::type_error("tools must be a list of tools, not " + described(tools) +
                         (is_one ? ": put it into [ ]" : std::string("; a tool is a dict ") + form));
  std::vector<Tool> all;
  const Place place{.name = "tools"};
  Place inner{.outer = &place};
  for (const auto tool : tools) {
    ++inner.index;
    const py::object dict = as_dict(tool);
    if (!dict)
      throw py::type_error(
          path(&inner) + " must be a dict " + form + ", not " + described(tool) +
          (PyCallable_Check(tool.ptr()) ? ": write its JSON Schema, see examples/python/tools.py" : ""));
    all.push_back({.raw = {dumps(dict, &inner, met)}});
  }
  return all;
}

}  // namespace kimistream::python
