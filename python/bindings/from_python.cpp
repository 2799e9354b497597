// Python's dicts, lists and objects as the core's typed values. Types are checked here, meaning in the core.
#include <cmath>
#include <limits>

#include "common.hpp"

namespace kimistream::python {
namespace {

[[noreturn]] void refuse(std::string message) { throw Exception(invalid_request(std::move(message))); }

std::string type_name(py::handle object) { return Py_TYPE(object.ptr())->tp_name; }

/// A message, tool call or part as a dict: it is one, or it knows how to become one.
py::dict as_dict(py::handle object, const char* what) {
  if (PyDict_Check(object.ptr())) return py::reinterpret_borrow<py::dict>(object);
  if (py::hasattr(object, "_to_wire")) return py::dict(object.attr("_to_wire")());
  if (py::hasattr(object, "model_dump")) return py::dict(object.attr("model_dump")());
  throw py::type_error(std::string(what) + " must be a dict or a Message, not " + type_name(object));
}

/// An Image or Video of the package.
std::optional<Part> to_media(py::handle object) {
  if (PyDict_Check(object.ptr()) || PyUnicode_Check(object.ptr()) || !py::hasattr(object, "_to_part"))
    return std::nullopt;
  return object.attr("_to_part")().cast<Part>();
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
    auto medium = to_media(value);
    if (medium && medium->kind != kind) refuse("an Image belongs into image_url, a Video into video_url");
    if (medium) return medium;
  }
  return std::nullopt;
}

Part to_part(py::handle object) {
  if (PyUnicode_Check(object.ptr())) return {Part::Kind::text, from_str(object, "a content part")};
  if (auto medium = to_media(object)) return std::move(*medium);
  const py::dict part = as_dict(object, "a content part");
  if (auto medium = to_media_part(part)) return std::move(*medium);
  return {Part::Kind::raw, dumps(part)};
}

ToolCall to_tool_call(py::handle object) {
  const py::dict call = as_dict(object, "a tool call");
  ToolCall result;
  if (call.contains("id") && !call["id"].is_none()) result.id = from_str(call["id"], "the id of a tool call");
  if (call.contains("type") && !call["type"].is_none()) result.type = from_str(call["type"], "the type of a tool call");
  if (!call.contains("function") || call["function"].is_none())
    refuse("a tool call in the messages has no \"function\"");
  const py::dict function = as_dict(call["function"], "the function of a tool call");
  if (function.contains("name") && !function["name"].is_none())
    result.name = from_str(function["name"], "the name of a function");
  if (function.contains("arguments") && !function["arguments"].is_none()) {
    const py::object arguments = function["arguments"];
    result.arguments = PyUnicode_Check(arguments.ptr()) ? from_str(arguments, "arguments") : dumps(arguments);
  }
  return result;
}

Message to_message(py::handle object, std::size_t position) {
  const std::string where = "message " + std::to_string(position);
  const py::dict given = as_dict(object, where.c_str());
  Message message;
  if (!given.contains("role")) refuse(where + " has no role: use system, user, assistant or tool");
  message.role = from_str(given["role"], "the role of a message");
  py::dict extra;
  for (const auto& [key, value] : given) {
    const std::string name = from_str(key, "a message's key");
    if (name == "role" || value.is_none()) continue;
    if (name == "content") {
      if (PyUnicode_Check(value.ptr()))
        message.content = from_str(value, "content");
      else if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr()))
        for (const auto part : py::reinterpret_borrow<py::sequence>(value)) message.parts.push_back(to_part(part));
      else
        throw py::type_error("the content of " + where + " must be a str or a list of parts, not " + type_name(value));
    } else if (name == "tool_calls") {
      for (const auto call : py::reinterpret_borrow<py::object>(value))
        message.tool_calls.push_back(to_tool_call(call));
    } else if (name == "reasoning_content" || (name == "reasoning" && PyUnicode_Check(value.ptr()))) {
      if (!message.reasoning || message.reasoning->empty()) message.reasoning = from_str(value, "reasoning_content");
    } else if (name == "reasoning_details") {
      message.reasoning_details.text = dumps(value);
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
  if (!extra.empty()) message.extra.text = dumps(extra);
  return message;
}

bool looks_like_message(py::handle item) {
  if (PyDict_Check(item.ptr())) return py::reinterpret_borrow<py::dict>(item).contains("role");
  return !PyUnicode_Check(item.ptr()) && py::hasattr(item, "role");
}

/// A prompt: a text, a list of parts, or a list of messages.
std::vector<Message> to_messages(py::handle prompt) {
  std::vector<Message> messages;
  if (PyUnicode_Check(prompt.ptr())) {
    messages.push_back(user(from_str(prompt, "the prompt")));
    return messages;
  }
  if (!PyList_Check(prompt.ptr()) && !PyTuple_Check(prompt.ptr())) {
    if (looks_like_message(prompt))
      throw py::type_error("messages must be a list of messages, not a single " + type_name(prompt) +
                           ": put it into [ ]");
    throw py::type_error("the prompt must be a str, a list of parts or a list of messages, not " + type_name(prompt));
  }
  const auto items = py::reinterpret_borrow<py::sequence>(prompt);
  if (items.size() == 0) return messages;
  const py::object first = items[0];
  const bool one_of_parts = !looks_like_message(first) && (PyUnicode_Check(first.ptr()) || !PyDict_Check(first.ptr()) ||
                                                           py::reinterpret_borrow<py::dict>(first).contains("type"));
  if (one_of_parts) {
    Message message;
    for (const auto item : items) message.parts.push_back(to_part(item));
    messages.push_back(std::move(message));
    return messages;
  }
  std::size_t position = 0;
  for (const auto item : items) messages.push_back(to_message(item, position++));
  return messages;
}

ThinkingMode to_thinking(py::handle value) {
  if (value.is_none()) return ThinkingMode::unset;
  if (PyBool_Check(value.ptr())) return {value.ptr() == Py_True};
  if (PyUnicode_Check(value.ptr()) && from_str(value, "thinking") == "keep") return ThinkingMode::keep;
  if (PyUnicode_Check(value.ptr())) refuse("thinking must be True, False, \"keep\" or None");
  throw py::type_error("thinking must be True, False, \"keep\" or None, not " + type_name(value));
}

/// One of a few words; None: the first of them.
template <class Value>
Value to_choice(py::handle value, const char* what, std::initializer_list<std::pair<const char*, Value>> choices) {
  if (value.is_none()) return choices.begin()->second;
  const std::string word = from_str(value, what);
  std::string allowed;
  for (const auto& [name, meaning] : choices) {
    if (word == name) return meaning;
    allowed += (allowed.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  }
  refuse(std::string(what) + "=\"" + word + "\" is unknown: use one of " + allowed);
}

}  // namespace

std::int64_t to_count(py::handle value, const char* what) {
  if (!PyLong_Check(value.ptr()) || PyBool_Check(value.ptr()))
    throw py::type_error(std::string(what) + " must be an int, not " + type_name(value));
  int overflow = 0;
  const long long count = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow > 0) return std::numeric_limits<std::int64_t>::max();
  if (overflow < 0 || count < 0) refuse(std::string(what) + " cannot be negative");
  return count;
}

