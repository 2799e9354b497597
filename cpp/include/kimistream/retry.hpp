/// @file retry.hpp
/// @brief When to try again. Pure functions: the clock and the dice are the caller's.
#pragma once

#include <optional>

#include "kimistream/error.hpp"

namespace kimistream {

struct RetryPolicy {
  int max_retries = 2;
  double base_seconds = 0.5;   ///< of the exponential backoff
  double cap_seconds = 8.0;    ///< of one backoff
  double longest_hint = 120;   ///< a server that asks for more than this is not waited for
  double total_seconds = 900;  ///< from the first attempt on; no attempt begins later than that
};

/// The server's hint in its headers: `retry-after-ms`, then `retry-after` in seconds or as an HTTP date. Nothing for
/// a hint that is absent or makes no sense. Gateways' names for them count too.
/// @param now Unix time in seconds, to compare a date with; 0 asks the clock
[[nodiscard]] std::optional<double> retry_after_seconds(const Headers& headers, double now = 0);

/// When the server's limits are renewed: `x-ratelimit-reset-requests` and `-tokens` (durations such as "1s", "6m0s";
/// the longer one counts), then `x-ratelimit-reset` (seconds, or a Unix time in seconds or milliseconds, told apart by
/// magnitude). Nothing for what is absent, past or makes no sense. @param now as above
[[nodiscard]] std::optional<double> rate_limit_reset_seconds(const Headers& headers, double now = 0);

/// Seconds to wait before the next attempt, or nothing when there shall be none.
/// @param retries how many retries there have been; 0 after the first attempt
/// @param dice    a number from 0 to 1, for the jitter
/// @param elapsed seconds since the first attempt began
[[nodiscard]] std::optional<double> next_delay(const RetryPolicy& policy, const Error& error, int retries, double dice,
                                               double elapsed = 0);

}  // namespace kimistream
