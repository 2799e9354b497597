// White space as Python's str.strip() takes it: chat templates are written in Jinja and strip with it.
#pragma once

#include <cstddef>
#include <string_view>

namespace kimistream {

/// How many bytes the white space at the beginning of UTF-8 text has, one character of it; 0 where there is none.
[[nodiscard]] std::size_t white_character(std::string_view text) noexcept;

/// How many bytes all the white space at the beginning has.
[[nodiscard]] std::size_t white_prefix(std::string_view text) noexcept;

/// The text without the white space at its end.
[[nodiscard]] std::string_view without_white_end(std::string_view text) noexcept;

}  // namespace kimistream
