#include "bulk/limiter.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "kimistream/error.hpp"

namespace kimistream::bulk {
namespace {

constexpr Seconds minute = 60, day = 86'400;
constexpr Seconds turn_grace = 0.1;  // that somebody's turn waits for them

void check(const char* name, std::optional<std::int64_t> most) {
  if (most && *most < 1)
    throw Exception(invalid_request(std::string(name) + " must be at least 1; None stands for no limit"));
}

}  // namespace

std::shared_ptr<Sharing> new_sharing() { return std::make_shared<Sharing>(); }

std::shared_ptr<Limiter> Sharing::limiter(const Limits& limits) {
  const std::lock_guard lock(mutex_);
  if (!limiter_) limiter_ = std::make_shared<Limiter>(limits);
  return limiter_;
}

Limiter::Limiter(const Limits& limits) : concurrency_(limits.concurrency) {
  check("concurrency", limits.concurrency);
  check("rpm", limits.rpm);
  check("tpm", limits.tpm);
  check("tpd", limits.tpd);
  if (limits.rpm) windows_.emplace_back(*limits.rpm, minute, false);
  if (limits.tpm) windows_.emplace_back(*limits.tpm, minute, true);
  if (limits.tpd) windows_.emplace_back(*limits.tpd, day, true);
}

bool Limiter::counts_tokens() const noexcept {
  return std::any_of(windows_.begin(), windows_.end(), [](const Window& window) { return window.of_tokens(); });
}

// ---- turns --------------------------------------------------------------------------------------------------------

void Limiter::join(const std::shared_ptr<Sharer>& who) {
  const std::lock_guard lock(mutex_);
  turns_.push_back({who.get(), who});
}

void Limiter::leave(Sharer& who) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase_if(turns_, [&](const Turn& turn) { return turn.who == &who; });
  wake_those_who_wait(0);
}

std::vector<std::shared_ptr<Sharer>> Limiter::others(const Sharer& who) const {
  std::vector<std::shared_ptr<Sharer>> all;
  const std::lock_guard lock(mutex_);
  for (const Turn& turn : turns_)
    if (turn.who != &who)
      if (auto kept = turn.kept.lock()) all.push_back(std::move(kept));
  return all;
}

Limiter::Turn* Limiter::turn_of(const Sharer& who) noexcept {
  const auto found = std::find_if(turns_.begin(), turns_.end(), [&](const Turn& turn) { return turn.who == &who; });
  return found == turns_.end() ? nullptr : &*found;
}

void Limiter::rest(Sharer& who) noexcept {
  const std::lock_guard lock(mutex_);
  if (Turn* turn = turn_of(who)) turn->due.reset();
}

bool Limiter::Turn::comes_before(const Turn& other, Seconds now) const noexcept {
  return due && last < other.last && *due <= now && now < *due + turn_grace;
}

void Limiter::wake_those_who_wait(Seconds now) noexcept {
  for (Turn& turn : turns_)
    if (turn.due == forever) {
      turn.due = now;
      turn.who->wake();
    }
}

// ---- places -------------------------------------------------------------------------------------------------------

Limiter::Answer Limiter::take(Sharer& who, std::int64_t tokens, Seconds now) {
  const std::lock_guard lock(mutex_);
  Turn& turn = *turn_of(who);
  if (const Seconds until = wait(tokens, now); until > 0) {
    turn.due = now + until;
    return {.place = {}, .wait = until};
  }
  for (const Turn& other : turns_)
    if (&other != &turn && other.comes_before(turn, now)) {
      other.who->wake();
      turn.due = now;
      return {.place = {}, .wait = turn_grace / 4};
    }
  turn.due.reset();
  turn.last = now;
  ++under_way_;
  for (Window& window : windows_) window.hold(tokens);
  return {.place = Place{.tokens = tokens, .round = pace_.begin()}};
}

Seconds Limiter::wait(std::int64_t tokens, Seconds now) {
  if (concurrency_ && under_way_ >= *concurrency_) return forever;
  Seconds longest = pace_.wait(now, under_way_);
  for (Window& window : windows_) longest = std::max(longest, window.wait(now, tokens));
  return longest;
}

void Limiter::stamp(Place& place, Seconds now) {
  pace_.accepted(place.round);
  if (std::exchange(place.counted, true)) return;
  for (std::size_t i = 0; i < windows_.size(); ++i) place.entries.at(i) = windows_[i].stamp(now, place.tokens);
}

void Limiter::drop(const Place& place) noexcept {
  if (place.counted) return;
  for (Window& window : windows_) window.drop(place.tokens);
}

void Limiter::accepted(Place& place, Seconds now) {
  const std::lock_guard lock(mutex_);
  stamp(place, now);
}

void Limiter::answered(Place& place, std::optional<std::int64_t> tokens, Seconds now) {
  const std::lock_guard lock(mutex_);
  stamp(place, now);
  if (tokens)
    for (std::size_t i = 0; i < windows_.size(); ++i) windows_[i].correct(place.entries.at(i), place.tokens, *tokens);
  pace_.answered();
  --under_way_;
  wake_those_who_wait(now);
}

void Limiter::gone(Place& place, bool sent, Seconds now) {
  const std::lock_guard lock(mutex_);
  if (sent)
    stamp(place, now);
  else
    drop(place);
  --under_way_;
  wake_those_who_wait(now);
}

void Limiter::refused(Place& place, const Refusal& refusal, Seconds now, double dice) {
  const std::lock_guard lock(mutex_);
  drop(place);  // a provider that refuses does not count
  --under_way_;
  pace_.refused(refusal, place.round, now, under_way_, dice);
  wake_those_who_wait(now);
}

std::optional<double> Limiter::ceiling() const {
  const std::lock_guard lock(mutex_);
  return pace_.ceiling();
}

}  // namespace kimistream::bulk
