// The events that come with every fragment, as types made by hand: four times cheaper than bound classes, and this is
// what a stream spends its time on. Each is a fixed row of str and int objects, so none needs the garbage collector.
#include "common.hpp"  // first: it brings Python.h, which the next one needs

#include <structmember.h>

#include <array>
#include <cstring>

#include "pool.hpp"

namespace kimistream::python {

py::object from_rare_event(const Event& event);

namespace {

template <std::size_t Size>
struct Record {
  PyObject_HEAD PyObject* fields[Size];
};

template <std::size_t Size>
Pool<Record<Size>> pool;

template <std::size_t Size>
void dealloc(PyObject* self) {
  for (PyObject* field : reinterpret_cast<Record<Size>*>(self)->fields) Py_XDECREF(field);
  pool<Size>.give(self);
}

template <std::size_t Size>
PyObject* compare(PyObject* left, PyObject* right, int operation) {
  if (Py_TYPE(left) != Py_TYPE(right) || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  for (std::size_t i = 0; i < Size; ++i) {
    const int equal = PyObject_RichCompareBool(reinterpret_cast<Record<Size>*>(left)->fields[i],
                                               reinterpret_cast<Record<Size>*>(right)->fields[i], Py_EQ);
    if (equal < 0) return nullptr;
    if (!equal) return PyBool_FromLong(operation == Py_NE);
  }
  return PyBool_FromLong(operation == Py_EQ);
}

/// What repr and pickle need to know of a type: the names of its fields.
template <class Tag>
struct Names;
struct TextTag {};
struct ThinkingTag {};
struct StartTag {};
struct DeltaTag {};
template <>
struct Names<TextTag> {
  static constexpr std::array<const char*, 1> all = {"text"};
};
template <>
struct Names<ThinkingTag> {
  static constexpr std::array<const char*, 1> all = {"text"};
};
template <>
struct Names<StartTag> {
  static constexpr std::array<const char*, 3> all = {"index", "id", "name"};
};
template <>
struct Names<DeltaTag> {
  static constexpr std::array<const char*, 2> all = {"index", "arguments"};
};

const char* short_name(PyTypeObject* type) {
  const char* dot = std::strrchr(type->tp_name, '.');
  return dot ? dot + 1 : type->tp_name;
}

template <class Tag>
struct Type {
  static constexpr std::size_t size = Names<Tag>::all.size();
  using Object = Record<size>;
  static inline PyTypeObject* type = nullptr;

  /// Steals the references; null if one of them is.
  template <class... Fields>
  static PyObject* make(Fields... fields) {
    static_assert(sizeof...(Fields) == size);
    auto* self = pool<size>.take(type);
    if (!self) return nullptr;
    std::size_t i = 0;
    ((self->fields[i++] = fields), ...);
    for (PyObject* field : self->fields)
      if (!field) {
        Py_DECREF(self);
        return nullptr;
      }
    return reinterpret_cast<PyObject*>(self);
  }

  static PyObject* create(PyTypeObject*, PyObject* args, PyObject* kwargs) {
    static std::array<char*, size + 1> keywords = [] {
      std::array<char*, size + 1> names{};
      for (std::size_t i = 0; i < size; ++i) names[i] = const_cast<char*>(Names<Tag>::all[i]);
      return names;
    }();
    std::array<PyObject*, 3> given{};
    static constexpr const char* formats[] = {"", "O", "OO", "OOO"};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, formats[size], keywords.data(), &given[0], &given[1], &given[2]))
      return nullptr;
    auto* self = pool<size>.take(type);
    if (!self) return nullptr;
    for (std::size_t i = 0; i < size; ++i) self->fields[i] = Py_NewRef(given[i]);
    return reinterpret_cast<PyObject*>(self);
  }

  static PyObject* repr(PyObject* self) {
    try {
      std::string out = std::string(short_name(Py_TYPE(self))) + "(";
      for (std::size_t i = 0; i < size; ++i)
        out += std::string(i ? ", " : "") + Names<Tag>::all[i] + "=" +
               from_str(py::repr(reinterpret_cast<Object*>(self)->fields[i]), "repr");
      return to_str(out + ")");
    } catch (...) {
      set_current_exception();
      return nullptr;
    }
  }

