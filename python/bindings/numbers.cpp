// Numbers that are none of Python's own. Nothing is imported for them: they are known by what they can do.
#include <charconv>
#include <string_view>

#include "reading.hpp"

namespace kimistream::python {
namespace {

bool is_array(const PyTypeObject& type) {
  return (type.tp_as_sequence && type.tp_as_sequence->sq_length) ||
         (type.tp_as_mapping && type.tp_as_mapping->mp_length);
}

/// The last part of the type's name: "bool_" of "numpy.bool_".
std::string_view short_name(const PyTypeObject& type) {
  const std::string_view name = type.tp_name;
  return name.substr(name.rfind('.') + 1);
}

/// A float of single precision as the decimal that it was made of: 0.95, which is sent, and not 0.949999988079071.
double shortest(double value) {
  const auto single = static_cast<float>(value);
  if (static_cast<double>(single) != value) return value;
  char text[32];
  *std::to_chars(text, text + sizeof text - 1, single).ptr = '\0';
  return PyOS_string_to_double(text, nullptr, nullptr);
}

}  // namespace

py::object plain_number(py::handle object) {
  PyObject* raw = object.ptr();
  if (PyLong_Check(raw) || PyFloat_Check(raw)) return py::reinterpret_borrow<py::object>(object);
  const PyTypeObject& type = *Py_TYPE(raw);
  const PyNumberMethods* can = type.tp_as_number;
  // `item` tells a scalar of an array library from decimals and fractions, which would lose what they are for.
  if (!can || is_array(type) || !py::hasattr(object, "item")) return {};
  if (const auto name = short_name(type); name == "bool_" || name == "bool") {
    const int truth = PyObject_IsTrue(raw);
    if (truth < 0) throw py::error_already_set();
    return py::bool_(truth != 0);
  }
  if (can->nb_index)
    if (PyObject* whole = PyNumber_Index(raw)) return py::reinterpret_steal<py::object>(whole);
  PyErr_Clear();
  if (!can->nb_float) return {};
  const double value = PyFloat_AsDouble(raw);
  if (value == -1.0 && PyErr_Occurred()) {  // a date of numpy can be asked, and says no
    PyErr_Clear();
    return {};
  }
  return py::float_(shortest(value));
}

}  // namespace kimistream::python
