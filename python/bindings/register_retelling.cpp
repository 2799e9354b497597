// Recorded exchanges, told once more.
#include "common.hpp"

namespace kimistream::python {
void register_retelling(py::module_& module) {
  module.def(
      "retell",
      [](const py::object& provider, const py::object& line, bool events) {
        const std::string row = from_str(provider, "provider"), kept = from_str(line, "line");
        Retold retold;
        {
          const WithoutGil released;
          retold = retell(row, kept, events);
        }
        py::list listed;
        for (const auto& [seconds, event] : retold.events)
          listed.append(py::make_tuple(seconds, steal(from_event(event))));
        return py::make_tuple(from_message(retold.message), retold.error ? as_exception(*retold.error) : py::none(),
                              listed);
      },
      py::arg("provider"), py::arg("line"), py::arg("events") = false,
      "Reads a recorded answer once more, without a network and without the GIL: the message, the exception or None, "
      "and with `events` a list of (seconds, event).");
  module.def(
      "without_pieces",
      [](const py::object& line) {
        const std::string kept = from_str(line, "line");
        std::string head;
        {
          const WithoutGil released;
          head = without_pieces(kept);
        }
        return text(head);
      },
      py::arg("line"), "The same line without its pieces.");
  module.def(
      "body_of",
      [](const py::object& provider, const py::tuple& arguments, bool stream) {
        return text(body_of(from_str(provider, "provider"), to_request(arguments, stream), stream));
      },
      py::arg("provider"), py::arg("arguments"), py::arg("stream"),
      "The JSON that a request with these arguments sends, without sending it.");
}

}  // namespace kimistream::python
