#include "rules/nearest.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace kimistream::rules {
namespace {

constexpr std::size_t longest = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

/// Optimal string alignment: row by row, of which the last two are needed.
std::size_t letters_between(std::string_view left, std::string_view right) {
  if (left.size() > longest || right.size() > longest) return std::numeric_limits<std::size_t>::max();
  std::array<std::size_t, longest + 1> before{}, last{}, row{};
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    before = last;
    last = row;
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const char here = lower(left[i - 1]), there = lower(right[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (here == there ? 0 : 1)});
      if (i > 1 && j > 1 && here == lower(right[j - 2]) && lower(left[i - 2]) == there)
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[right.size()];
}

}  // namespace kimistream::rules
