#include <cmath>

#include "common.hpp"

namespace kimistream::python {
namespace {

void write_string(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    if (c == '"' || c == '\\') {
      (out += '\\') += static_cast<char>(c);
    } else {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    }
    plain = i + 1;
  }
  out.append(text.substr(plain));
  out += '"';
}

void write(std::string& out, py::handle object, int depth) {
  if (depth > json::max_depth) throw py::value_error("the object nests too deep to be sent (does it hold itself?)");
  PyObject* raw = object.ptr();
  if (object.is_none()) {
    out += "null";
  } else if (PyBool_Check(raw)) {
    out += raw == Py_True ? "true" : "false";
  } else if (PyUnicode_Check(raw)) {
    write_string(out, from_str(object, "text"));
  } else if (PyLong_Check(raw)) {
    out += py::str(py::reinterpret_steal<py::object>(PyNumber_Long(raw))).cast<std::string>();
  } else if (PyFloat_Check(raw)) {
    if (!std::isfinite(PyFloat_AS_DOUBLE(raw))) throw py::value_error("JSON has no NaN and no infinity");
    out += py::str(py::repr(py::reinterpret_steal<py::object>(PyNumber_Float(raw)))).cast<std::string>();
  } else if (PyDict_Check(raw)) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) {
      if (!std::exchange(first, false)) out += ',';
      write_string(out, from_str(key, "the key of a JSON object"));
      out += ':';
      write(out, value, depth + 1);
    }
    out += '}';
  } else if (PyList_Check(raw) || PyTuple_Check(raw)) {
    out += '[';
    bool first = true;
    for (const auto item : py::reinterpret_borrow<py::sequence>(object)) {
      if (!std::exchange(first, false)) out += ',';
      write(out, item, depth + 1);
    }
    out += ']';
  } else if (py::hasattr(object, "_to_wire")) {
    write(out, object.attr("_to_wire")(), depth + 1);
  } else if (py::hasattr(object, "model_dump")) {
    write(out, object.attr("model_dump")(), depth + 1);
  } else {
    throw py::type_error("an object of type " + std::string(Py_TYPE(raw)->tp_name) +
                         " cannot be sent as JSON: use dicts, lists, texts, numbers, booleans and None");
  }
}

}  // namespace

py::object steal(PyObject* object) {
  if (!object) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

PyObject* to_str(std::string_view text) {
  return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

std::string from_str(py::handle text, const char* what) {
  if (!PyUnicode_Check(text.ptr()))
    throw py::type_error(std::string(what) + " must be a str, not " + Py_TYPE(text.ptr())->tp_name);
  Py_ssize_t size = 0;
  if (const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size)) return {data, static_cast<std::size_t>(size)};
  PyErr_Clear();  // half of a surrogate pair, which UTF-8 cannot say: keep the rest
  const auto bytes =
      py::reinterpret_steal<py::object>(PyUnicode_AsEncodedString(text.ptr(), "utf-16-le", "surrogatepass"));
  if (!bytes) throw py::error_already_set();
  const auto clean = py::reinterpret_steal<py::object>(
      PyUnicode_Decode(PyBytes_AS_STRING(bytes.ptr()), PyBytes_GET_SIZE(bytes.ptr()), "utf-16-le", "replace"));
  if (!clean) throw py::error_already_set();
  const char* data = PyUnicode_AsUTF8AndSize(clean.ptr(), &size);
  if (!data) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

std::string dumps(py::handle object) {
  std::string out;
  write(out, object, 0);
  return out;
}

void register_json(py::module_& module) {
  module.def(
      "loads", [](const py::str& text) { return loads(from_str(text, "JSON text")); }, py::arg("text"),
      "JSON text as Python objects. Raises ValueError when it is not JSON.");
  module.def(
      "dumps", [](const py::object& object) { return py::reinterpret_steal<py::object>(to_str(dumps(object))); },
      py::arg("object"), "A Python object as compact JSON text.");
}

}  // namespace kimistream::python
