// Many requests from one thread: a BulkRun, and whoever waits for it.
#include <utility>

#include "clock.hpp"
#include "kimistream/bulk_run.hpp"

namespace kimistream {
namespace {

constexpr std::chrono::milliseconds longest_away{5};  // for the source, before answers have their turn

}  // namespace

void Client::pull_all(const std::function<std::optional<Request>()>& next, const std::function<void(Result)>& on_result,
                      const RunOptions& options) {
  BulkRun run(*this, options);
  std::size_t count = 0;
  for (bool ended = false; !ended || run.size() > 0;) {
    for (Result& result : run.take()) on_result(std::move(result));
    const auto until = Clock::now() + longest_away;
    bool late = false;
    while (!ended && !late && run.room() > 0) {
      std::optional<Request> request = next();
      if (request) {
        run.add(count++, std::move(*request));
        run.flush();  // it goes out now, however long the next one takes
      } else {
        ended = true;
        run.no_more();
      }
      late = Clock::now() >= until;
    }
    if (ended && run.size() == 0) return;
    run.pump(late ? std::chrono::milliseconds(0) : std::chrono::seconds(1));
  }
}

void Client::run_all(std::span<const Request> requests, const std::function<void(Result)>& on_result,
                     RunOptions options) {
  const auto next = [at = requests.begin(), end = requests.end()]() mutable {
    return at == end ? std::nullopt : std::optional<Request>(*at++);
  };
  pull_all(next, on_result, options);
}

}  // namespace kimistream
