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
/// How long a row that was refused for too much, and not for the first time, makes way for others: in seconds, until
/// it may go again where there are no others, and where there are. The second is behind the pause of all: whoever is
/// tried first after that must not be the row that began it, or it begins the next one.
struct Aside {
  double earliest;
  double due;
};
/// @param refusals before this one, 1 or more
[[nodiscard]] Aside aside_of(const Error& error, int refusals);
/// A proxy in between did not wait for the whole answer: the next attempt asks for it in pieces.
[[nodiscard]] bool streams_next(const Error& error);
/// The provider may have counted this attempt: it has answered, or had the time to.
[[nodiscard]] bool may_be_counted(const Error& error);

}  // namespace kimistream::bulk
