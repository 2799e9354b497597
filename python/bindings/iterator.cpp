// Iterators over a stream, made by hand: `for` calls their slot directly.
//
// What is ready is handed over without giving up the GIL; it is released only to wait. The asynchronous ones are their
// own awaitables: an item that is there is returned without a turn of the event loop, otherwise a waiter is.
#include <variant>

#include "common.hpp"
#include "waiter.hpp"

namespace kimistream::python {
namespace {

struct Iterator {
  PyObject_HEAD SharedPtr shared;
  std::variant<Gives, Awaits> wanted;
  PyObject* loop;    // asyncio: the event loop; null for a blocking iterator
  PyObject* waiter;  // asyncio: what the task waits on
};

PyTypeObject* blocking_type = nullptr;
PyTypeObject* async_type = nullptr;

PyObject* make(PyTypeObject* type, const SharedPtr& shared, std::variant<Gives, Awaits> wanted, PyObject* loop) {
  auto* self = PyObject_GC_New(Iterator, type);
  if (!self) return nullptr;
  new (&self->shared) SharedPtr(shared);
  new (&self->wanted) std::variant<Gives, Awaits>(wanted);
  self->loop = Py_XNewRef(loop);
  self->waiter = nullptr;
  PyObject_GC_Track(self);
  return reinterpret_cast<PyObject*>(self);
}

void end_wait(Iterator& self) {
  if (!self.waiter || self.shared->waiter != self.waiter) return;
  self.shared->waiter = nullptr;
  self.shared->stream.set_waiting(false);
}

void drop_waiter(Iterator& self) {
  end_wait(self);
  Py_CLEAR(self.waiter);
}

/// A task that is never woken holds its awaitable, which holds what it waits on, which holds the task.
int traverse_iterator(PyObject* object, visitproc visit, void* arg) {
  auto* self = reinterpret_cast<Iterator*>(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->loop);
  Py_VISIT(self->waiter);
  return 0;
}

int clear_iterator(PyObject* object) {
  drop_waiter(*reinterpret_cast<Iterator*>(object));
  return 0;
}

void dealloc_iterator(PyObject* object) {
  auto* self = reinterpret_cast<Iterator*>(object);
  PyObject_GC_UnTrack(object);
  drop_waiter(*self);
  self->shared.~SharedPtr();  // may close the connection
  Py_XDECREF(self->loop);
  PyTypeObject* type = Py_TYPE(object);
  PyObject_GC_Del(object);
  Py_DECREF(type);
}

PyObject* next(PyObject* object) {
  auto& self = *reinterpret_cast<Iterator*>(object);
  for (;;) {
    PyObject* item = nullptr;
    const int taken = take_item(*self.shared, std::get<Gives>(self.wanted), &item);
    if (taken == 1) {
      self.shared->look();
      return item;
    }
    if (taken != 0) return nullptr;
    if (wait_for_item(self.shared->stream) <= 0) {
      self.shared->look();
      return nullptr;
    }
  }
}

/// As take_item: 1 when what is waited for is there. The message's own events are of no interest to anybody.
int take_awaited(Shared& shared, Awaits awaits, PyObject** out) {
  Stream& stream = shared.stream;
  Event ignored;
  if (awaits == Awaits::message)
    while (stream.take(ignored)) continue;
  const auto state = stream.state();
  if (state == Stream::State::failed && (awaits != Awaits::head || !stream.opened())) return 0;
  const bool there = awaits == Awaits::head   ? state != Stream::State::opening
                     : awaits == Awaits::body ? state == Stream::State::ready || state == Stream::State::ended
                                              : state == Stream::State::ended;
  if (!there) return 0;
  try {
    *out = (awaits == Awaits::message ? from_message(stream.partial()) : py::none()).release().ptr();
    return 1;
  } catch (...) {
    set_current_exception();
    return -1;
  }
}

int take(Iterator& self, PyObject** out) {
  if (const auto* awaits = std::get_if<Awaits>(&self.wanted)) return take_awaited(*self.shared, *awaits, out);
  return take_item(*self.shared, std::get<Gives>(self.wanted), out);
}

/// One step of an awaited `__anext__`: an item, a waiter, or an end.
PySendResult step(Iterator& self, PyObject** result) {
  *result = nullptr;
  end_wait(self);
  for (;;) {
    const int taken = take(self, result);
    const auto state = self.shared->stream.state();
    self.shared->look();
    if (state == Stream::State::ended || state == Stream::State::failed) self.shared->owner = py::none();
    if (taken == 1) {
      self.shared->stream.set_waiting(false);  // until the next one is asked for
      return PYGEN_RETURN;
    }
    if (taken < 0) return PYGEN_ERROR;
    if (taken == 2 || state == Stream::State::ended) {
      PyErr_SetNone(PyExc_StopAsyncIteration);
      return PYGEN_ERROR;
    }
    if (state == Stream::State::failed) {
      set_error(*self.shared->stream.error());
      return PYGEN_ERROR;
    }
    if (state == Stream::State::ready && std::holds_alternative<Gives>(self.wanted)) continue;
    if (self.shared->waiter) {
      PyErr_SetString(PyExc_RuntimeError, "this stream is being read by another task: give each task its own stream");
      return PYGEN_ERROR;
    }
    self.waiter = make_waiter(self.loop, std::exchange(self.waiter, nullptr));
    if (!self.waiter) return PYGEN_ERROR;
    self.shared->waiter = self.waiter;
    self.shared->stream.set_waiting(true);
    *result = Py_NewRef(self.waiter);
    return PYGEN_NEXT;
  }
}

PySendResult send(PyObject* object, PyObject*, PyObject** result) {
  return step(*reinterpret_cast<Iterator*>(object), result);
}

PyObject* await_next(PyObject* object) {
  PyObject* result = nullptr;
  switch (step(*reinterpret_cast<Iterator*>(object), &result)) {
    case PYGEN_NEXT: return result;
    case PYGEN_RETURN: {
      // Not PyErr_SetObject(StopIteration, result): that would unpack a result that is a tuple.
      PyObject* stop = PyObject_CallOneArg(PyExc_StopIteration, result);
      Py_DECREF(result);
      if (stop) PyErr_SetObject(PyExc_StopIteration, stop);
      Py_XDECREF(stop);
      return nullptr;
    }
    default: return nullptr;
  }
}

PyObject* send_method(PyObject* self, PyObject*) { return await_next(self); }

PyObject* throw_method(PyObject* object, PyObject* args) {
  drop_waiter(*reinterpret_cast<Iterator*>(object));
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  if (!PyArg_UnpackTuple(args, "throw", 1, 3, &type, &value, &trace)) return nullptr;
  if (PyExceptionInstance_Check(type))
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(type)), type);
  else
    PyErr_SetObject(type, value);
  return nullptr;
}

