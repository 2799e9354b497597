// Text without its escapes, and where each character of it stood.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kimistream::record {

struct Unescaped {
  std::string text{};
  /// From that place of `text` on, the original is so much further, until the next entry.
  std::vector<std::pair<std::size_t, std::size_t>> shifts{};

  /// Where a character of `text`, or its end, stands in the original.
  [[nodiscard]] std::size_t place_of(std::size_t at) const noexcept;
};

/// \u0000 to \u007F and the backslash before a slash, a quote or a backslash are what they stand for; other escapes
/// stay. Nothing where no character is escaped that need not be: such text has been looked through as it is.
[[nodiscard]] std::optional<Unescaped> without_json_escapes(std::string_view text);

/// The same for %00 to %7F.
[[nodiscard]] std::optional<Unescaped> without_percents(std::string_view text);

}  // namespace kimistream::record
