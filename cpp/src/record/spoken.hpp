// What a stream of JSON frames says: the strings that stand at one place of each frame, one behind the other, are a
// text that was cut into fragments.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace kimistream::record {

/// The inside of a JSON string, escapes as they are.
struct Fragment {
  std::size_t at = 0, size = 0;
};

/// For each place that strings stand at, its fragments in order. Frames are lines that are JSON objects, with or
/// without "data:" before them.
[[nodiscard]] std::vector<std::vector<Fragment>> spoken_in(std::string_view text);

}  // namespace kimistream::record
