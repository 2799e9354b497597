// JSON text as Python objects: dicts and lists, or objects with attributes (_values/object.py).
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "common.hpp"

namespace kimistream::python {
namespace {

/// Keys as interned strings. The same few come again and again, so those that were seen last are kept; a place for
/// each length and first and last letter is enough to tell nearly all of them apart.
class Keys {
 public:
  py::object find(std::string_view text) {
    if (text.empty() || text.size() > max_size) return make(text);
    const auto first = static_cast<unsigned char>(text.front()), last = static_cast<unsigned char>(text.back());
    Known& known = known_[(first * 31U + last * 7U + text.size()) % known_.size()];
    if (known.size != text.size() || std::memcmp(known.text.data(), text.data(), text.size()) != 0) {
      known.key = make(text);
      known.size = text.size();
      std::memcpy(known.text.data(), text.data(), text.size());
    }
    return known.key;
  }

 private:
  static constexpr std::size_t max_size = 32;
  struct Known {
    std::array<char, max_size> text{};
    std::size_t size = 0;
    py::object key;
  };

  static py::object make(std::string_view text) {
    PyObject* key = to_str(text);
    if (key) PyUnicode_InternInPlace(&key);
    return steal(key);
  }

  std::array<Known, 128> known_;
};

Keys& keys() {
  static auto* all = new Keys;  // never destroyed: at the end of the process there is no interpreter to give them to
  return *all;
}

/// Builds what a document says. With a class, objects become instances of it and of those that its `_kinds` names for
/// their keys, or of the class of dicts for all else (`registry().extra`); without one, dicts.
class Builder final : public json::Visitor {
 public:
  explicit Builder(py::handle root_class) : next_class_(root_class) {}

  void on_null() override { add(py::none()); }
  void on_bool(bool value) override { add(py::bool_(value)); }
  void on_number(std::string_view text) override {
    long long small = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), small);
    if (error == std::errc() && end == text.data() + text.size()) return add(steal(PyLong_FromLongLong(small)));
    const std::string number(text);
    if (text.find_first_of(".eENI") == std::string_view::npos)
      add(steal(PyLong_FromString(number.c_str(), nullptr, 10)));
    else
      add(py::float_(py::str(number)));
  }
  void on_string(std::string_view text) override { add(steal(to_str(text))); }
  void on_array_begin() override { open(py::list(), next_class_); }
  void on_object_begin() override {
    open(is_extra(next_class_) ? steal(PyObject_CallNoArgs(next_class_.ptr())) : py::dict(), next_class_);
  }
  void on_array_end() override {
    py::object done = std::move(stack_.back().container);
    close(std::move(done));
  }
  void on_object_end() override {
    Open& object = stack_.back();
    close(object.type && !is_extra(object.type) ? instance(object) : std::move(object.container));
  }
  void on_key(std::string_view text) override {
    Open& object = stack_.back();
    object.key = keys().find(text);
    next_class_ = object.type;
    if (!object.type || is_extra(object.type)) return;
    object.hides = text.starts_with('_') || is_reserved(object.key);
    next_class_ = class_of(object.kinds, object.key);
  }
  py::object take() { return std::move(root_); }

 private:
  struct Open {
    py::object container, key, kinds;
    py::handle type;      // of an object, or of what is in a list
    py::object hidden{};  // keys that may not become attributes
    bool hides = false;   // the next value is one of those
  };

  void open(py::object container, py::handle type) {
    static PyObject* const name = PyUnicode_InternFromString("_kinds");
    py::object kinds;
    if (type && !is_extra(type) && PyDict_Check(container.ptr())) kinds = steal(PyObject_GetAttr(type.ptr(), name));
    stack_.push_back({std::move(container), {}, std::move(kinds), type});
  }

  void close(py::object done) {
    stack_.pop_back();
    next_class_ = stack_.empty() ? py::handle() : stack_.back().type;
    add(std::move(done));
  }

  static bool is_extra(py::handle type) { return type && type.ptr() == registry().extra; }

  static py::handle class_of(const py::object& kinds, const py::object& key) {
    PyObject* found = PyDict_GetItemWithError(kinds.ptr(), key.ptr());
    if (!found && PyErr_Occurred()) throw py::error_already_set();
    return found ? found : registry().extra;
  }

  static bool is_reserved(const py::object& key) {
    static PyObject* const reserved = py::object(py::handle(registry().object).attr("_reserved")).release().ptr();
    const int found = PySet_Contains(reserved, key.ptr());
    if (found < 0) throw py::error_already_set();
    return found != 0;
  }

  static py::object instance(const Open& object) {
    // Set as Python code would. PyObject_GenericSetDict is no such way: in 3.13 the values that an object has in line
    // stay valid beside the new dict, so its attributes are not found and dir() ends the interpreter.
    static PyObject* const name = PyUnicode_InternFromString("__dict__");
    auto* type = reinterpret_cast<PyTypeObject*>(object.type.ptr());
    py::object made = steal(type->tp_alloc(type, 0));
    if (object.hidden) object.container["_hidden"] = object.hidden;
    if (PyObject_SetAttr(made.ptr(), name, object.container.ptr()) != 0) throw py::error_already_set();
    return made;
  }

  void add(py::object value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = stack_.back();
    if (PyList_CheckExact(parent.container.ptr())) {
      if (PyList_Append(parent.container.ptr(), value.ptr()) != 0) throw py::error_already_set();
      return;
    }
    if (parent.hides && !parent.hidden) parent.hidden = py::dict();
    const py::object& place = parent.hides ? parent.hidden : parent.container;
    if (PyDict_SetItem(place.ptr(), parent.key.ptr(), value.ptr()) != 0) throw py::error_already_set();
  }

  py::object root_;
  py::handle next_class_;  // of the object that may come now, or of those in the list
  std::vector<Open> stack_;
};

py::object build(std::string_view text, py::handle root_class) {
  Builder builder(root_class);
  try {
    json::visit(text, builder);
  } catch (const json::Malformed& malformed) {
    throw py::value_error(malformed.what());
  }
  return builder.take();
}

}  // namespace

py::object loads(std::string_view text) { return build(text, {}); }

py::object loads_as(std::string_view text, py::handle type) { return build(text, type); }

}  // namespace kimistream::python
