// A server with limits and a client that asks a Limiter, in a time of their own.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "bulk/limiter.hpp"

namespace kimistream::testing {

/// What the server bears, and how it answers.
struct ServerLimits {
  std::optional<std::int64_t> concurrency{};
  std::optional<std::int64_t> rpm{};  ///< requests in any `window`
  std::optional<std::int64_t> tpm{};  ///< tokens in any `window`, of a request as many as its answer has
  double window = 60;
  double takes = 1.0;       ///< half of it to half as much again
  double on_the_way = 0.3;  ///< at most, until a request reaches the server, which counts it then
  std::optional<double> hint{};
};

class Limited final : public bulk::Sharer {
 public:
  static constexpr std::int64_t reserved = 100, used = 60;  // tokens of a request

  static std::shared_ptr<Limited> make(const Limits& limits, std::int64_t at_once, const ServerLimits& server) {
    auto world = std::make_shared<Limited>(limits, at_once, server);
    world->limiter->join(world);
    return world;
  }
  Limited(const Limits& limits, std::int64_t at_once, const ServerLimits& bears)
      : limiter(limits.sharing->limiter(limits)), server(bears), at_once_(at_once) {}

  void wake() noexcept override {}
  void make_room() noexcept override {}

  void run(double until, std::int64_t answers = std::int64_t{1} << 60) {
    while (now < until && answered < answers) {
      const double wait = fill();
      const double due = events_.empty() ? bulk::forever : events_.top().when;
      now = std::min(std::max(now, std::min(due, now + wait)), until);
      while (!events_.empty() && events_.top().when <= now) {
        const Happens next = events_.top();
        events_.pop();
        next.what(*this, next.place);
      }
    }
  }
  /// Answers from here on until so much later.
  std::int64_t answers_in(double seconds) {
    const std::int64_t before = answered;
    run(now + seconds);
    return answered - before;
  }

  std::shared_ptr<bulk::Limiter> limiter;
  ServerLimits server;
  double now = 0;
  std::int64_t refused = 0, answered = 0;

 private:
  using What = void (*)(Limited&, bulk::Place);
  struct Happens {
    double when;
    std::int64_t number;
    What what;
    bulk::Place place;
    bool operator>(const Happens& other) const { return std::pair(when, number) > std::pair(other.when, other.number); }
  };

  double dice() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  void later(double seconds, What what, bulk::Place place) { events_.push({now + seconds, ++number_, what, place}); }

  double fill() {
    while (under_way_ < at_once_) {
      const auto answer = limiter->take(*this, reserved, now);
      if (!answer.place) return answer.wait;
      ++under_way_;
      later(
          dice() * server.on_the_way, [](Limited& world, bulk::Place place) { world.arrives(place); }, *answer.place);
    }
    return bulk::forever;
  }

  void arrives(bulk::Place place) {
    while (!times_.empty() && times_.front() <= now - server.window) times_.pop_front();
    const auto counted = static_cast<std::int64_t>(times_.size());
    const char* reason = nullptr;
    if (server.concurrency && at_server_ >= *server.concurrency) reason = "concurrency";
    if (server.rpm && counted >= *server.rpm) reason = "rpm";
    if (server.tpm && (counted + 1) * used > *server.tpm) reason = "tpm";
    if (reason) {
      ++refused;
      --under_way_;
      return limiter->refused(place, {.hint = server.hint, .reason = reason}, now, dice());
    }
    times_.push_back(now);
    ++at_server_;
    later(
        server.takes * (0.5 + dice()), [](Limited& world, bulk::Place done) { world.ends(done); }, place);
  }

  void ends(bulk::Place place) {
    --at_server_;
    --under_way_;
    ++answered;
    limiter->accepted(place, now);
    limiter->answered(place, used, now);
  }

  std::int64_t at_once_, under_way_ = 0, at_server_ = 0, number_ = 0;
  std::priority_queue<Happens, std::vector<Happens>, std::greater<>> events_;
  std::deque<double> times_;
  std::mt19937 random_{7};
};

}  // namespace kimistream::testing
