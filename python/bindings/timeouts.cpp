// Timeouts as callers give them: a number, a kimistream.Timeout, an httpx.Timeout.
#include <array>
#include <limits>

#include "reading.hpp"

namespace kimistream::python {
namespace {

using std::chrono::milliseconds;

/// Where the object has it; null where it has not.
py::object attribute(py::handle object, const char* name) {
  PyObject* const value = PyObject_GetAttrString(object.ptr(), name);
  if (value) return py::reinterpret_steal<py::object>(value);
  if (!PyErr_ExceptionMatches(PyExc_AttributeError)) throw py::error_already_set();
  PyErr_Clear();
  return {};
}

std::optional<milliseconds> to_clock(py::handle value, const char* what) {
  const auto seconds = to_seconds(value, what);
  if (!seconds) return std::nullopt;
  return TimeoutOption::rounded(std::chrono::duration<double>(*seconds));
}

/// What is None in httpx has no limit.
std::optional<milliseconds> to_httpx_clock(py::handle value, const char* what) {
  return value.is_none() ? Timeout::never : to_clock(value, what);
}

}  // namespace

std::optional<double> to_seconds(py::handle value, const char* what) {
  if (value.is_none()) return std::nullopt;
  const py::object number = plain_number(value);
  if (!number || PyBool_Check(number.ptr()))
    throw py::type_error(std::string(what) + " must be a number of seconds, not " + type_name(value));
  const double seconds = PyFloat_AsDouble(number.ptr());
  if (seconds == -1.0 && PyErr_Occurred()) {  // an int that no float can hold
    PyErr_Clear();
    return PyObject_RichCompareBool(number.ptr(), py::int_(0).ptr(), Py_GT) == 1
               ? std::numeric_limits<double>::infinity()
               : to_seconds(py::int_(-1), what);
  }
  if (!(seconds > 0)) refuse(std::string(what) + " must be more than 0 seconds; None stands for the default");
  return seconds;
}

py::object from_clock(const std::optional<milliseconds>& clock) {
  if (!clock) return py::none();
  if (*clock == Timeout::never) return py::float_(std::numeric_limits<double>::infinity());
  return py::float_(std::chrono::duration<double>(*clock).count());
}

Timeout to_timeout(py::handle value) {
  if (value.is_none()) return {};
  if (plain_number(value)) {
    const auto each = to_clock(value, "timeout");
    return {.connect = each, .first_event = each, .idle = each};
  }
  const py::object connect = attribute(value, "connect");
  const py::object first_event = connect ? attribute(value, "first_event") : py::object();
  if (first_event)
    return {.connect = to_clock(connect, "timeout's connect"),
            .first_event = to_clock(first_event, "timeout's first_event"),
            .idle = to_clock(value.attr("idle"), "timeout's idle"),
            .total = to_clock(value.attr("total"), "timeout's total")};
  const py::object read = connect ? attribute(value, "read") : py::object();
  if (!read || PyCallable_Check(connect.ptr()) || PyCallable_Check(read.ptr()))
    throw py::type_error("timeout must be a number of seconds or a kimistream.Timeout, not " + type_name(value));
  const auto silence = to_httpx_clock(read, "timeout's read");
  return {.connect = to_httpx_clock(connect, "timeout's connect"), .first_event = silence, .idle = silence};
}

void register_timeouts(py::module_& module) {
  module.def(
      "seconds",
      [](const py::object& value, const std::string& what) -> py::object {
        const auto seconds = to_seconds(value, what.c_str());
        return seconds ? py::object(py::float_(*seconds)) : py::none();
      },
      py::arg("value"), py::arg("what"), "A number of seconds as a float, or None.");
  module.def(
      "clocks",
      [](const py::object& timeout) {
        const Timeout clocks = to_timeout(timeout);
        return py::make_tuple(from_clock(clocks.connect), from_clock(clocks.first_event), from_clock(clocks.idle),
                              from_clock(clocks.total));
      },
      py::arg("timeout"), "What a timeout says of connect, first event, idle and total.");
}

}  // namespace kimistream::python
