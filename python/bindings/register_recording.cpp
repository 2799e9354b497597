// Cassettes, and recorded exchanges on their way to Python.
#include <algorithm>
#include <chrono>
#include <utility>

#include "common.hpp"

namespace kimistream::python {
namespace {

using std::chrono::milliseconds;

/// A cassette, and what was met while its file was read.
struct Played {
  std::string mode;
  std::vector<std::string> met;
  std::optional<Cassette> cassette;
};

void warn(const std::string& line) {
  const py::gil_scoped_acquire gil;
  try {
    py::handle(registry().warn)(text(line));
  } catch (py::error_already_set& failure) {
    failure.discard_as_unraisable("a warning of kimistream");
  }
}

std::shared_ptr<Played> open_cassette(const std::string& path, const std::string& mode, bool realtime, bool repeat) {
  auto played = std::make_shared<Played>();
  played->mode = mode;
  // What is met now is given to the caller; what is lost later, on whatever thread, is told when it happens.
  const auto on_warning = [weak = std::weak_ptr(played)](const std::string& line) {
    if (const auto opening = weak.lock(); opening && !opening->cassette) return opening->met.push_back(line);
    warn(line);
  };
  played->cassette =
      Cassette(path, cassette_mode(mode), {.realtime = realtime, .repeat = repeat, .on_warning = on_warning});
  return played;
}

/// Waits in slices, so that signal handlers run on the main thread.
std::optional<ExchangeQueue::Entry> take_exchange(const ExchangeQueue& queue, std::optional<milliseconds> longest) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    auto slice = wait_slice();
    if (longest) {
      const auto waited = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
      slice = std::clamp(*longest - waited, milliseconds(0), slice);
    }
    std::optional<ExchangeQueue::Entry> entry;
    {
      const WithoutGil released;
      entry = queue.take(slice);
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (entry || queue.closed() || (longest && std::chrono::steady_clock::now() - begin >= *longest)) return entry;
  }
}

}  // namespace

TransportFactory recorded(std::string certificates, const py::object& cassette, const py::object& history,
                          const py::object& history_label) {
  const Played* played = nullptr;
  if (!cassette.is_none()) {
    if (!py::isinstance<Played>(cassette)) throw py::type_error("cassette must be a Cassette");
    played = &cassette.cast<const Played&>();
  }
  TransportFactory transport;
  if (!played || !played->cassette->only_replays()) transport = network_transport(std::move(certificates));
  if (played) transport = played->cassette->transport(std::move(transport));
  if (!history.is_none()) {
    if (!py::isinstance<ExchangeQueue>(history)) throw py::type_error("history must be an ExchangeQueue");
    transport = recording_transport(
        std::move(transport), history.cast<const ExchangeQueue&>().sink(from_str(history_label, "history_label")));
  }
  return transport;
}

void register_recording(py::module_& module) {
  py::class_<Played, std::shared_ptr<Played>>(module, "Cassette",
                                              "A cassette of the core. kimistream.Cassette is its face.")
      .def(py::init(&open_cassette), py::arg("path"), py::arg("mode"), py::arg("realtime"), py::arg("repeat"))
      .def(
          "take_warnings",
          [](Played& self) {
            py::list lines;
            for (const std::string& line : std::exchange(self.met, {})) lines.append(text(line));
            return lines;
          },
          "What was met while the file was read.")
      .def_property_readonly("path", [](const Played& self) { return py::bytes(self.cassette->path()); })
      .def_property_readonly("mode", [](const Played& self) { return text(self.mode); })
      .def_property_readonly(
          "only_replays", [](const Played& self) { return self.cassette->only_replays(); },
          "Whether nothing is recorded, and so nothing sent.");
  module.def("tell_open_exchanges", &tell_open_exchanges,
             "For the end of a process: tells of all answers under way as if their reader had left.");
  py::class_<ExchangeQueue>(module, "ExchangeQueue", "Recorded exchanges on their way to a thread that keeps them.")
      .def(py::init<std::size_t, std::size_t>(), py::arg("max_exchanges") = 4096,
           py::arg("max_bytes") = std::size_t{64} << 20,
           "Beyond the limits new exchanges are dropped and counted. A forked child's queue begins empty.")
      .def(
          "take",
          [](const ExchangeQueue& self, const py::object& timeout) -> py::object {
            std::optional<milliseconds> longest;
            if (!timeout.is_none()) longest = milliseconds(static_cast<std::int64_t>(timeout.cast<double>() * 1000));
            const auto entry = take_exchange(self, longest);
            if (!entry) return py::none();
            std::string line;
            {
              const WithoutGil released;
              line = entry->exchange.line();
            }
            return py::make_tuple(text(entry->label), entry->exchange.started(), entry->exchange.seconds(), text(line));
          },
          py::arg("timeout") = py::none(),
          "(label, when it began in seconds since 1970, how long it took, its line as JSON) of the oldest exchange; "
          "waits for one without the GIL. None when the time is over, or the queue is closed and empty.")
      .def("close", &ExchangeQueue::close, "Nothing goes in any more, and nobody waits.")
      .def_property_readonly("closed", &ExchangeQueue::closed)
      .def_property_readonly("dropped", &ExchangeQueue::dropped, "How many exchanges had no room.");
}

}  // namespace kimistream::python
