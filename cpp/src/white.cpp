#include "white.hpp"

#include <algorithm>
#include <array>

namespace kimistream {
namespace {

using namespace std::string_view_literals;

// What is more than a byte long, in UTF-8: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F,
// U+3000.
constexpr std::array wide = {"\xC2\x85"sv,     "\xC2\xA0"sv,     "\xE1\x9A\x80"sv, "\xE2\x80\x80"sv, "\xE2\x80\x81"sv,
                             "\xE2\x80\x82"sv, "\xE2\x80\x83"sv, "\xE2\x80\x84"sv, "\xE2\x80\x85"sv, "\xE2\x80\x86"sv,
                             "\xE2\x80\x87"sv, "\xE2\x80\x88"sv, "\xE2\x80\x89"sv, "\xE2\x80\x8A"sv, "\xE2\x80\xA8"sv,
                             "\xE2\x80\xA9"sv, "\xE2\x80\xAF"sv, "\xE2\x81\x9F"sv, "\xE3\x80\x80"sv};

bool is_narrow(char byte) noexcept {
  return byte == ' ' || (byte >= '\t' && byte <= '\r') || (byte >= '\x1C' && byte <= '\x1F');
}

}  // namespace

std::size_t white_character(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (is_narrow(text.front())) return 1;
  const auto* const found =
      std::find_if(wide.begin(), wide.end(), [&](std::string_view each) { return text.starts_with(each); });
  return found == wide.end() ? 0 : found->size();
}

std::size_t white_prefix(std::string_view text) noexcept {
  std::size_t size = 0;
  while (const std::size_t more = white_character(text.substr(size))) size += more;
  return size;
}

std::string_view without_white_end(std::string_view text) noexcept {
  for (;;) {
    if (!text.empty() && is_narrow(text.back())) {
      text.remove_suffix(1);
      continue;
    }
    const auto* const found =
        std::find_if(wide.begin(), wide.end(), [&](std::string_view each) { return text.ends_with(each); });
    if (found == wide.end()) return text;
    text.remove_suffix(found->size());
  }
}

}  // namespace kimistream
