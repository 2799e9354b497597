#include <cmath>

#include "reading.hpp"

namespace kimistream::python {
namespace {

void write_string(std::string& out, std::string_view text) {
  constexpr std::string_view escaped = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    if (const std::size_t known = escaped.find(static_cast<char>(c)); known != std::string_view::npos) {
      (out += '\\') += letters[known];
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

/// Writes one object after the other, and knows where it stands when one cannot be written.
class Writer {
 public:
  explicit Writer(Met& met) : met_(met) {}

  void write(py::handle object, const Place* place, int depth = 0) {
    if (depth > json::max_depth) refuse("the object nests too deep to be sent (does it hold itself?)");
    PyObject* raw = object.ptr();
    if (object.is_none()) {
      out_ += "null";
    } else if (PyBool_Check(raw)) {
      out_ += raw == Py_True ? "true" : "false";
    } else if (PyUnicode_Check(raw)) {
      write_string(out_, from_str(object, "text", met_));
    } else if (PyLong_Check(raw)) {
      out_ += py::str(py::reinterpret_steal<py::object>(PyNumber_Long(raw))).cast<std::string>();
    } else if (PyFloat_Check(raw)) {
      if (!std::isfinite(PyFloat_AS_DOUBLE(raw))) refuse(where(place) + "JSON has no NaN and no infinity");
      out_ += py::str(py::repr(py::reinterpret_steal<py::object>(PyNumber_Float(raw)))).cast<std::string>();
    } else if (PyDict_Check(raw)) {
      write_dict(py::reinterpret_borrow<py::dict>(object), place, depth);
    } else if (PyList_Check(raw) || PyTuple_Check(raw)) {
      write_list(py::reinterpret_borrow<py::sequence>(object), place, depth);
    } else if (const py::object number = plain_number(object)) {
      write(number, place, depth + 1);
    } else if (const py::object dict = as_dict(object)) {
      write(dict, place, depth + 1);
    } else {
      throw py::type_error(where(place) +
                           (PyType_Check(raw) ? described(object) : "an object of type " + type_name(object)) +
                           " cannot be sent as JSON: use dicts, lists, texts, numbers, booleans and None");
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void write_dict(const py::dict& dict, const Place* place, int depth) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : dict) {
      if (!std::exchange(first, false)) out_ += ',';
      if (!PyUnicode_Check(key.ptr()))
        throw py::type_error(where(place) + "the key of a JSON object must be a str, not " + type_name(key));
      write_string(out_, from_str(key, "a key", met_));
      out_ += ':';
      const Place inner{.outer = place, .key = key};
      write(value, &inner, depth + 1);
    }
    out_ += '}';
  }

  void write_list(const py::sequence& list, const Place* place, int depth) {
    out_ += '[';
    Place inner{.outer = place};
    for (const auto item : list) {
      if (++inner.index > 0) out_ += ',';
      write(item, &inner, depth + 1);
    }
    out_ += ']';
  }

  Met& met_;
  std::string out_;
};

}  // namespace

py::object steal(PyObject* object) {
  if (!object) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

PyObject* to_str(std::string_view text) {
  return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

std::string from_str(py::handle text, const char* what) {
  Met met;
  return from_str(text, what, met);
}

std::string from_str(py::handle text, const char* what, Met& met) {
  if (!PyUnicode_Check(text.ptr()))
    throw py::type_error(std::string(what) + " must be a str, not " + Py_TYPE(text.ptr())->tp_name);
  Py_ssize_t size = 0;
  if (const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size)) return {data, static_cast<std::size_t>(size)};
  PyErr_Clear();  // half of a surrogate pair, which UTF-8 cannot say: keep the rest
  met.halves = true;
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

std::string path(const Place* place) {
  if (!place) return {};
  if (place->name) return place->name;
  const std::string outer = path(place->outer);
  if (place->index >= 0) return outer + "[" + std::to_string(place->index) + "]";
  return outer + (outer.empty() ? "" : ".") + from_str(py::str(place->key), "a key");
}

std::string where(const Place* place) {
  const std::string said = path(place);
  return said.empty() ? said : said + ": ";
}

std::string dumps(py::handle object, const Place* place, Met& met) {
  Writer writer(met);
  writer.write(object, place);
  return writer.take();
}

std::string dumps(py::handle object) {
  Met met;
  return dumps(object, nullptr, met);
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
