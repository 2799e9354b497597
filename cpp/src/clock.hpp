// The clock of everything above the transport: monotonic.
#pragma once

#include <chrono>
#include <ctime>

namespace kimistream {

using Clock = std::chrono::steady_clock;

/// The time to a few milliseconds: asked once for each block, where the exact time would cost as much as reading it.
inline Clock::time_point rough_now() {
#ifdef CLOCK_MONOTONIC_COARSE
  ::timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return Clock::time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
#else
  return Clock::now();
#endif
}

}  // namespace kimistream
