#include "record/unescaped.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace kimistream::record {
namespace {

/// The ASCII character of these hexadecimal digits, nothing for any other text.
std::optional<char> ascii(std::string_view digits, std::size_t count) {
  unsigned value = 0;
  if (digits.size() < count) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + count, value, 16);
  if (error != std::errc() || end != digits.data() + count || value > 0x7F) return std::nullopt;
  return static_cast<char>(value);
}

struct Escape {
  char character = 0;
  std::size_t size = 0;  // 0: none, or one that stays
};

Escape json_escape(std::string_view text) {
  if (text.size() < 2) return {};
  if (std::string_view("/\"\\").find(text[1]) != std::string_view::npos) return {text[1], 2};
  if (text[1] != 'u') return {};
  const auto character = ascii(text.substr(2), 4);
  return character ? Escape{*character, 6} : Escape{};
}

Escape percent_escape(std::string_view text) {
  const auto character = ascii(text.substr(1), 2);
  return character ? Escape{*character, 3} : Escape{};
}

template <class Read>
Unescaped unescaped(std::string_view text, char mark, Read read) {
  Unescaped made;
  std::size_t at = 0;
  for (std::size_t next = text.find(mark); next != std::string_view::npos; next = text.find(mark, at)) {
    made.text.append(text, at, next - at);
    const Escape escape = read(text.substr(next));
    at = next + std::max<std::size_t>(escape.size, 1);
    made.text += escape.size == 0 ? mark : escape.character;
    if (escape.size > 1) made.shifts.emplace_back(made.text.size(), at - made.text.size());
  }
  made.text.append(text.substr(at));
  return made;
}

}  // namespace

std::size_t Unescaped::place_of(std::size_t at) const noexcept {
  const auto behind = std::upper_bound(shifts.begin(), shifts.end(), at,
                                       [](std::size_t place, const auto& shift) { return place < shift.first; });
  return behind == shifts.begin() ? at : at + std::prev(behind)->second;
}

std::optional<Unescaped> without_json_escapes(std::string_view text) {
  if (text.find("\\u00") == std::string_view::npos && text.find("\\/") == std::string_view::npos) return std::nullopt;
  return unescaped(text, '\\', json_escape);
}

std::optional<Unescaped> without_percents(std::string_view text) {
  if (text.find('%') == std::string_view::npos) return std::nullopt;
  Unescaped made = unescaped(text, '%', percent_escape);
  if (made.shifts.empty()) return std::nullopt;
  return made;
}

}  // namespace kimistream::record
