#include "common.hpp"

namespace kimistream::python {
namespace {

/// None when nothing has come.
py::object from_partial(const Message& message) {
  const bool any =
      message.content || message.reasoning || !message.tool_calls.empty() || message.usage || message.finish_reason;
  return any ? from_message(message) : py::none();
}

py::object iterator(const SharedPtr& self, Gives gives) { return steal(make_iterator(self, gives)); }
py::object async_iterator(const SharedPtr& self, Gives gives, const py::object& loop) {
  return steal(make_async_iterator(self, gives, loop.ptr()));
}

py::object awaitable(const SharedPtr& self, Awaits awaits, const py::object& loop) {
  return steal(make_awaitable(self, awaits, loop.ptr()));
}

}  // namespace

void register_stream(py::module_& module) {
  module.def(
      "completion",
      [](const py::object& body, const std::string& request_id) {
        return from_completion(from_str(body, "body"), request_id);
      },
      py::arg("body"), py::arg("request_id"), "The body of an answer in the OpenAI shape as a ChatCompletion.");
  py::class_<Shared, SharedPtr>(module, "Stream", "A stream of the core. kimistream.Stream is its face.")
      .def("events", [](const SharedPtr& self) { return iterator(self, Gives::events); })
      .def("texts", [](const SharedPtr& self) { return iterator(self, Gives::texts); })
      .def("thoughts", [](const SharedPtr& self) { return iterator(self, Gives::thoughts); })
      .def("chunks", [](const SharedPtr& self) { return iterator(self, Gives::chunks); })
      .def("events_async",
           [](const SharedPtr& self, const py::object& loop) { return async_iterator(self, Gives::events, loop); })
      .def("texts_async",
           [](const SharedPtr& self, const py::object& loop) { return async_iterator(self, Gives::texts, loop); })
      .def("thoughts_async",
           [](const SharedPtr& self, const py::object& loop) { return async_iterator(self, Gives::thoughts, loop); })
      .def("chunks_async",
           [](const SharedPtr& self, const py::object& loop) { return async_iterator(self, Gives::chunks, loop); })
      .def(
          "head_async",
          [](const SharedPtr& self, const py::object& loop) { return awaitable(self, Awaits::head, loop); },
          "Awaits the response head.")
      .def(
          "body_async",
          [](const SharedPtr& self, const py::object& loop) { return awaitable(self, Awaits::body, loop); },
          "Awaits an answer that comes whole.")
      .def(
          "message_async",
          [](const SharedPtr& self, const py::object& loop) { return awaitable(self, Awaits::message, loop); },
          "Awaits the end; what comes stays only in the message, which is the result.")
      .def("wait_for_head",
           [](const SharedPtr& self) {
             if (wait_for_head(self->stream)) return;
             self->look();
             throw py::error_already_set();
           })
      .def("message",
           [](const SharedPtr& self) {
             drain(*self);
             return from_message(self->stream.partial());
           })
      .def(
          "json", [](const SharedPtr& self) { return loads(wait_for_body(*self)); },
          "The body of an answer that came whole, as Python objects.")
      .def(
          "body",
          [](const SharedPtr& self) {
            const std::string body = wait_for_body(*self);
            if (self->watching) self->watching->end_with(body);
            return text(body);
          },
          "The same as it came, as text.")
      .def(
          "completion",
          [](const SharedPtr& self) {
            const std::string body = wait_for_body(*self);
            py::object completion = from_completion(body, std::string(self->stream.request_id()));
            if (self->watching) self->watching->end(completion);
            return completion;
          },
          "The same as a ChatCompletion.")
      .def("show_usage_chunks", [](const SharedPtr& self) { self->show_usage_chunks = true; })
      .def("close",
           [](const SharedPtr& self) {
             // With the GIL, as everything is that takes from a stream: who waits for it does so without, and is woken.
             self->stream.close();
             if (self->watching) self->watching->end(py::none());
             // A task that waits is woken by the pump that is now due, and lets go of the reactor.
             if (!self->waiter) self->owner = py::none();
           })
      .def_readwrite("owner", &Shared::owner, "What must live as long as this stream has more to come.")
      .def(
          "watch",
          [](const SharedPtr& self, py::object watch) {
            self->watching = std::make_unique<Watching>(*self, std::move(watch));
          },
          py::arg("watch"), "Tells how the answer goes: watch.first(), watch.end(message, error, completion).")
      .def_property_readonly(
          "replayed", [](const SharedPtr& self) { return self->stream.replayed(); },
          "Whether it is played from a cassette, not in its own time: nothing need be waited for behind it.")
      .def_property_readonly("over",
                             [](const SharedPtr& self) {
                               const auto state = self->stream.state();
                               return state == Stream::State::ended || state == Stream::State::failed;
                             })
      .def_property_readonly("partial", [](const SharedPtr& self) { return from_partial(self->stream.snapshot()); })
      .def_property_readonly("usage", [](const SharedPtr& self) { return from_usage(self->stream.snapshot().usage); })
      .def_property_readonly("request_id",
                             [](const SharedPtr& self) { return steal(to_str(self->stream.request_id())); })
      .def_property_readonly("status_code", [](const SharedPtr& self) { return self->stream.status_code(); })
      .def_property_readonly("headers", [](const SharedPtr& self) { return from_headers(self->stream.headers()); });
}

}  // namespace kimistream::python
