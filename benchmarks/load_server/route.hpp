/// @file route.hpp
/// @brief What a request asks for, read from its path: `/paced/2000/500/v1/chat/completions`.
#pragma once

#include <cstdint>
#include <string_view>

namespace kimistream::load {

struct Route {
  enum class Kind {
    blast,  ///< the canned stream in writes as large as the socket takes
    each,   ///< the canned stream, one send() for each event
    paced,  ///< paced/<microseconds>/<count>: one event for each tick, its text the time just before send()
    slow,   ///< slow/<per second>/<seconds>: the same at a random phase, for many streams at once
    late,   ///< late/<ms>: a short stream whose last HTTP chunk comes so much later than [DONE]
    stall,  ///< stall/<ms>: one event, then nothing for so long
    small,  ///< a small JSON completion
    delay,  ///< delay/<ms>: the same, later
    sink,   ///< the same, after a body of any size
    models,
    stats,
    unknown,
  };
  Kind kind = Kind::unknown;
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

/// The first path segment that names a kind counts; whatever is around it is the client's.
[[nodiscard]] Route route_of(std::string_view target);

}  // namespace kimistream::load
