// Answers by their content type, and what came of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/play.hpp"

namespace kimistream::testing {

inline const Headers no_type = {}, html = {{"Content-Type", "text/html"}},
                     json = {{"Content-Type", "application/json"}};

inline bool says(const Outcome& outcome, std::string_view words) {
  return outcome.error && outcome.error->message.find(words) != std::string::npos;
}

inline Error reset() {
  Error error;
  error.kind = ErrorKind::connection;
  error.message = "reset by peer";
  error.retryable = true;
  return error;
}

/// How many events of this type came.
inline std::size_t count(const Outcome& outcome, std::string_view type) {
  std::size_t all = 0;
  for (const Event& event : outcome.events) all += type_of(event) == type;
  return all;
}

}  // namespace kimistream::testing
