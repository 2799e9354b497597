#include "waiter.hpp"

#include <cstddef>
#include <utility>

#include <structmember.h>

namespace kimistream::python {

namespace py = pybind11;

namespace {

enum class State { pending, done, cancelled };

struct Waiter {
  PyObject_HEAD PyObject* loop;
  PyObject* callback;  // the task's; null before it waits, and after it was called
  PyObject* context;   // in which it is called
  PyObject* message;   // of a cancellation, or null
  PyObject* get_loop;  // bound to the loop; null until it is asked for
  char blocking;       // as asyncio has it: true until the task has taken it
  State state;
};

PyTypeObject* type = nullptr;
PyTypeObject* task_type = nullptr;  // of asyncio's own tasks, known with `taken_as_read`
PyObject* taken_as_read = nullptr;
PyObject *name_call_soon = nullptr, *names_context = nullptr, *name_blocking = nullptr, *name_get_loop = nullptr;

Waiter& at(PyObject* object) { return *reinterpret_cast<Waiter*>(object); }

/// Has the loop call it. Takes both references. @return false on error
bool schedule(PyObject* object, PyObject* callback, PyObject* context) {
  PyObject* arguments[] = {at(object).loop, callback, object, context};
  PyObject* handle = PyObject_VectorcallMethod(name_call_soon, arguments, 3, names_context);
  Py_DECREF(callback);
  Py_DECREF(context);
  Py_XDECREF(handle);
  return handle != nullptr;
}

bool end(PyObject* object, State state) {
  Waiter& self = at(object);
  if (self.state != State::pending) return true;
  self.state = state;
  PyObject* callback = std::exchange(self.callback, nullptr);
  return !callback || schedule(object, callback, std::exchange(self.context, nullptr));
}

/// Makes a future of asyncio's own that is done, with None. A task that is woken with it takes that as read; a waiter
/// it would ask for its result, by name, which is a sixth of its waking. asyncio is there: a task waits.
void make_taken_as_read() {
  const py::error_scope kept;
  try {
    const auto asyncio = py::module_::import("_asyncio");
    const auto no_loop =
        py::module_::import("types").attr("SimpleNamespace")(py::arg("get_debug") = py::type::of(py::bool_()));
    const auto future = asyncio.attr("Future")(py::arg("loop") = no_loop);
    future.attr("set_result")(py::none());
    py::object task = asyncio.attr("Task");
    task_type = reinterpret_cast<PyTypeObject*>(task.release().ptr());
    taken_as_read = Py_NewRef(future.ptr());
  } catch (const py::error_already_set&) {
    taken_as_read = Py_NewRef(Py_None);  // asyncio has no tasks in C
  }
}

/// What a task of asyncio's own gives to be called when it is to go on.
bool is_wakeup(PyObject* callback) {
  if (!PyCFunction_CheckExact(callback) || PyCFunction_GET_FLAGS(callback) != METH_O) return false;
  if (!taken_as_read) make_taken_as_read();
  PyObject* const self = PyCFunction_GET_SELF(callback);
  return task_type && self && PyObject_TypeCheck(self, task_type);
}

bool run(py::object waiter) {
  Waiter& self = at(waiter.ptr());
  if (self.state != State::pending) return true;
  self.state = State::done;
  if (!self.callback) return true;
  const auto callback = py::reinterpret_steal<py::object>(std::exchange(self.callback, nullptr));
  auto context = py::reinterpret_steal<py::object>(std::exchange(self.context, nullptr));
  if (PyContext_Enter(context.ptr()) < 0) {  // somebody is in it
    PyErr_Clear();
    return schedule(waiter.ptr(), callback.inc_ref().ptr(), context.release().ptr());
  }
  if (is_wakeup(callback.ptr())) waiter = py::reinterpret_borrow<py::object>(taken_as_read);
  PyObject* result = PyObject_CallOneArg(callback.ptr(), waiter.ptr());
  {
    const py::error_scope kept;
    (void)PyContext_Exit(context.ptr());
    context = {};
  }
  Py_XDECREF(result);
  return result != nullptr;
}

// ---- what a task asks
// ------------------------------------------------------------------------------------------------

PyObject* get_loop(PyObject* self, PyObject*) { return Py_NewRef(at(self).loop); }
PyObject* itself(PyObject* self, PyObject*) { return Py_NewRef(self); }
PyMethodDef loop_itself = {"get_loop", &itself, METH_NOARGS, nullptr};

// A task asks for these two by name at each wait, and sets one of them. Looked up as others are they are half of what a
// wait takes it.

PyObject* get_attribute(PyObject* self, PyObject* name) {
  if (name == name_blocking) return PyBool_FromLong(at(self).blocking);
  if (name != name_get_loop) return PyObject_GenericGetAttr(self, name);
  PyObject*& bound = at(self).get_loop;
  if (!bound) bound = PyCFunction_New(&loop_itself, at(self).loop);
  return Py_XNewRef(bound);
}

int set_attribute(PyObject* self, PyObject* name, PyObject* value) {
  if (name != name_blocking || (value != Py_True && value != Py_False))
    return PyObject_GenericSetAttr(self, name, value);
  at(self).blocking = value == Py_True;
  return 0;
}

PyObject* done(PyObject* self, PyObject*) { return PyBool_FromLong(at(self).state != State::pending); }
PyObject* cancelled(PyObject* self, PyObject*) { return PyBool_FromLong(at(self).state == State::cancelled); }

PyObject* result(PyObject* self, PyObject*) {
  if (at(self).state == State::done) Py_RETURN_NONE;
  if (at(self).state == State::pending) {
    PyErr_SetString(PyExc_RuntimeError, "a stream's waiter has no result yet");
    return nullptr;
  }
  PyObject* asyncio = PyImport_ImportModule("asyncio.exceptions");
  PyObject* cancelled_error = asyncio ? PyObject_GetAttrString(asyncio, "CancelledError") : nullptr;
  if (cancelled_error) PyErr_SetObject(cancelled_error, at(self).message);
  Py_XDECREF(cancelled_error);
  Py_XDECREF(asyncio);
  return nullptr;
}

PyObject* add_done_callback(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
  const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
  if (count != 1 || named > 1 ||
      (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "context") != 0)) {
    PyErr_SetString(PyExc_TypeError, "add_done_callback(callback, *, context=None)");
    return nullptr;
  }
  if (at(self).callback) {
    PyErr_SetString(PyExc_RuntimeError, "a stream's waiter is for one task");
    return nullptr;
  }
  PyObject* context = named && arguments[1] != Py_None ? Py_NewRef(arguments[1]) : PyContext_CopyCurrent();
  if (!context) return nullptr;
  PyObject* callback = Py_NewRef(arguments[0]);
  if (at(self).state != State::pending) {
    if (!schedule(self, callback, context)) return nullptr;
  } else {
    at(self).callback = callback;
    at(self).context = context;
  }
  Py_RETURN_NONE;
}

PyObject* cancel(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
  if (at(self).state != State::pending) Py_RETURN_FALSE;
  if (count + (names ? PyTuple_GET_SIZE(names) : 0) == 1 && arguments[0] != Py_None)
    at(self).message = Py_NewRef(arguments[0]);
  if (!end(self, State::cancelled)) return nullptr;
  Py_RETURN_TRUE;
}

// ---- the type
// --------------------------------------------------------------------------------------------------------

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(at(self).loop);
  Py_VISIT(at(self).callback);
  Py_VISIT(at(self).context);
  Py_VISIT(at(self).message);
  Py_VISIT(at(self).get_loop);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(at(self).callback);
  Py_CLEAR(at(self).context);
  Py_CLEAR(at(self).message);
  return 0;  // the loop stays: it may be asked for
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  (void)clear(self);
  Py_XDECREF(at(self).get_loop);
  Py_DECREF(at(self).loop);
  PyTypeObject* of = Py_TYPE(self);
  PyObject_GC_Del(self);
  Py_DECREF(of);
}

}  // namespace

