#include "bulk/window.hpp"

#include <algorithm>

namespace kimistream::bulk {
namespace {

constexpr Seconds slack = 0.002;   // more than the window, for clocks that are not the provider's
constexpr double grains = 2000.0;  // such a part of a window is not told apart

}  // namespace

Seconds Window::wait(Seconds now, std::int64_t tokens) {
  for (; !stamped_.empty() && stamped_.front().last + length_ + slack <= now; ++first_entry_) {
    sum_ -= stamped_.front().amount;
    stamped_.pop_front();
  }
  std::int64_t over = held_ + sum_ + std::min(amount(tokens), most_) - most_;
  if (over <= 0) return 0;
  for (const Grain& grain : stamped_) {
    over -= grain.amount;
    if (over <= 0) return grain.last + length_ + slack - now;
  }
  return forever;
}

Window::Entry Window::stamp(Seconds now, std::int64_t tokens) {
  if (stamped_.empty() || now - stamped_.back().first > length_ / grains) stamped_.push_back({now, now, 0});
  Grain& grain = stamped_.back();
  held_ -= amount(tokens);
  sum_ += amount(tokens);
  grain.amount += amount(tokens);
  grain.last = now;
  return first_entry_ + stamped_.size() - 1;
}

void Window::correct(Entry entry, std::int64_t held, std::int64_t tokens) noexcept {
  if (!of_tokens_ || entry < first_entry_) return;  // or it has left the window
  stamped_[entry - first_entry_].amount += tokens - held;
  sum_ += tokens - held;
}

}  // namespace kimistream::bulk
