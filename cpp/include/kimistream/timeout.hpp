/// @file timeout.hpp
/// @brief How long a request may take: four clocks.
#pragma once

#include <chrono>
#include <optional>

namespace kimistream {

/// Four clocks. What is left open is the client's value for that clock, else the default. `never` lets a clock run for
/// ever; what is not more than nothing is refused before anything is sent.
struct Timeout {
  std::optional<std::chrono::milliseconds> connect{};  ///< name, TCP, the handshakes of proxy and TLS; default: 60 s
  /// From the moment the request could go out until the first event; default: 16 minutes, for models think. Runs only
  /// while somebody waits.
  std::optional<std::chrono::milliseconds> first_event{};
  /// Silence between two events; default: 10 minutes. What counts is what becomes an event: comments, blank lines and
  /// pings do not. Runs only while somebody waits.
  std::optional<std::chrono::milliseconds> idle{};
  /// From the call until the end of the answer has arrived, over all attempts and the pauses between them; default:
  /// never. A pause that would outlast it is not begun: the attempt's error is thrown at once.
  std::optional<std::chrono::milliseconds> total{};

  static constexpr std::chrono::milliseconds never = std::chrono::milliseconds::max();

  friend bool operator==(const Timeout&, const Timeout&) = default;
};

/// What options take: a Timeout, or one duration for `connect`, `first_event` and `idle` each.
struct TimeoutOption : Timeout {
  constexpr TimeoutOption() = default;
  constexpr TimeoutOption(const Timeout& clocks) : Timeout(clocks) {}  // NOLINT(google-explicit-constructor)
  constexpr TimeoutOption(std::nullopt_t) {}                           // NOLINT(google-explicit-constructor)
  template <class Rep, class Period>
  constexpr TimeoutOption(std::chrono::duration<Rep, Period> each) {  // NOLINT(google-explicit-constructor)
    connect = first_event = idle = rounded(each);
  }
  template <class Rep, class Period>
  constexpr TimeoutOption(  // NOLINT(google-explicit-constructor)
      const std::optional<std::chrono::duration<Rep, Period>>& each) {
    if (each) connect = first_event = idle = rounded(*each);
  }

  /// Seconds as milliseconds, rounded up, so that a little is not nothing; 0 for what is no number.
  static constexpr std::chrono::milliseconds rounded(std::chrono::duration<double> seconds) {
    constexpr double most = 1e9;
    if (!(seconds.count() > 0)) return std::chrono::milliseconds{0};
    if (seconds.count() >= most) return never;
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(seconds);
    return whole < seconds ? whole + std::chrono::milliseconds{1} : whole;
  }
};

}  // namespace kimistream