PyObject* make_waiter(PyObject* loop, PyObject* used) {
  auto* self = reinterpret_cast<Waiter*>(used);
  if (used && Py_REFCNT(used) == 1 && self->loop == loop) {
    (void)clear(used);
  } else {
    Py_XDECREF(used);
    self = PyObject_GC_New(Waiter, type);
    if (!self) return nullptr;
    self->loop = Py_NewRef(loop);
    self->callback = self->context = self->message = self->get_loop = nullptr;
    PyObject_GC_Track(self);
  }
  self->blocking = 1;
  self->state = State::pending;
  return reinterpret_cast<PyObject*>(self);
}

bool wake_later(PyObject* waiter) { return end(waiter, State::done); }

bool wake_now(std::vector<py::object> waiters) {
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    if (run(std::move(waiters[i]))) continue;
    const py::error_scope raised;
    for (++i; i < waiters.size(); ++i)
      if (!wake_later(waiters[i].ptr())) PyErr_WriteUnraisable(waiters[i].ptr());
    return false;
  }
  return true;
}

void register_waiter() {
  name_call_soon = PyUnicode_InternFromString("call_soon");
  names_context = Py_BuildValue("(s)", "context");
  name_blocking = PyUnicode_InternFromString("_asyncio_future_blocking");
  name_get_loop = PyUnicode_InternFromString("get_loop");
  static PyMemberDef members[] = {{"_asyncio_future_blocking", T_BOOL, offsetof(Waiter, blocking), 0, nullptr},
                                  {nullptr, 0, 0, 0, nullptr}};
  static PyMethodDef methods[] = {
      {"get_loop", &get_loop, METH_NOARGS, nullptr},
      {"done", &done, METH_NOARGS, nullptr},
      {"cancelled", &cancelled, METH_NOARGS, nullptr},
      {"result", &result, METH_NOARGS, nullptr},
      {"add_done_callback", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&add_done_callback)),
       METH_FASTCALL | METH_KEYWORDS, nullptr},
      {"cancel", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&cancel)), METH_FASTCALL | METH_KEYWORDS,
       nullptr},
      {nullptr, nullptr, 0, nullptr}};
  PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
                         {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
                         {Py_tp_clear, reinterpret_cast<void*>(&clear)},
                         {Py_tp_getattro, reinterpret_cast<void*>(&get_attribute)},
                         {Py_tp_setattro, reinterpret_cast<void*>(&set_attribute)},
                         {Py_tp_members, members},
                         {Py_tp_methods, methods},
                         {0, nullptr}};
  PyType_Spec spec{"kimistream._core.Waiter", sizeof(Waiter), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!type) throw pybind11::error_already_set();
}

}  // namespace kimistream::python