  static PyObject* reduce(PyObject* self, PyObject*) {
    PyObject* values = PyTuple_New(size);
    for (std::size_t i = 0; i < size; ++i)
      PyTuple_SET_ITEM(values, i, Py_NewRef(reinterpret_cast<Object*>(self)->fields[i]));
    return Py_BuildValue("(ON)", Py_TYPE(self), values);
  }

  static Py_hash_t hash(PyObject* self) {
    PyObject* values = PyTuple_New(size);
    for (std::size_t i = 0; i < size; ++i)
      PyTuple_SET_ITEM(values, i, Py_NewRef(reinterpret_cast<Object*>(self)->fields[i]));
    const Py_hash_t result = PyObject_Hash(values);
    Py_DECREF(values);
    return result;
  }

  /// @param name with the package's, and for good: Python 3.10 keeps the pointer
  static void install(py::module_& module, const char* name, const char* kind, const char* doc) {
    static std::array<PyMemberDef, size + 1> members = [] {
      std::array<PyMemberDef, size + 1> all{};
      for (std::size_t i = 0; i < size; ++i)
        all[i] = {Names<Tag>::all[i], T_OBJECT_EX,
                  static_cast<Py_ssize_t>(offsetof(Object, fields) + i * sizeof(PyObject*)), READONLY, nullptr};
      return all;
    }();
    static PyMethodDef methods[] = {{"__reduce__", &reduce, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
    PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(&create)},
                           {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc<size>)},
                           {Py_tp_repr, reinterpret_cast<void*>(&repr)},
                           {Py_tp_hash, reinterpret_cast<void*>(&hash)},
                           {Py_tp_richcompare, reinterpret_cast<void*>(&compare<size>)},
                           {Py_tp_members, members.data()},
                           {Py_tp_methods, methods},
                           {Py_tp_doc, const_cast<char*>(doc)},
                           {0, nullptr}};
    PyType_Spec spec{name, sizeof(Object), 0, Py_TPFLAGS_DEFAULT, slots};
    type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (!type) throw py::error_already_set();
    const py::handle handle(reinterpret_cast<PyObject*>(type));
    handle.attr("type") = kind;
    py::tuple match_args(size);
    for (std::size_t i = 0; i < size; ++i) match_args[i] = py::str(Names<Tag>::all[i]);
    handle.attr("__match_args__") = match_args;
    module.attr(short_name(type)) = handle;
  }
};

}  // namespace

PyObject* from_event(const Event& event) {
  if (const auto* text = std::get_if<Text>(&event)) return Type<TextTag>::make(to_str(text->text));
  if (const auto* thinking = std::get_if<Thinking>(&event)) return Type<ThinkingTag>::make(to_str(thinking->text));
  if (const auto* delta = std::get_if<ToolCallDelta>(&event))
    return Type<DeltaTag>::make(PyLong_FromLong(delta->index), to_str(delta->arguments));
  if (const auto* start = std::get_if<ToolCallStart>(&event))
    return Type<StartTag>::make(PyLong_FromLong(start->index), to_str(start->id), to_str(start->name));
  try {
    return from_rare_event(event).release().ptr();
  } catch (...) {
    set_current_exception();
    return nullptr;
  }
}

void register_events(py::module_& module) {
  Type<TextTag>::install(module, "kimistream.Text", "text", "A fragment of the answer: `.text`.");
  Type<ThinkingTag>::install(module, "kimistream.Thinking", "thinking",
                             "A fragment of the model's reasoning: `.text`.");
  Type<StartTag>::install(module, "kimistream.ToolCallStart", "tool_call_start",
                          "A tool call begins: `.index`, `.id`, `.name`.");
  Type<DeltaTag>::install(module, "kimistream.ToolCallDelta", "tool_call_delta",
                          "A fragment of a tool call's arguments: `.index`, `.arguments`.");
}

}  // namespace kimistream::python
