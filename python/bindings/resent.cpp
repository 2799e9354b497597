#include "resent.hpp"

#include <iterator>

namespace kimistream::python {
namespace {

/// Plain values as they are now. Null where there is one that may change unseen, or no end.
py::object copied(py::handle value, int depth = 0) {
  PyObject* raw = value.ptr();
  if (PyUnicode_CheckExact(raw) || value.is_none() || PyBool_Check(raw) || PyLong_CheckExact(raw) ||
      PyFloat_CheckExact(raw))
    return py::reinterpret_borrow<py::object>(value);
  if (depth > json::max_depth) return {};
  if (PyList_CheckExact(raw)) {
    py::list list;
    for (const auto item : py::reinterpret_borrow<py::list>(value)) {
      const py::object copy = copied(item, depth + 1);
      if (!copy) return {};
      list.append(copy);
    }
    return list;
  }
  if (!PyDict_CheckExact(raw)) return {};
  py::dict dict;
  for (const auto& [key, inner] : py::reinterpret_borrow<py::dict>(value)) {
    const py::object copy = PyUnicode_CheckExact(key.ptr()) ? copied(inner, depth + 1) : py::object();
    if (!copy) return {};
    dict[key] = copy;
  }
  return dict;
}

/// Whether both are written alike: texts by what they say, numbers only where they are the same object (1 equals 1.0).
bool same(PyObject* one, PyObject* other) {
  if (one == other) return true;
  if (Py_TYPE(one) != Py_TYPE(other)) return false;
  if (PyUnicode_CheckExact(one)) return PyUnicode_Compare(one, other) == 0;
  if (PyList_CheckExact(one)) {
    const Py_ssize_t size = PyList_GET_SIZE(one);
    if (size != PyList_GET_SIZE(other)) return false;
    for (Py_ssize_t i = 0; i < size; ++i)
      if (!same(PyList_GET_ITEM(one, i), PyList_GET_ITEM(other, i))) return false;
    return true;
  }
  if (!PyDict_CheckExact(one) || PyDict_GET_SIZE(one) != PyDict_GET_SIZE(other)) return false;
  PyObject *key = nullptr, *value = nullptr, *other_key = nullptr, *other_value = nullptr;
  for (Py_ssize_t at = 0, other_at = 0; PyDict_Next(one, &at, &key, &value);)
    if (!PyDict_Next(other, &other_at, &other_key, &other_value) || !same(key, other_key) || !same(value, other_value))
      return false;
  return true;
}

Resent* resent_in(py::handle prompt) {
  if (PyList_CheckExact(prompt.ptr()) || !PyList_Check(prompt.ptr())) return nullptr;
  const py::object kept = py::getattr(prompt, "resent", py::none());
  return py::isinstance<Resent>(kept) ? kept.cast<Resent*>() : nullptr;
}

}  // namespace

std::vector<Message> Resent::read(const py::sequence& items, Met& met) {
  std::vector<Message> messages = std::move(messages_);
  lent_ = true;
  const std::size_t size = items.size();
  given_.resize(size);
  messages.resize(size);
  written.shorten(size);
  const Place outer{.name = "messages"};
  Place place{.outer = &outer};
  for (const auto item : items) {
    const auto at = static_cast<std::size_t>(++place.index);
    const py::object dict = as_dict(item);
    if (dict && given_[at] && same(given_[at].ptr(), dict.ptr())) continue;
    given_[at] = {};
    written.forget(at);
    Met fresh;
    messages[at] = to_message(dict ? dict : py::reinterpret_borrow<py::object>(item), place, fresh);
    if (messages[at].parts.empty() && !fresh.halves && fresh.notices.empty()) given_[at] = copied(dict);
    met.halves = met.halves || fresh.halves;
    std::move(fresh.notices.begin(), fresh.notices.end(), std::back_inserter(met.notices));
  }
  return messages;
}

void Resent::take_back(std::vector<Message> messages) noexcept {
  if (std::exchange(lent_, false))
    messages_ = std::move(messages);
  else
    *this = {};  // the prompt was no list of messages: they are not those of `given_`
}

Asked::Asked(const py::tuple& arguments, std::optional<bool> streams) {
  Resent* const resent = arguments.empty() ? nullptr : resent_in(arguments[0]);
  if (resent) {
    home_ = py::getattr(arguments[0], "resent");
    resent_ = std::exchange(*resent, {});
  }
  request = to_request(arguments, streams, resent ? &resent_ : nullptr);
}

Asked::~Asked() {
  if (home_.is_none()) return;
  resent_.take_back(std::move(request.messages));
  *home_.cast<Resent*>() = std::move(resent_);
}

void register_resent(py::module_& module) {
  py::class_<Resent>(module, "Resent", "What is kept of messages that go out again, see _requests/resent.py.")
      .def(py::init<>())
      .def_property_readonly(
          "encoded", [](const Resent& self) { return self.written.encoded(); },
          "How many messages have been written for it, in all.");
}

}  // namespace kimistream::python
