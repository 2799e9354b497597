// Instances of the package's small value classes (_message.py: Message, Usage, ...), made without calling them: an
// `__init__` of a dozen arguments costs as much as decoding the answer did.
#include "common.hpp"  // Python.h must come first

#include <structmember.h>

namespace kimistream::python {

ValueClass::ValueClass(py::object given) : class_(std::move(given)) {
  for (const auto name : class_.attr("_fields")) {
    const py::object slot = class_.attr("__dict__")[name];
    if (Py_TYPE(slot.ptr()) != &PyMemberDescr_Type) throw py::type_error("a field of a value class is no slot");
    offsets_.push_back(reinterpret_cast<PyMemberDescrObject*>(slot.ptr())->d_member->offset);
  }
}

py::object ValueClass::make(std::span<py::object> values) const {
  auto* type = reinterpret_cast<PyTypeObject*>(class_.ptr());
  if (values.size() != offsets_.size()) throw py::type_error("a value has another number of fields than its class");
  py::object made = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
  if (!made) throw py::error_already_set();
  auto* memory = reinterpret_cast<char*>(made.ptr());
  for (std::size_t i = 0; i < values.size(); ++i)
    *reinterpret_cast<PyObject**>(memory + offsets_[i]) = values[i].release().ptr();
  return made;
}

}  // namespace kimistream::python
