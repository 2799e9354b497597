// The arguments of a request as the core's typed values. Types are checked here, meaning in the core.
#include <algorithm>
#include <limits>

#include "reading.hpp"

namespace kimistream::python {
namespace {

ThinkingMode to_thinking(py::handle value) {
  if (value.is_none()) return ThinkingMode::unset;
  if (const py::object truth = plain_number(value); truth && PyBool_Check(truth.ptr())) return {truth.ptr() == Py_True};
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

/// What a request says of streaming is for the method to say: nothing, or the same.
void check_stream(const py::object& said, bool streams) {
  const int wanted = PyObject_IsTrue(said.ptr());
  if (wanted < 0) throw py::error_already_set();
  if ((wanted != 0) == streams) return;
  refuse(streams ? "stream=False: stream() gives an answer in pieces; complete() gives it whole"
                 : "stream=True: complete() gives a whole answer; stream() gives it in pieces as they come, and "
                   "chat.completions.create(stream=True) does so in the OpenAI shape");
}

/// The fields as JSON. @param more what has a name of its own, and is given in the API's own form
Json to_fields(const py::dict& given, const py::dict& more, std::optional<bool> streams, Met& met) {
  if (given.empty() && more.empty()) return {};
  check_types(given);
  const bool says_stream = streams && given.contains("stream");
  if (more.empty() && !says_stream) return {dumps(given, nullptr, met)};
  py::dict fields = steal(PyDict_Copy(given.ptr()));
  if (PyDict_Update(fields.ptr(), more.ptr()) != 0) throw py::error_already_set();
  if (says_stream) {
    check_stream(fields["stream"], *streams);
    if (PyDict_DelItemString(fields.ptr(), "stream") != 0) throw py::error_already_set();
  }
  return fields.empty() ? Json() : Json{dumps(fields, nullptr, met)};
}

/// Tells what was met while the arguments were read.
void tell(Request& request, Met met) {
  if (met.halves)
    met.notices.push_back(
        {"lone_surrogate",
         "a text of the request holds half of a surrogate pair, which UTF-8 cannot say: it is sent as "
         "U+FFFD. Such halves are left when a text is cut within an emoji, or decoded with "
         "errors=\"surrogateescape\""});
  request.notices = std::move(met.notices);
}

}  // namespace

void refuse(std::string message) { throw Exception(invalid_request(std::move(message))); }

std::string type_name(py::handle object) { return Py_TYPE(object.ptr())->tp_name; }

std::string described(py::handle object) {
  if (PyType_Check(object.ptr()))
    return "the class " + std::string(reinterpret_cast<PyTypeObject*>(object.ptr())->tp_name);
  if (PyFunction_Check(object.ptr())) return "the function " + from_str(object.attr("__name__"), "its name");
  return type_name(object);
}

std::int64_t to_count(py::handle value, const char* what, std::int64_t least) {
  const py::object number = plain_number(value);
  if (!number || !PyLong_Check(number.ptr()) || PyBool_Check(number.ptr()))
    throw py::type_error(std::string(what) + " must be an int, not " + type_name(value));
  int overflow = 0;
  const long long count = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow > 0) return std::numeric_limits<std::int64_t>::max();
  if (overflow < 0 || count < least)
    refuse(std::string(what) + (least == 0 ? " cannot be negative" : " must be at least " + std::to_string(least)));
  return count;
}

std::optional<OnBreak> to_on_break(py::handle word) {
  if (word.is_none()) return std::nullopt;
  return to_choice<OnBreak>(
      word, "on_break", {{"raise", OnBreak::raise}, {"restart", OnBreak::restart}, {"continue", OnBreak::continue_}});
}

std::optional<int> to_times(py::handle value, const char* what) {
  if (value.is_none()) return std::nullopt;
  if (const py::object number = plain_number(value); number && PyFloat_Check(number.ptr()))
    refuse(std::string(what) + " must be a whole number");
  return static_cast<int>(std::min<std::int64_t>(to_count(value, what), 1'000'000));
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

namespace {

std::string to_query_value(py::handle value, const std::string& name) {
  if (PyUnicode_Check(value.ptr())) return from_str(value, "a value of extra_query");
  const py::object number = plain_number(value);
  if (!number)
    throw py::type_error("extra_query[\"" + name + "\"] must be a text or a number, not " + type_name(value));
  if (PyBool_Check(number.ptr())) return number.ptr() == Py_True ? "true" : "false";
  return from_str(py::str(number), "a value of extra_query");
}

/// A mapping of names to values or to lists of them, which are written one by one; None is left out.
std::vector<std::pair<std::string, std::string>> to_query(py::handle mapping) {
  std::vector<std::pair<std::string, std::string>> query;
  if (mapping.is_none()) return query;
  if (!py::hasattr(mapping, "items"))
    throw py::type_error("extra_query must be a mapping of names to texts, not " + type_name(mapping));
  for (const auto item : mapping.attr("items")()) {
    const auto pair = py::reinterpret_borrow<py::sequence>(item);
    const std::string name = from_str(py::object(pair[0]), "a name of extra_query");
    const py::object value = pair[1];
    if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr()))
      for (const auto each : py::reinterpret_borrow<py::sequence>(value))
        query.emplace_back(name, to_query_value(each, name));
    else if (!value.is_none())
      query.emplace_back(name, to_query_value(value, name));
  }
  return query;
}

/// An empty list of tools is left out, and a choice among none with it; but who forces a call wants the server to see
/// both, and its refusal counts.
bool forces_a_call(py::handle tool_choice) {
  if (tool_choice.is_none()) return false;
  if (!PyUnicode_Check(tool_choice.ptr())) return true;
  const std::string choice = from_str(tool_choice, "tool_choice");
  return choice != "auto" && choice != "none";
}

}  // namespace

