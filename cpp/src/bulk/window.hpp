// A sliding window: so much in any so many seconds.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>

namespace kimistream::bulk {

/// Seconds on one clock, whichever that is. Infinite: not before something happens.
using Seconds = double;
inline constexpr Seconds forever = std::numeric_limits<Seconds>::infinity();

/// What is held is under way and counts in full; what is stamped counts until a window has passed since.
class Window {
 public:
  /// What was stamped, for its correction. Stamps of about the same time share one.
  using Entry = std::uint64_t;

  /// @param of_tokens it counts tokens, else requests
  Window(std::int64_t most, Seconds length, bool of_tokens) noexcept
      : most_(most), length_(length), of_tokens_(of_tokens) {}

  [[nodiscard]] bool of_tokens() const noexcept { return of_tokens_; }
  /// Seconds until there is room; infinite: not before something that is under way ends. What is more than a whole
  /// window holds goes when nothing else counts.
  [[nodiscard]] Seconds wait(Seconds now, std::int64_t tokens);
  void hold(std::int64_t tokens) noexcept { held_ += amount(tokens); }
  void drop(std::int64_t tokens) noexcept { held_ -= amount(tokens); }
  /// From now on it counts as something that was.
  Entry stamp(Seconds now, std::int64_t tokens);
  /// It was another number of tokens than was held.
  void correct(Entry entry, std::int64_t held, std::int64_t tokens) noexcept;

 private:
  /// What was stamped at about the same time: kept under the latest of its times.
  struct Grain {
    Seconds first, last;
    std::int64_t amount;
  };
  [[nodiscard]] std::int64_t amount(std::int64_t tokens) const noexcept { return of_tokens_ ? tokens : 1; }

  std::int64_t most_;
  Seconds length_;
  bool of_tokens_;
  std::int64_t held_ = 0;
  std::int64_t sum_ = 0;  // of what is stamped
  std::deque<Grain> stamped_;
  Entry first_entry_ = 0;  // of stamped_
};

}  // namespace kimistream::bulk
