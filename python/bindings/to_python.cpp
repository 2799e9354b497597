#include "common.hpp"

namespace kimistream::python {
namespace {

/// None for "".
py::object text_or_none(const std::string& value) { return value.empty() ? py::none() : text(value); }

py::object optional_text(const std::optional<std::string>& value) { return value ? text(*value) : py::none(); }

template <class Number>
py::object optional_number(const std::optional<Number>& value) {
  return value ? py::cast(*value) : py::none();
}

py::object from_notice(const Notice& notice) { return registry().notice(text(notice.code), text(notice.message)); }

py::object from_tool_call(const ToolCall& call) {
  return registry().tool_call(py::object(py::int_(call.index)), text(call.id), text(call.name), text(call.arguments),
                              text(call.type), py::object(py::bool_(call.complete)));
}

py::object from_usage_value(const Usage& usage) {
  py::object made = registry().usage(optional_number(usage.prompt_tokens), optional_number(usage.completion_tokens),
                                     optional_number(usage.total_tokens), optional_number(usage.cached_tokens),
                                     optional_number(usage.reasoning_tokens), optional_number(usage.cost),
                                     optional_number(usage.cache_write_tokens),
                                     optional_number(usage.cache_write_1h_tokens), text_or_none(usage.cost_source));
  static PyObject* const currency = PyUnicode_InternFromString("_currency");
  if (!usage.currency.empty() && PyObject_SetAttr(made.ptr(), currency, text(usage.currency).ptr()) != 0)
    throw py::error_already_set();
  return made;
}

}  // namespace

py::object from_usage(const std::optional<Usage>& usage) { return usage ? from_usage_value(*usage) : py::none(); }

py::object from_headers(const Headers& headers) {
  py::list fields;
  for (const auto& [name, value] : headers) fields.append(py::make_tuple(text(name), text(value)));
  return py::handle(registry().headers)(fields);
}

py::object from_message(const Message& message) {
  py::list calls, warnings;
  for (const ToolCall& call : message.tool_calls) calls.append(from_tool_call(call));
  for (const Notice& notice : message.warnings) warnings.append(from_notice(notice));
  return registry().message(
      text(message.role), optional_text(message.content), optional_text(message.reasoning), py::object(calls),
      optional_text(message.finish_reason), from_usage(message.usage), py::object(warnings), text_or_none(message.id),
      text_or_none(message.model), text_or_none(message.request_id), py::object(py::int_(message.resumed)),
      message.reasoning_details.empty() ? py::object(py::none()) : loads(message.reasoning_details.text),
      text_or_none(message.signature));
}

py::object from_completion(std::string_view body, const std::string& request_id) {
  py::object completion = loads_as(body, registry().completion);
  static PyObject* const name = PyUnicode_InternFromString("_request_id");
  if (!request_id.empty() && PyObject_SetAttr(completion.ptr(), name, text(request_id).ptr()) != 0)
    throw py::error_already_set();
  return completion;
}

/// The kinds of events that come seldom; those of each fragment are made in event_types.cpp.
py::object from_rare_event(const Event& event) {
  if (const auto* call = std::get_if<ToolCall>(&event)) return from_tool_call(*call);
  if (const auto* usage = std::get_if<Usage>(&event)) return from_usage_value(*usage);
  if (const auto* finish = std::get_if<Finish>(&event)) return registry().finish(text(finish->reason));
  if (const auto* restarted = std::get_if<Restarted>(&event))
    return registry().restarted(py::object(py::int_(restarted->attempt)), text(restarted->reason));
  return from_notice(std::get<Notice>(event));
}

}  // namespace kimistream::python