PyObject* close_method(PyObject* object, PyObject*) {
  drop_waiter(*reinterpret_cast<Iterator*>(object));
  Py_RETURN_NONE;
}

PyObject* itself(PyObject* self) { return Py_NewRef(self); }

PyTypeObject* make_type(const char* name, PyType_Slot* slots) {
  PyType_Spec spec{name, sizeof(Iterator), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  auto* type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  return type;
}

}  // namespace

int take_item(Shared& shared, Gives gives, PyObject** out) {
  Stream& stream = shared.stream;
  if (stream.busy()) {
    PyErr_SetString(PyExc_RuntimeError, "this stream is being read by another thread: give each thread its own stream");
    return -1;
  }
  if (gives == Gives::chunks) {
    while (Chunk* chunk = stream.peek_chunk()) {
      const bool shown = chunk->has_choices || shared.show_usage_chunks;  // samples index choices[0] unguarded
      if (shown) *out = from_chunk(std::move(*chunk));
      stream.pop_chunk();
      if (shown) return *out ? 1 : -1;
    }
    return 0;
  }
  while (const Event* there = stream.peek()) {
    if (gives == Gives::events) {
      const bool plain = std::holds_alternative<Text>(*there) || std::holds_alternative<Thinking>(*there);
      if (plain) {
        *out = from_event(*there);
        stream.pop();
      } else {  // making it may run Python, and Python may close the stream: take it away first
        Event event;
        if (!stream.take(event)) return 0;
        *out = from_event(event);
      }
      return *out ? 1 : -1;
    }
    const auto* text = std::get_if<Text>(there);
    const auto* thinking = std::get_if<Thinking>(there);
    // The reader of thoughts leaves the answer for whoever reads it next.
    if (gives == Gives::thoughts && !thinking && !std::holds_alternative<Notice>(*there) &&
        !std::holds_alternative<Usage>(*there))
      return 2;
    if (gives == Gives::texts && text)
      *out = to_str(text->text);
    else if (gives == Gives::thoughts && thinking)
      *out = to_str(thinking->text);
    else
      *out = nullptr;
    const bool wanted = gives == Gives::texts ? text != nullptr : thinking != nullptr;
    stream.pop();
    if (wanted) {
      stream.cannot_take_back();
      return *out ? 1 : -1;
    }
  }
  return 0;
}

PyObject* make_iterator(const SharedPtr& shared, Gives gives) { return make(blocking_type, shared, gives, nullptr); }
PyObject* make_async_iterator(const SharedPtr& shared, Gives gives, PyObject* loop) {
  return make(async_type, shared, gives, loop);
}

PyObject* make_awaitable(const SharedPtr& shared, Awaits awaits, PyObject* loop) {
  return make(async_type, shared, awaits, loop);
}

void register_iterators(py::module_&) {
  register_waiter();
  PyType_Slot blocking[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&dealloc_iterator)},
                            {Py_tp_traverse, reinterpret_cast<void*>(&traverse_iterator)},
                            {Py_tp_clear, reinterpret_cast<void*>(&clear_iterator)},
                            {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                            {Py_tp_iternext, reinterpret_cast<void*>(&next)},
                            {0, nullptr}};
  blocking_type = make_type("kimistream._core.Iterator", blocking);
  static PyMethodDef methods[] = {{"send", &send_method, METH_O, nullptr},
                                  {"throw", &throw_method, METH_VARARGS, nullptr},
                                  {"close", &close_method, METH_NOARGS, nullptr},
                                  {nullptr, nullptr, 0, nullptr}};
  PyType_Slot async[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&dealloc_iterator)},
                         {Py_tp_traverse, reinterpret_cast<void*>(&traverse_iterator)},
                         {Py_tp_clear, reinterpret_cast<void*>(&clear_iterator)},
                         {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                         {Py_tp_iternext, reinterpret_cast<void*>(&await_next)},
                         {Py_am_await, reinterpret_cast<void*>(&itself)},
                         {Py_am_aiter, reinterpret_cast<void*>(&itself)},
                         {Py_am_anext, reinterpret_cast<void*>(&itself)},
                         {Py_am_send, reinterpret_cast<void*>(&send)},
                         {Py_tp_methods, methods},
                         {0, nullptr}};
  async_type = make_type("kimistream._core.AsyncIterator", async);
}

}  // namespace kimistream::python
