// What becomes of a row whose attempt failed. Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "kimistream/error.hpp"

namespace kimistream::bulk {

enum class Fate {
  row,    ///< it is the row's error
  again,  ///< it is tried again
  wait,   ///< too much: it waits with all others, and that is no retry
  run,    ///< every other row would meet the same
};

/// @param retries     how many there have been, waits not counted
/// @param max_retries of a row
[[nodiscard]] Fate fate_of(const Error& error, int retries, int max_retries);
/// Seconds until the next attempt of a row that is tried again: the server's hint, else full jitter.
/// @param dice a number from 0 to 1
[[nodiscard]] double pause_before(const Error& error, int retries, double dice);
/// A proxy in between did not wait for the whole answer: the next attempt asks for it in pieces.
[[nodiscard]] bool streams_next(const Error& error);
/// The provider may have counted this attempt: it has answered, or had the time to.
[[nodiscard]] bool may_be_counted(const Error& error);

}  // namespace kimistream::bulk
