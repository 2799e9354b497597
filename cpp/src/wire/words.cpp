#include "wire/words.hpp"

#include <algorithm>

#include "characters.hpp"

namespace kimistream::wire {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::size_t find_words(std::string_view text, std::string_view words, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  const auto at =
      std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), words.begin(), words.end(), same);
  return at == text.end() ? std::string_view::npos : static_cast<std::size_t>(at - text.begin());
}

bool says(std::string_view text, std::string_view words) {
  for (std::size_t at = 0; (at = find_words(text, words, at)) != std::string_view::npos; ++at) {
    const std::size_t behind = at + words.size();
    const bool begins = at == 0 || !is_word(lower(text[at - 1])) || !is_word(lower(words.front()));
    const bool ends = words.size() > 4 || behind == text.size() || !is_word(lower(text[behind]));  // not "tpms"
    if (begins && ends) return true;
  }
  return false;
}

std::string_view beginning(std::string_view text, std::size_t longest) noexcept {
  if (text.size() <= longest) return text;
  while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xC0) == 0x80) --longest;
  return text.substr(0, longest);
}

}  // namespace kimistream::wire
