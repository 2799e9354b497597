// One event loop's streams. The loop calls `pump` when the descriptor is readable; there is no other thread.
#include <utility>
#include <vector>

#include "resent.hpp"
#include "waiter.hpp"

namespace kimistream::python {
namespace {

/// What the tasks wait on that have something to read by now.
std::vector<py::object> pump(Reactor& reactor) {
  // With the GIL: it never waits here, and a stream of this reactor may be dropped by the garbage collector on any
  // thread that holds the GIL.
  std::vector<py::object> waiters;
  std::vector<std::string> log;
  for (void* tag : reactor.pump()) {
    auto* shared = static_cast<Shared*>(tag);
    if (!shared) continue;
    for (std::string& line : shared->stream.take_log()) log.push_back(std::move(line));
    if (PyObject* waiter = std::exchange(shared->waiter, nullptr))
      waiters.push_back(py::reinterpret_borrow<py::object>(waiter));
  }
  write_log(log);  // runs Python, which may do anything with this reactor
  return waiters;
}

/// Not through pybind11: it is called for nearly each fragment.
PyObject* on_ready(PyObject* self, PyObject*) {
  try {
    if (!wake_now(pump(py::cast<Reactor&>(py::handle(self))))) return nullptr;
    return Py_NewRef(Py_None);
  } catch (...) {
    set_current_exception();
    return nullptr;
  }
}

SharedPtr share(Stream stream) {
  auto shared = std::make_shared<Shared>(std::move(stream));
  shared->stream.set_tag(shared.get());
  return shared;
}

}  // namespace

void register_reactor(py::module_& module) {
  py::class_<Reactor>(module, "Reactor", "Many streams on one event loop.")
      .def(py::init<const Client&>(), py::arg("client"), py::keep_alive<1, 2>())
      .def(
          "start",
          [](Reactor& self, const py::tuple& arguments, bool stream, bool chunks) {
            Asked asked(arguments, stream);
            return share(self.start(asked.request, stream, chunks ? Shape::chunks : Shape::events, asked.written()));
          },
          py::arg("arguments"), py::arg("stream"), py::arg("chunks"))
      .def(
          "send",
          [](Reactor& self, const py::object& path, const py::object& method, const py::object& body,
             const py::object& timeout) { return share(self.start(to_resource(path, method, body, timeout))); },
          py::arg("path"), py::arg("method") = "GET", py::arg("body") = py::none(), py::arg("timeout") = py::none())
      .def(
          "count_tokens",
          [](Reactor& self, const Client& client, const py::tuple& arguments) {
            return share(self.start(token_count_request(client, to_request(arguments))));
          },
          py::arg("client"), py::arg("arguments"))
      .def(
          "pump",
          [](Reactor& self) {
            for (const py::object& waiter : pump(self))
              if (!wake_later(waiter.ptr())) PyErr_WriteUnraisable(waiter.ptr());
          },
          "Does what is ready. Tasks that have something to read by now run at the loop's next turn.")
      .def_property_readonly(
          "on_ready",
          [](const py::object& self) {
            static PyMethodDef method = {"on_ready", &on_ready, METH_NOARGS, nullptr};
            return py::reinterpret_steal<py::object>(PyCFunction_New(&method, self.ptr()));
          },
          "The same, for the loop to call when the descriptor is readable: tasks run at once.")
      .def_property_readonly("descriptor", [](const Reactor& self) { return self.descriptor(); });
}

}  // namespace kimistream::python
