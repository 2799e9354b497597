// The fields of the API that have no argument of their own, as far as their types are the same everywhere: a wrong one
// is a mistake of the caller's that no server need be asked about.
#include <algorithm>
#include <array>

#include "reading.hpp"

namespace kimistream::python {
namespace {

bool is_number(py::handle value) {
  const py::object number = plain_number(value);
  return number && !PyBool_Check(number.ptr());
}

bool is_whole(py::handle value) {
  const py::object number = plain_number(value);
  return number && PyLong_Check(number.ptr()) && !PyBool_Check(number.ptr());
}

bool is_text(py::handle value) { return PyUnicode_Check(value.ptr()); }

bool is_object(py::handle value) {
  return PyDict_Check(value.ptr()) ||
         (!PyType_Check(value.ptr()) && (py::hasattr(value, "_to_wire") || py::hasattr(value, "model_dump")));
}

bool is_text_or_texts(py::handle value) {
  if (is_text(value)) return true;
  if (!PyList_Check(value.ptr()) && !PyTuple_Check(value.ptr())) return false;
  const auto items = py::reinterpret_borrow<py::sequence>(value);
  return std::all_of(items.begin(), items.end(), [](py::handle item) { return is_text(item); });
}

bool never(py::handle) { return false; }

struct FieldType {
  std::string_view name;
  bool (*fits)(py::handle);
  const char* demand;
};

constexpr const char* of_the_client = "is an argument of the client, Kimi(...), and none of a request";

constexpr std::array types = std::to_array<FieldType>({
    {"temperature", is_number, "must be a number"},
    {"top_p", is_number, "must be a number"},
    {"presence_penalty", is_number, "must be a number"},
    {"frequency_penalty", is_number, "must be a number"},
    {"n", is_whole, "must be an int"},
    {"seed", is_whole, "must be an int"},
    {"top_logprobs", is_whole, "must be an int"},
    {"max_completion_tokens", is_whole, "must be an int"},
    {"stop", is_text_or_texts, "must be a str or a list of str"},
    {"user", is_text, "must be a str"},
    {"prompt_cache_key", is_text, "must be a str"},
    {"safety_identifier", is_text, "must be a str"},
    {"response_format", is_object, "must be a dict such as {\"type\": \"json_object\"}"},
    {"stream_options", is_object, "must be a dict such as {\"include_usage\": True}"},
    {"api_key", never, of_the_client},
    {"base_url", never, of_the_client},
    {"default_headers", never, of_the_client},
});

std::string not_this(const FieldType& type, py::handle value) {
  if (type.fits == never) return "";
  std::string said = ", not " + described(value);
  if (type.name == "response_format" && PyType_Check(value.ptr())) {
    const std::string name = from_str(value.attr("__name__"), "its name");
    said += ": pass {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"" + name + "\", \"schema\": ";
    said += py::hasattr(value, "model_json_schema") ? name + ".model_json_schema()}}" : "its JSON Schema}}";
    said += ", or the class itself to chat.completions.parse(), or as schema= to complete()";
  }
  return said;
}

}  // namespace

void check_types(const py::dict& fields) {
  for (const auto& [key, value] : fields) {
    if (value.is_none() || !PyUnicode_Check(key.ptr())) continue;
    const std::string name = from_str(key, "the name of a field");
    const auto type =
        std::find_if(types.begin(), types.end(), [&](const FieldType& each) { return each.name == name; });
    if (type != types.end() && !type->fits(value))
      throw py::type_error(name + " " + type->demand + not_this(*type, value));
  }
}

}  // namespace kimistream::python