Request to_request(const py::tuple& arguments, std::optional<bool> streams, Resent* resent) {
  if (arguments.size() != 18) throw py::type_error("a request has 18 arguments");
  std::size_t place = 0;
  const auto next = [&] { return py::handle(PyTuple_GET_ITEM(arguments.ptr(), place++)); };
  Met met;
  const auto text = [&](py::handle value, const char* what, std::string& into) {
    if (!value.is_none()) into = from_str(value, what, met);
  };
  py::dict more;  // what has a name of its own, and is given in the API's own form
  Request request;
  request.messages = to_messages(next(), met, resent);
  text(next(), "model", request.model);
  text(next(), "system", request.system);
  if (const py::handle thinking = next(); PyDict_Check(thinking.ptr()))
    more["thinking"] = thinking;
  else
    request.thinking = to_thinking(thinking);
  const py::handle tools = next(), tool_choice = next();
  if (!tools.is_none()) request.tools = to_tools(tools, met);
  const bool no_tools = !tools.is_none() && request.tools.empty();
  if (no_tools && forces_a_call(tool_choice)) {
    more["tools"] = py::list();
    more["tool_choice"] = tool_choice;
  } else if (!tool_choice.is_none() && !no_tools) {
    if (!tools.is_none() && PyUnicode_Check(tool_choice.ptr()))
      request.tool_choice = from_str(tool_choice, "tool_choice");
    else
      more["tool_choice"] = tool_choice;
  }
  if (const py::handle most = next(); !most.is_none()) request.max_tokens = to_count(most, "max_tokens", 1);
  request.timeout = to_timeout(next());
  request.on_break = to_on_break(next());
  request.max_breaks = to_times(next(), "max_breaks");
  request.continue_on_length = to_times(next(), "continue_on_length");
  request.check = to_choice<Check>(
      next(), "check", {{"warn", Check::warn}, {"fix", Check::fix}, {"error", Check::error}, {"off", Check::off}});
  text(next(), "prefill", request.prefill);
  if (const py::handle on_upload = next(); !on_upload.is_none()) request.on_upload = to_progress(on_upload);
  if (const py::handle extra_body = next(); !extra_body.is_none()) {
    if (!PyDict_Check(extra_body.ptr()))
      throw py::type_error("extra_body must be a dict, not " + type_name(extra_body));
    const Place name{.name = "extra_body"};
    if (PyDict_Size(extra_body.ptr()) > 0) request.extra_body.text = dumps(extra_body, &name, met);
  }
  request.extra_headers = to_headers(next(), "extra_headers");
  request.extra_query = to_query(next());
  request.fields = to_fields(py::reinterpret_borrow<py::dict>(next()), more, streams, met);
  if (met.halves || !met.notices.empty()) tell(request, std::move(met));
  return request;
}

ResourceRequest to_resource(const py::object& path, const py::object& method, const py::object& body,
                            const py::object& timeout) {
  ResourceRequest request{.path = from_str(path, "path"), .method = from_str(method, "method")};
  if (!body.is_none()) {
    request.body = std::make_shared<Body>();
    request.body->segments.push_back({.text = from_str(body, "body")});
  }
  request.creates = request.method == "POST";  // a batch that is made twice is paid for twice
  request.timeout = to_timeout(timeout);
  return request;
}

}  // namespace kimistream::python
