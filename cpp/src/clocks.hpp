// The clocks of one call: which of them is due at which time, given when things were said to happen. Knows no phases
// and asks nobody for the time.
#pragma once

#include <algorithm>
#include <chrono>
#include <string_view>

#include "clock.hpp"
#include "kimistream/error.hpp"
#include "kimistream/timeout.hpp"

namespace kimistream {

/// A Timeout with nothing left open. Never is a time that can still be added to others.
struct ClockLimits {
  std::chrono::milliseconds connect{60'000};
  // Moonshot answers 504 after 900 s without a byte (platform.kimi.ai, errors): its own word should come first.
  std::chrono::milliseconds first_event{960'000};
  std::chrono::milliseconds idle{600'000};
  std::chrono::milliseconds total = never();

  [[nodiscard]] static constexpr std::chrono::milliseconds never() {
    return std::chrono::seconds{1'000'000'000};  // 31 years
  }
};

/// What a request asks for, else what its client does, else the default.
/// @throws Exception (invalid_request) for a clock that is not more than nothing
[[nodiscard]] ClockLimits limits_of(const Timeout& asked, const Timeout& clients);

class Clocks {
 public:
  explicit Clocks(const ClockLimits& limits) noexcept : limits_(limits) {}

  // ---- what happens ----

  /// The call begins.
  void begin(Clock::time_point now) noexcept { begun_at_ = waiting_since_ = now; }
  void attempt(Clock::time_point now) noexcept {
    sent_at_ = last_ = now;
    spent_ = {};
  }
  /// The request could not go out before, or some of it went out still: it is not the server that was late.
  void sent(Clock::time_point when) noexcept { sent_at_ = std::max(sent_at_, when); }
  /// The response head has come. It is no event: what was waited for it is not given back.
  void head(Clock::time_point now) noexcept {
    spent_ = std::max(now - waited_since(), Clock::duration{});
    last_ = now;
  }
  /// Something has come that is an event, or will be.
  void came(Clock::time_point now) noexcept {
    last_ = now;
    spent_ = {};
  }
  /// Somebody waits from now on.
  void reader_waits(Clock::time_point now) noexcept {
    waiting_since_ = now;
    away_ = false;
  }
  /// Nobody waits any more.
  void reader_leaves() noexcept { away_ = true; }
  [[nodiscard]] bool away() const noexcept { return away_; }
  /// A clock is due, but nobody has waited until now: it has not begun.
  void still_away(Clock::time_point now) noexcept { waiting_since_ = now; }

  // ---- when is what due ----

  [[nodiscard]] Clock::time_point first_event() const noexcept {
    return waited_since() + (limits_.first_event - spent_);
  }
  [[nodiscard]] Clock::time_point idle() const noexcept { return waited_since() + limits_.idle; }
  /// What may still come behind the finish reason.
  [[nodiscard]] Clock::time_point grace(std::chrono::milliseconds longest) const noexcept {
    return (away_ ? last_ : waited_since()) + std::min(longest, limits_.idle);
  }
  [[nodiscard]] Clock::time_point total() const noexcept { return begun_at_ + limits_.total; }

  [[nodiscard]] double elapsed(Clock::time_point now) const noexcept {
    return std::chrono::duration<double>(now - begun_at_).count();
  }
  [[nodiscard]] Clock::time_point sent_at() const noexcept { return sent_at_; }
  [[nodiscard]] Clock::time_point waiting_since() const noexcept { return waiting_since_; }

 private:
  /// Since when the reader has waited for what comes next.
  [[nodiscard]] Clock::time_point waited_since() const noexcept { return std::max({sent_at_, last_, waiting_since_}); }

  ClockLimits limits_;
  Clock::time_point begun_at_{}, sent_at_{}, last_{}, waiting_since_{};
  Clock::duration spent_{};  // of the first event's time, until the head came
  bool away_ = false;
};

/// A clock ran out: `clock` is "first_event", "idle" or "total". @param what happened until then, e.g. "no answer
/// began"
[[nodiscard]] Error timed_out(std::string_view clock, std::string_view what, std::chrono::milliseconds limit);

}  // namespace kimistream
