// One event loop's streams. The loop calls `pump` when the descriptor is readable; there is no other thread.
#include "common.hpp"

namespace kimistream::python {
namespace {

/// Wakes the task that waits on a stream, if the stream has something for it.
void wake(void* tag) {
  auto* shared = static_cast<Shared*>(tag);
  if (!shared || !shared->waiter) return;
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

}  // namespace

void register_reactor(py::module_& module) {
  py::class_<Reactor>(module, "Reactor", "Many streams on one event loop.")
      .def(py::init<const Client&>(), py::arg("client"), py::keep_alive<1, 2>())
      .def(
          "start",
          [](Reactor& self, const py::object& prompt, bool stream, bool chunks, const py::object& model,
             const py::object& system, const py::object& thinking, const py::object& tools,
             const py::object& tool_choice, const py::object& max_tokens, const py::object& timeout,
             const py::object& extra_body, const py::object& extra_headers, const py::object& fields) {
            const Request request = to_request({prompt, model, system, thinking, tools, tool_choice, max_tokens,
                                                timeout, extra_body, extra_headers, fields});
            auto shared = std::make_shared<Shared>(self.start(request, stream, chunks ? Shape::chunks : Shape::events));
            shared->stream.set_tag(shared.get());
            return shared;
          },
          py::arg("prompt"), py::arg("stream"), py::arg("chunks"), py::arg("model"), py::arg("system"),
          py::arg("thinking"), py::arg("tools"), py::arg("tool_choice"), py::arg("max_tokens"), py::arg("timeout"),
          py::arg("extra_body"), py::arg("extra_headers"), py::arg("fields"))
      .def(
          "start_get",
          [](Reactor& self, const std::string& path) {
            auto shared = std::make_shared<Shared>(self.start_get(path));
            shared->stream.set_tag(shared.get());
            return shared;
          },
          py::arg("path"))
      .def("pump",
           [](Reactor& self) {
             // With the GIL: it never waits here, and a stream of this reactor may be dropped by the garbage collector
             // on any thread that holds the GIL.
             for (void* tag : self.pump()) wake(tag);
           })
      .def_property_readonly("descriptor", [](const Reactor& self) { return self.descriptor(); });
}

}  // namespace kimistream::python
