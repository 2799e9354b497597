/// @file connection.hpp
/// @brief One client and the response that it is being given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frames.hpp"
#include "request_parser.hpp"
#include "route.hpp"

namespace kimistream::load {

struct Counters {
  std::uint64_t connections = 0;
  std::uint64_t open = 0;
  std::uint64_t requests = 0;
  std::uint64_t events = 0;
  std::uint64_t body_bytes = 0;
};

/// Owns the descriptor. Never blocks: `wants_write()` says that it waits for the client to read, `due()` that
/// it waits for the clock.
class Connection {
 public:
  Connection(int descriptor, const CannedStream& canned, Counters& counters);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// False: the client is gone.
  [[nodiscard]] bool on_readable();
  [[nodiscard]] bool on_writable() { return advance(); }
  [[nodiscard]] bool on_due();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool wants_write() const noexcept { return blocked_; }
  [[nodiscard]] std::optional<std::uint64_t> due() const noexcept { return due_; }

 private:
  enum class Push { done, blocked, failed };

  bool advance();
  void begin(const Request& request);
  void begin_ticks(std::uint64_t period, std::uint64_t count, std::uint64_t phase);
  Push push(std::string_view bytes, std::size_t& position);
  Push push_canned();
  [[nodiscard]] bool busy() const noexcept;

  int descriptor_;
  const CannedStream& canned_;
  Counters& counters_;
  RequestParser parser_;

  std::string out_;  // comes before the canned stream
  std::size_t out_position_ = 0;
  bool sending_canned_ = false;
  bool one_by_one_ = false;
  std::size_t canned_position_ = 0;
  std::size_t piece_ = 0;

  std::optional<std::uint64_t> due_;
  std::uint64_t period_ = 0;
  std::uint64_t ticks_left_ = 0;
  std::string later_;  // what is sent when the clock says so
  bool blocked_ = false;
};

}  // namespace kimistream::load
