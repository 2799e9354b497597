// The OpenAI shape of a stream: chunk, choice and delta, as types made by hand.
//
// Nearly every chunk is read as `chunk.choices[0].delta.content`, so that path makes three small objects and no more.
// All else (ids, usage, unknown keys, dumps, repr) is asked of the full object, which is made from the frame's text on
// first need by the package's own class.
#include <array>
#include <cstring>

#include "common.hpp"
#include "pool.hpp"

namespace kimistream::python {
namespace {

/// The parts point to their chunk, and the chunk to none of them (its list of choices is made anew each time it is
/// asked for, from the interpreter's free lists): no cycles, nothing for the garbage collector.
struct ChunkObject {
  PyObject_HEAD Chunk chunk;
  PyObject* full;  // the chunk as an object of the package's class; null until needed
};
struct ChoiceObject {
  PyObject_HEAD ChunkObject* chunk;
  PyObject* delta;
};
struct DeltaObject {
  PyObject_HEAD ChunkObject* chunk;
  PyObject* content;
  PyObject* reasoning;
  int asked_for;  // the name that reasoning was looked for under first, where that matters; -1: none yet
};

PyTypeObject *chunk_type = nullptr, *choice_type = nullptr, *delta_type = nullptr;
Pool<ChunkObject> chunk_pool;
Pool<ChoiceObject> choice_pool;
Pool<DeltaObject> delta_pool;

/// Borrowed reference, null on error.
PyObject* full(ChunkObject* self) {
  if (self->full) return self->full;
  try {
    self->full = loads_as(self->chunk.json(), registry().completion_chunk).release().ptr();
  } catch (...) {
    set_current_exception();
  }
  return self->full;
}

PyObject* full_chunk(PyObject* self) { return Py_XNewRef(full(reinterpret_cast<ChunkObject*>(self))); }

PyObject* full_choice(PyObject* self) {
  PyObject* chunk = full(reinterpret_cast<ChoiceObject*>(self)->chunk);
  PyObject* choices = chunk ? PyObject_GetAttrString(chunk, "choices") : nullptr;
  PyObject* choice = choices ? PySequence_GetItem(choices, 0) : nullptr;
  Py_XDECREF(choices);
  return choice;
}

PyObject* full_delta(PyObject* self) {
  // The layouts agree in their first field, which is all that full_choice looks at.
  PyObject* choice = full_choice(self);
  PyObject* delta = choice ? PyObject_GetAttrString(choice, "delta") : nullptr;
  Py_XDECREF(choice);
  return delta;
}

using Full = PyObject* (*)(PyObject*);

/// The attributes of one type, by interned name: code that says `chunk.choices` brings that very object, so comparing
/// pointers finds them in a fifth of the time that a look-up in the type takes.
template <Full make_full>
PyGetSetDef* own_getters = nullptr;
template <Full make_full>
std::array<PyObject*, 4> own_names{};

/// Names that this type does not have itself are the full object's.
template <Full make_full>
PyObject* get_attribute(PyObject* self, PyObject* name) {
  const auto& names = own_names<make_full>;
  for (std::size_t i = 0; i < names.size() && names[i]; ++i)
    if (names[i] == name) return own_getters<make_full>[i].get(self, nullptr);
  PyObject* value = PyObject_GenericGetAttr(self, name);
  if (value || !PyErr_ExceptionMatches(PyExc_AttributeError)) return value;
  PyErr_Clear();
  PyObject* object = make_full(self);
  if (!object) return nullptr;
  value = PyObject_GetAttr(object, name);
  Py_DECREF(object);
  return value;
}

template <Full make_full>
PyObject* repr(PyObject* self) {
  PyObject* object = make_full(self);
  PyObject* text = object ? PyObject_Repr(object) : nullptr;
  Py_XDECREF(object);
  return text;
}

template <Full make_full>
PyObject* compare(PyObject* left, PyObject* right, int operation) {
  PyObject* mine = make_full(left);
  if (!mine) return nullptr;
  PyObject* other = Py_TYPE(right) == Py_TYPE(left) ? make_full(right) : Py_NewRef(right);
  PyObject* result = other ? PyObject_RichCompare(mine, other, operation) : nullptr;
  Py_XDECREF(other);
  Py_DECREF(mine);
  return result;
}

template <Full make_full>
PyObject* reduce(PyObject* self, PyObject* args) {
  PyObject* object = make_full(self);
  PyObject* method = object ? PyObject_GetAttrString(object, "__reduce_ex__") : nullptr;
  PyObject* result = method ? PyObject_CallObject(method, args) : nullptr;
  Py_XDECREF(method);
  Py_XDECREF(object);
  return result;
}

void dealloc_chunk(PyObject* self) {
  auto* chunk = reinterpret_cast<ChunkObject*>(self);
  chunk->chunk.~Chunk();
  Py_XDECREF(chunk->full);
  chunk_pool.give(self);
}
void dealloc_choice(PyObject* self) {
  auto* choice = reinterpret_cast<ChoiceObject*>(self);
  Py_XDECREF(choice->delta);
  Py_DECREF(choice->chunk);
  choice_pool.give(self);
}
void dealloc_delta(PyObject* self) {
  auto* delta = reinterpret_cast<DeltaObject*>(self);
  Py_XDECREF(delta->content);
  Py_XDECREF(delta->reasoning);
  Py_DECREF(delta->chunk);
  delta_pool.give(self);
}

ChunkObject* share(ChunkObject* chunk) {
  Py_INCREF(chunk);
  return chunk;
}

PyObject* make_delta(ChunkObject* chunk) {
  auto* delta = delta_pool.take(delta_type);
  if (!delta) return nullptr;
  delta->chunk = share(chunk);
  delta->content = delta->reasoning = nullptr;
  delta->asked_for = -1;
  return reinterpret_cast<PyObject*>(delta);
}

PyObject* make_choice(ChunkObject* chunk) {
  auto* choice = choice_pool.take(choice_type);
  if (!choice) return nullptr;
  choice->chunk = share(chunk);
  choice->delta = nullptr;
  return reinterpret_cast<PyObject*>(choice);
}

PyObject* get_choices(PyObject* self, void*) {
  auto* chunk = reinterpret_cast<ChunkObject*>(self);
  if (!chunk->chunk.plain) {
    PyObject* object = full(chunk);
    return object ? PyObject_GetAttrString(object, "choices") : nullptr;
  }
  PyObject* choice = make_choice(chunk);
  PyObject* choices = choice ? PyList_New(1) : nullptr;
  if (choices)
    PyList_SET_ITEM(choices, 0, choice);
  else
    Py_XDECREF(choice);
  return choices;
}

PyObject* get_delta(PyObject* self, void*) {
  auto* choice = reinterpret_cast<ChoiceObject*>(self);
  if (!choice->delta) choice->delta = make_delta(choice->chunk);
  return Py_XNewRef(choice->delta);
}

PyObject* get_finish_reason(PyObject* self, void*) {
  const auto& reason = reinterpret_cast<ChoiceObject*>(self)->chunk->chunk.finish_reason;
  if (reason.empty()) Py_RETURN_NONE;
  return to_str(reason);
}

PyObject* text_of(const std::optional<std::string>& text, PyObject*& kept) {
  if (!text) Py_RETURN_NONE;
  if (!kept) kept = to_str(*text);
  return Py_XNewRef(kept);
}

PyObject* get_content(PyObject* self, void*) {
  auto* delta = reinterpret_cast<DeltaObject*>(self);
  return text_of(delta->chunk->chunk.content, delta->content);
}

/// Asked of each piece of reasoning: while no module is imported it costs a comparison.
PyObject* modules = nullptr;  // sys.modules
Py_ssize_t modules_without_openai = -1;

bool openai_is_imported() {
  if (PyDict_GET_SIZE(modules) == modules_without_openai) [[likely]]
    return false;
  static PyObject* const name = PyUnicode_InternFromString("openai");
  if (PyDict_Contains(modules, name) == 1) return true;
  modules_without_openai = PyDict_GET_SIZE(modules);
  return false;
}

/// Reasoning answers to both names; what becomes of that where openai is imported, says _values/passing.py.
template <int Name>
PyObject* get_reasoning(PyObject* self, void*) {
  auto* delta = reinterpret_cast<DeltaObject*>(self);
  const Chunk& chunk = delta->chunk->chunk;
  PyObject* text = text_of(chunk.reasoning, delta->reasoning);
  if (!openai_is_imported() || !chunk.reasoning || !text) return text;
  if (delta->asked_for < 0) delta->asked_for = Name;
  if (delta->asked_for == Name) return text;
  PyObject* other = PyObject_CallOneArg(registry().other_name, text);
  Py_DECREF(text);
  return other;
}

/// What it passes for: its own class of the package, or openai's.
PyObject* get_class(PyObject* self, void*) {
  PyObject* kind = PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(self)), "_kind");
  PyObject* result = kind ? PyObject_CallOneArg(registry().counterpart, kind) : nullptr;
  Py_XDECREF(kind);
  return result;
}
PyObject* get_none(PyObject*, void*) { Py_RETURN_NONE; }  // a plain delta has no tool calls

