// Bulk runs: requests go in, rows that have ended come out by many at a time; what is between does without the GIL.
#include <algorithm>
#include <cmath>

#include "common.hpp"

namespace kimistream::python {
namespace {

std::optional<std::int64_t> to_limit(const py::object& value, const char* name) {
  if (value.is_none()) return std::nullopt;
  return to_count(value, name);
}

// Whoever has a run's lock may want the GIL, for what is told of an upload: so nobody waits for the lock with the GIL.
using Unlocked = py::call_guard<WithoutGil>;
template <class Getter>
py::cpp_function unlocked(Getter getter) {
  return {getter, Unlocked()};
}

struct Closed {
  void operator()(BulkRun* run) const {
    {
      const WithoutGil working;
      run->close();
    }
    delete run;
  }
};
using Owned = std::unique_ptr<BulkRun, Closed>;

/// Waits until rows are to be taken; returns early at a signal, for Python handles those.
void wait_for_rows(BulkRun& run, double seconds) {
  const double longest = std::min(seconds, std::chrono::duration<double>(wait_slice()).count());
  const InTheCore waiting(run);
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(longest));
  for (auto left = until - Clock::now(); left.count() > 0 && run.due() > 0 && run.size() > 0;
       left = until - Clock::now())
    if (!run.pump(std::chrono::ceil<std::chrono::milliseconds>(left))) return;
}

py::list take_results(BulkRun& run) {
  std::vector<Result> results;
  std::vector<std::string> log;
  {
    const WithoutGil working;
    results = run.take();
    log = run.take_log();
  }
  write_log(log);
  py::list rows(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) rows[i] = from_result(results[i]);
  return rows;
}

}  // namespace

py::tuple from_result(const Result& result) {
  return py::make_tuple(result.index, result.message ? from_message(*result.message) : py::none(),
                        result.error ? as_exception(*result.error) : py::none(), result.attempts, result.seconds,
                        result.meets_every_row);
}

void register_bulk(py::module_& module) {
  py::class_<Limits>(module, "Limits", "What runs share. kimistream.Limits is its face.")
      .def(py::init(
               [](const py::object& concurrency, const py::object& rpm, const py::object& tpm, const py::object& tpd) {
                 return Limits{.concurrency = to_limit(concurrency, "concurrency"),
                               .rpm = to_limit(rpm, "rpm"),
                               .tpm = to_limit(tpm, "tpm"),
                               .tpd = to_limit(tpd, "tpd")};
               }),
           py::arg("concurrency"), py::arg("rpm"), py::arg("tpm"), py::arg("tpd"));

  py::class_<BulkRun, Owned>(module, "BulkRun",
                             "Many requests under limits. One thread at a time, but for wake and close.")
      .def(py::init([](const Client& client, const Limits& limits, std::size_t concurrency) {
             return Owned(new BulkRun(client, RunOptions{.concurrency = concurrency, .limits = limits}));
           }),
           py::arg("client"), py::arg("limits"), py::arg("concurrency"))
      .def(
          "add",
          [](BulkRun& self, std::size_t index, const py::tuple& arguments, std::int64_t tokens, bool streams) {
            Request request = to_request(arguments, false);
            const WithoutGil working;
            self.add(index, std::move(request), tokens, streams);
          },
          py::arg("index"), py::arg("arguments"), py::arg("tokens"), py::arg("streams") = false,
          "A row more, which is sent by the next pump, if there is a place for it.")
      .def("no_more", &BulkRun::no_more, Unlocked(), "No more rows will be added.")
      .def("stop", &BulkRun::stop, Unlocked(), "Nothing is sent from now on: what is under way ends.")
      .def(
          "flush",
          [](BulkRun& self) {
            const InTheCore working;
            self.flush();
          },
          "Sends what was added, without a look at what comes.")
      .def(
          "pump",
          [](BulkRun& self) {
            const InTheCore working;
            self.pump();
          },
          "Does what is ready.")
      .def("wait", &wait_for_rows, py::arg("seconds"),
           "Waits until rows are to be taken, for so long at most. Returns early at a signal and by wake().")
      .def("take", &take_results,
           "(index, Message or None, error or None, attempts, seconds, meets_every_row) of each row.")
      .def("wake", &BulkRun::wake, "Ends a wait. Any thread.")
      .def(
          "close",
          [](BulkRun& self) {
            const InTheCore working;
            self.close();
          },
          "Closes what is under way; what has ended can still be taken. Any thread.")
      .def_property_readonly("room", unlocked(&BulkRun::room), "How many rows may be added.")
      .def_property_readonly("due", unlocked(&BulkRun::due),
                             "Seconds until there are rows to take; inf where none has ended.")
      .def_property_readonly("later", unlocked(&BulkRun::wait),
                             "Seconds until pump() has something to do, whatever comes.")
      .def_property_readonly("counts_tokens", &BulkRun::counts_tokens)
      .def_property_readonly("descriptor", &BulkRun::descriptor, "Readable when pump() has something to do.")
      .def("__len__", &BulkRun::size, Unlocked());

  module.def("call_quietly", &call_quietly, py::arg("call"),
             "Calls it; what it raises is unraisable: a watcher's own affair.");
  module.def("meets_every_row", &meets_every_row, py::arg("status_code"), py::arg("reason"),
             "Whether an error is what every other row of a run would meet as well.");
}

}  // namespace kimistream::python