std::optional<std::chrono::milliseconds> to_milliseconds(py::handle seconds, const char* what) {
  if (seconds.is_none()) return std::nullopt;
  if (PyBool_Check(seconds.ptr()) || (!PyFloat_Check(seconds.ptr()) && !PyLong_Check(seconds.ptr())))
    throw py::type_error(std::string(what) + " must be a number of seconds, not " + type_name(seconds));
  const double value = seconds.cast<double>();
  if (!(value > 0)) refuse(std::string(what) + " must be more than 0 seconds; None stands for the default");
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(std::min(value, 1e9) * 1000)));
}

Headers to_headers(py::handle mapping, const char* what) {
  Headers headers;
  if (mapping.is_none()) return headers;
  if (!py::hasattr(mapping, "items")) throw py::type_error(std::string(what) + " must be a mapping of names to texts");
  for (const auto item : mapping.attr("items")()) {
    const auto pair = py::reinterpret_borrow<py::sequence>(item);
    headers.add(from_str(py::object(pair[0]), "a header's name"), from_str(py::object(pair[1]), "a header's value"));
  }
  return headers;
}

Request to_request(const py::tuple& arguments) {
  if (arguments.size() != 15) throw py::type_error("a request has 15 arguments");
  std::size_t place = 0;
  const auto next = [&] { return py::handle(PyTuple_GET_ITEM(arguments.ptr(), place++)); };
  const auto text = [](py::handle value, const char* what, std::string& into) {
    if (!value.is_none()) into = from_str(value, what);
  };
  const auto object = [](py::handle value, const char* what, Json& into) {
    if (value.is_none()) return;
    if (!PyDict_Check(value.ptr()))
      throw py::type_error(std::string(what) + " must be a dict, not " + type_name(value));
    if (PyDict_Size(value.ptr()) > 0) into.text = dumps(value);
  };
  py::dict more;  // what has a name of its own, and is given in the API's own form
  Request request;
  request.messages = to_messages(next());
  text(next(), "model", request.model);
  text(next(), "system", request.system);
  if (const py::handle thinking = next(); PyDict_Check(thinking.ptr()))
    more["thinking"] = thinking;
  else
    request.thinking = to_thinking(thinking);
  const py::handle tools = next(), tool_choice = next();
  if (!tools.is_none())
    for (const auto tool : tools) request.tools.push_back({.raw = {dumps(as_dict(tool, "a tool"))}});
  const bool no_tools = !tools.is_none() && request.tools.empty();
  if (!tool_choice.is_none() && !no_tools) {  // an empty list is left out, and a choice among none with it
    if (!tools.is_none() && PyUnicode_Check(tool_choice.ptr()))
      request.tool_choice = from_str(tool_choice, "tool_choice");
    else
      more["tool_choice"] = tool_choice;
  }
  if (const py::handle most = next(); !most.is_none()) request.max_tokens = to_count(most, "max_tokens");
  request.timeout = to_milliseconds(next(), "timeout");
  if (const py::handle on_break = next(); !on_break.is_none() && from_str(on_break, "on_break") != "raise")
    refuse("on_break takes only \"raise\" in this version: catch IncompleteStreamError and go on from its .partial");
  request.check = to_choice<Check>(
      next(), "check", {{"warn", Check::warn}, {"fix", Check::fix}, {"error", Check::error}, {"off", Check::off}});
  text(next(), "prefill", request.prefill);
  if (const py::handle on_upload = next(); !on_upload.is_none()) request.on_upload = to_progress(on_upload);
  object(next(), "extra_body", request.extra_body);
  request.extra_headers = to_headers(next(), "extra_headers");
  py::object fields = py::reinterpret_borrow<py::object>(next());
  if (!more.empty()) {
    fields = py::reinterpret_steal<py::object>(PyDict_Copy(fields.ptr()));
    if (!fields || PyDict_Update(fields.ptr(), more.ptr()) != 0) throw py::error_already_set();
  }
  object(fields, "fields", request.fields);
  return request;
}

ResourceRequest to_resource(const py::object& path, const py::object& method, const py::object& body,
                            const py::object& timeout) {
  ResourceRequest request{.path = from_str(path, "path"), .method = from_str(method, "method")};
  if (!body.is_none()) {
    request.body = std::make_shared<Body>();
    request.body->segments.push_back({.text = from_str(body, "body")});
  }
  request.timeout = to_milliseconds(timeout, "timeout");
  return request;
}

}  // namespace kimistream::python
