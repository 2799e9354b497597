// Chance, for the jitter of pauses.
#pragma once

#include <random>

namespace kimistream {

/// A number from 0 to 1.
inline double roll_dice() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace kimistream
