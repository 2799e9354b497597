/// @file bulk_run.hpp
/// @brief The engine of `Client::run_all`, for those who wait in a way of their own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/client.hpp"

namespace kimistream {

/// Whether an error with this status and `Error::reason` is what every other row of a run would meet as well: a key, a
/// model or an account that is refused.
[[nodiscard]] bool meets_every_row(int status_code, std::string_view reason) noexcept;

/// Many requests under limits, some of them at once. Rows are added as there is room, and given back as they end.
///
/// What is refused for too much waits, with all others that share the limits, and goes before what was never sent; it
/// is no retry and does not fail. One that is refused again and again is passed by others meanwhile. Other failures
/// that may pass are tried again, as often as the client's max_retries says; each attempt has the request's clocks
/// anew.
///
/// Never waits by itself: `pump()` does what is ready. One thread at a time, but for `wake()` and `close()`. Runs that
/// share limits take in what has come for one another, while their owners are away.
class BulkRun {
 public:
  /// @throws Exception (invalid_request) for limits below 1
  BulkRun(const Client& client, RunOptions options);
  ~BulkRun();
  BulkRun(const BulkRun&) = delete;
  BulkRun& operator=(const BulkRun&) = delete;

  /// How many rows may be added: as many as can be under way, less those that are not given back yet. Rows that wait
  /// for a time of their own take no room, up to 64 rows or as many as can be under way, whichever is more.
  [[nodiscard]] std::size_t room() const noexcept;
  /// Rows that were added and not given back yet.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Whether limits reckon with a request's tokens.
  [[nodiscard]] bool counts_tokens() const noexcept;

  /// A row more. It is sent by the next `pump()` or `flush()`, if there is a place for it.
  /// @param index  by which it is given back; rows with a smaller one go first
  /// @param tokens that limits reckon with; nothing: `estimate_tokens` and max_tokens, or 32,768 in its place
  /// @param streams whether its answer is asked for in pieces; nothing: as the options of the run say
  void add(std::size_t index, Request request, std::optional<std::int64_t> tokens = {},
           std::optional<bool> streams = {});
  /// No more rows will be added: nobody need make way for them.
  void no_more() noexcept;
  /// Nothing is sent from now on: what is under way ends, what only waits is forgotten.
  void stop() noexcept;

  /// Sends what was added, as far as that goes without a look at what comes: for a caller that is away next, at less
  /// than a `pump()` takes.
  void flush();
  /// Does what is ready, or waits up to `wait` for it, and no longer than until `due()`.
  /// @return false when a signal or a wake has ended the wait
  bool pump(std::chrono::milliseconds wait = {});
  /// Rows that have ended, in order of completion.
  [[nodiscard]] std::vector<Result> take();
  /// Seconds until `take()` is worth calling: 0 at once, infinite: nothing has ended. Somewhat more than nothing while
  /// other answers can be expected to follow soon, so that rows are given back by many at a time.
  [[nodiscard]] double due() const noexcept;
  /// Seconds until `pump()` has something to do whatever the network brings; infinite: never.
  [[nodiscard]] double wait() const noexcept;
  /// Readable when `pump()` has something to do; -1 where the platform has no such descriptor.
  [[nodiscard]] int descriptor() const noexcept;

  /// Ends the wait of a `pump()`. Any thread.
  void wake() noexcept;
  /// Closes what is under way; what has ended can still be taken. Any thread, any number of times.
  void close() noexcept;

  /// What happened behind the scenes since the last call: lines for a log.
  [[nodiscard]] std::vector<std::string> take_log();

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kimistream
