// One event loop's streams. The loop calls `pump` when the descriptor is readable; there is no other thread.
#include "resent.hpp"

namespace kimistream::python {
namespace {

/// Wakes the task that waits on a stream, if the stream has something for it.
void wake(void* tag) {
  auto* shared = static_cast<Shared*>(tag);
  if (!shared) return;
  write_log(shared->stream);
  if (!shared->waiter) return;
  PyObject* future = std::exchange(shared->waiter, nullptr);
  static PyObject* const set_result = PyUnicode_InternFromString("set_result");
  static PyObject* const done = PyUnicode_InternFromString("done");
  PyObject* is_done = PyObject_CallMethodNoArgs(future, done);
  if (is_done == Py_False) {
    PyObject* result = PyObject_CallMethodOneArg(future, set_result, Py_None);
    Py_XDECREF(result);
  }
  Py_XDECREF(is_done);
  if (PyErr_Occurred()) PyErr_WriteUnraisable(future);
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
      .def("pump",
           [](Reactor& self) {
             // With the GIL: it never waits here, and a stream of this reactor may be dropped by the garbage collector
             // on any thread that holds the GIL.
             for (void* tag : self.pump()) wake(tag);
           })
      .def_property_readonly("descriptor", [](const Reactor& self) { return self.descriptor(); });
}

}  // namespace kimistream::python
