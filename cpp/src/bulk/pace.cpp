#include "bulk/pace.hpp"

#include <algorithm>
#include <cmath>

namespace kimistream::bulk {
namespace {

constexpr Seconds first_pause = 0.5, longest_pause = 30;  // after a refusal without a hint
// Of a minute's limit: what is waited too long is lost, and a few refusals cost nothing.
constexpr Seconds longest_of_a_minute = 5;
constexpr Seconds try_time = 0.5;  // without a refusal, after which twice as many may go out
constexpr int most_patience = 16;

}  // namespace

Seconds Pace::wait(Seconds now, std::int64_t under_way) const noexcept {
  if (now < paused_until_) return paused_until_ - now;
  if (trying_) {
    const int doubled = static_cast<int>(std::min((now - paused_until_) / try_time, 30.0));
    if (sent_ >= std::int64_t{1} << doubled) return paused_until_ + (doubled + 1) * try_time - now;
  }
  return ceiling_ && static_cast<double>(under_way) >= std::floor(*ceiling_) ? forever : 0;
}

void Pace::answered() noexcept {
  refusals_ = 0;
  if (!ceiling_ || static_cast<double>(++answered_since_) < *ceiling_ * patience_) return;
  answered_since_ = 0;
  *ceiling_ += 1;
  patience_ = std::max(1, patience_ / 2);
}

void Pace::refused(const Refusal& refusal, Round round, Seconds now, std::int64_t under_way, double dice) noexcept {
  if (refusal.of_one && !trying_) return;
  const bool first = round == round_;
  const bool hinted = refusal.hint.value_or(0) > 0;
  const Seconds longest = refusal.reason == "rpm" || refusal.reason == "tpm" ? longest_of_a_minute : longest_pause;
  const Seconds growing = std::min(longest, first_pause * std::exp2(std::min(refusals_, 10))) * (0.5 + 0.5 * dice);
  if (first) {
    ++round_;
    sent_ = 0;
    trying_ = true;
    if (!hinted) ++refusals_;
    patience_ = std::min(most_patience, 2 * patience_);
  }
  if (first || hinted) paused_until_ = std::max(paused_until_, now + (hinted ? *refusal.hint : growing));
  const bool of_concurrency = refusal.reason == "concurrency";
  if (of_concurrency ||
      (first && (refusal.reason.empty() || refusal.reason == "overload" || refusal.reason == "rate_limit")))
    lower(of_concurrency, under_way);
}

void Pace::lower(bool of_concurrency, std::int64_t under_way) noexcept {
  const auto still = static_cast<double>(under_way);
  const double before = ceiling_.value_or(still + 1), half = before / 2;
  // What is still under way was accepted, or is refused in its turn: so this settles where the limit is.
  ceiling_ = std::max(1.0, of_concurrency ? std::min(before, std::max(still, half)) : half);
  answered_since_ = 0;
}

}  // namespace kimistream::bulk
