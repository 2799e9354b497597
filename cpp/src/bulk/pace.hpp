// How much goes out where the provider's limits are not known: found by its refusals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "bulk/window.hpp"

namespace kimistream::bulk {

/// A refusal for too much: a 429, an overload.
struct Refusal {
  std::optional<Seconds> hint{};  ///< after which the server asks to come again
  std::string_view reason{};      ///< as `Error::reason`
  /// The same request is refused again and again. While others are answered that says nothing of the limits.
  bool of_one = false;
};

/// One pause for all behind a refusal, few requests at first behind that, and a ceiling of requests at once: halved, or
/// set to what was accepted, by a refusal; one more after each round of answers. Knows no windows and nobody's turn.
class Pace {
 public:
  /// A round: what goes out between one pause and the next. Its first refusal counts; the others tell the same again.
  using Round = std::uint64_t;

  /// Seconds until one more may go; infinite: not before one of those under way ends.
  [[nodiscard]] Seconds wait(Seconds now, std::int64_t under_way) const noexcept;
  Round begin() noexcept {
    ++sent_;
    return round_;
  }
  void accepted(Round round) noexcept {
    if (round == round_) trying_ = false;
  }
  void answered() noexcept;
  /// @param under_way without the one that was refused
  /// @param dice      a number from 0 to 1, for the jitter
  void refused(const Refusal& refusal, Round round, Seconds now, std::int64_t under_way, double dice) noexcept;

  /// Requests at once that the provider is thought to bear; nothing where none was refused.
  [[nodiscard]] std::optional<double> ceiling() const noexcept { return ceiling_; }

 private:
  void lower(bool of_concurrency, std::int64_t under_way) noexcept;

  std::optional<double> ceiling_;
  std::int64_t answered_since_ = 0;
  int patience_ = 1;  // rounds of answers before one more is tried; more after each that was refused
  Seconds paused_until_ = -forever;
  Round round_ = 0;
  std::int64_t sent_ = 0;  // in this round
  bool trying_ = false;    // nothing of this round has been accepted yet
  int refusals_ = 0;       // without a hint, one after the other
};

}  // namespace kimistream::bulk