template <Full make_full>
PyTypeObject* make_type(const char* name, std::size_t size, destructor dealloc, PyGetSetDef* getters, const char* doc) {
  static PyMethodDef methods[] = {{"__reduce_ex__", &reduce<make_full>, METH_VARARGS, nullptr},
                                  {nullptr, nullptr, 0, nullptr}};
  PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_getattro, reinterpret_cast<void*>(&get_attribute<make_full>)},
                         {Py_tp_repr, reinterpret_cast<void*>(&repr<make_full>)},
                         {Py_tp_richcompare, reinterpret_cast<void*>(&compare<make_full>)},
                         {Py_tp_hash, reinterpret_cast<void*>(&PyObject_HashNotImplemented)},
                         {Py_tp_getset, getters},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>(doc)},
                         {0, nullptr}};
  PyType_Spec spec{name, static_cast<int>(size), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  auto* type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  own_getters<make_full> = getters;
  auto& names = own_names<make_full>;
  for (std::size_t i = 0; i < names.size() && getters[i].name; ++i)
    names[i] = PyUnicode_InternFromString(getters[i].name);
  return type;
}

}  // namespace

PyObject* from_chunk(Chunk&& chunk) {
  auto* self = chunk_pool.take(chunk_type);
  if (!self) return nullptr;
  new (&self->chunk) Chunk(std::move(chunk));
  self->full = nullptr;
  return reinterpret_cast<PyObject*>(self);
}

