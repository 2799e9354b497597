// What a measurement of latencies says, as a line of JSON.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace kimistream::floors {

/// @param kb memory that each stream took, where that was measured
inline void report(std::vector<double> microseconds, long long cpu_ns, double kb = 0) {
  const auto cpu = static_cast<double>(cpu_ns) / static_cast<double>(microseconds.size());
  std::sort(microseconds.begin(), microseconds.end());
  const auto part = [&](double p) {
    return microseconds[static_cast<std::size_t>(p * static_cast<double>(microseconds.size() - 1))];
  };
  std::printf("{\"p10\": %.2f, \"p50\": %.2f, \"p99\": %.2f, \"cpu_us\": %.2f, \"count\": %zu, \"kb\": %.2f}\n",
              part(0.1), part(0.5), part(0.99), cpu / 1000, microseconds.size(), kb);
}

}  // namespace kimistream::floors
