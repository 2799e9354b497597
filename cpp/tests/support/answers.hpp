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

}  // namespace kimistream::testing
