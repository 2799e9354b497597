// The word that was probably meant by one that nobody knows.
#pragma once

#include <cstddef>
#include <string_view>

namespace kimistream::rules {

/// How many letters must be put in, left out, replaced or swapped with their neighbour to make one word of the other,
/// letter case aside. Words of more than 64 letters are far from everything.
[[nodiscard]] std::size_t letters_between(std::string_view left, std::string_view right);

/// How many such slips still look like one word: one in three letters, two in five, three in ten and more.
[[nodiscard]] constexpr std::size_t slips_in(std::string_view word) noexcept {
  return word.size() < 10 ? 1 + word.size() / 5 : 3;
}

/// The closest of the names, the first of those that are equally close; "" where none is within a few slips. Views one
/// of the names, so they must outlive what is returned.
template <class Names>
[[nodiscard]] std::string_view nearest(std::string_view word, const Names& names) {
  std::string_view best;
  std::size_t least = slips_in(word) + 1;
  for (const auto& each : names) {
    const std::string_view name(each);
    if (const std::size_t there = letters_between(word, name); there < least && there < name.size()) {
      least = there;
      best = name;
    }
  }
  return best;
}

}  // namespace kimistream::rules
