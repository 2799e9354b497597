// Characters of ASCII as JSON and HTTP take them, whatever the locale. White space of chat templates: white.hpp.
#pragma once

#include <algorithm>
#include <string_view>

namespace kimistream {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

[[nodiscard]] constexpr bool is_blank(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_blank(c); });
}

/// The text without the blanks before it.
[[nodiscard]] constexpr std::string_view trim_front(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

/// The text without the blanks behind it.
[[nodiscard]] constexpr std::string_view trim_back(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The text without blanks at either end.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept { return trim_back(trim_front(text)); }

[[nodiscard]] constexpr bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace kimistream
