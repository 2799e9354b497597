/// @file recording.hpp
/// @brief Exchanges as they were, written down one by one: for a history, or for tools of one's own.
///
///     options.transport = ks::recording_transport(ks::network_transport(), [&](ks::RecordedExchange exchange) {
///       file << exchange.line() << '\n';
///     });
///
/// To play them again see cassette.hpp, whose files have the same lines.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kimistream/transport.hpp"

namespace kimistream {

namespace record {
struct Capture;
}

/// One exchange that has ended. Cheap to copy, may be used on any thread.
class RecordedExchange {
 public:
  explicit RecordedExchange(std::shared_ptr<const record::Capture> capture) : capture_(std::move(capture)) {}

  /// The exchange as JSON, without a line break: `{"request": {"method", "path", "headers", "body"}, "response":
  /// {"status", "headers"} or null, "pieces": [[seconds, text or {"base64"}], ...], "end": "clean", "reset", "timeout",
  /// "left" or "refused", "clock": of a timeout, else null}`; where the connection failed `"error": {"message",
  /// "retryable"}` says how. Keys and cookies are taken out. Made anew by each call, which costs time in proportion to
  /// what was said: better not on the thread that the answer is waited for on.
  [[nodiscard]] std::string line() const;
  /// When it began, in seconds since 1970.
  [[nodiscard]] double started() const noexcept;
  /// How long it took.
  [[nodiscard]] double seconds() const noexcept;
  /// Bytes that it holds, about.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  std::shared_ptr<const record::Capture> capture_;
};

/// Is told of each exchange as it ends, on the thread that drives it. Must not throw.
using ExchangeSink = std::function<void(RecordedExchange)>;

/// Transports that do what those of `network` do, and tell the sink of it.
[[nodiscard]] TransportFactory recording_transport(TransportFactory network, ExchangeSink sink);

/// For the end of a process: tells of all answers that are still under way, with what has come so far, as if their
/// reader had left. What comes of them later is told to nobody. Any thread.
void tell_open_exchanges() noexcept;

/// Exchanges on their way to a thread that writes them down. Any thread. After a fork the child's is empty: what the
/// parent has recorded the parent writes.
class ExchangeQueue {
 public:
  /// Beyond these limits new exchanges are dropped and counted, so that a slow disk costs entries and no memory.
  explicit ExchangeQueue(std::size_t max_exchanges = 4096, std::size_t max_bytes = std::size_t{64} << 20);

  struct Entry {
    std::string label{};  ///< of the sink that it came by
    RecordedExchange exchange;
  };

  /// A sink that puts exchanges into this queue, also after the queue object has gone.
  [[nodiscard]] ExchangeSink sink(std::string label = {}) const;
  /// The oldest one; waits for it up to `longest`. Nothing when the time is over, or the queue is closed and empty.
  [[nodiscard]] std::optional<Entry> take(std::chrono::milliseconds longest) const;
  /// Nothing goes in any more, and nobody waits.
  void close() const noexcept;
  [[nodiscard]] bool closed() const noexcept;
  /// How many had no room so far.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kimistream