void register_chunks(py::module_& module) {
  modules = PyImport_GetModuleDict();
  static PyGetSetDef chunk_getters[] = {
      {"choices", &get_choices, nullptr, nullptr, nullptr}, {"__class__", &get_class, nullptr, nullptr, nullptr}, {}};
  static PyGetSetDef choice_getters[] = {{"delta", &get_delta, nullptr, nullptr, nullptr},
                                         {"finish_reason", &get_finish_reason, nullptr, nullptr, nullptr},
                                         {"__class__", &get_class, nullptr, nullptr, nullptr},
                                         {}};
  static PyGetSetDef delta_getters[] = {{"content", &get_content, nullptr, nullptr, nullptr},
                                        {"reasoning_content", &get_reasoning<0>, nullptr, nullptr, nullptr},
                                        {"reasoning", &get_reasoning<1>, nullptr, nullptr, nullptr},
                                        {"tool_calls", &get_none, nullptr, nullptr, nullptr},
                                        {"__class__", &get_class, nullptr, nullptr, nullptr},
                                        {}};
  chunk_type = make_type<&full_chunk>("kimistream.ChatCompletionChunk", sizeof(ChunkObject), &dealloc_chunk,
                                      chunk_getters, "One frame of a stream, as it came.");
  choice_type = make_type<&full_choice>("kimistream.Choice", sizeof(ChoiceObject), &dealloc_choice, choice_getters,
                                        "A choice of a chunk.");
  delta_type = make_type<&full_delta>("kimistream.ChoiceDelta", sizeof(DeltaObject), &dealloc_delta, delta_getters,
                                      "What a chunk adds to its choice.");
  module.attr("StreamedChunk") = py::handle(reinterpret_cast<PyObject*>(chunk_type));
  module.attr("StreamedChoice") = py::handle(reinterpret_cast<PyObject*>(choice_type));
  module.attr("StreamedDelta") = py::handle(reinterpret_cast<PyObject*>(delta_type));
}

}  // namespace kimistream::python
