// Limits in a time of their own: what is given is kept, what is not given is found, and nobody starves.
#include "bulk/limiter.hpp"

#include <doctest/doctest.h>

#include "kimistream/error.hpp"
#include "support/limited.hpp"

namespace ks = kimistream;
using ks::Limits;
using ks::testing::Limited;

namespace {

constexpr double never = 1e9;

}  // namespace

TEST_CASE("numbers below 1 are refused, and copies of limits share one limiter") {
  for (const Limits& wrong : {Limits{.concurrency = 0}, Limits{.rpm = 0}, Limits{.tpm = -1}, Limits{.tpd = 0}})
    CHECK_THROWS_AS((void)wrong.sharing->limiter(wrong), ks::Exception);
  const Limits limits{.concurrency = 5, .tpm = 1000};
  const Limits copy = limits;
  CHECK(copy.sharing->limiter(copy) == limits.sharing->limiter(limits));
  CHECK(Limits{}.sharing != limits.sharing);
  CHECK(limits.sharing->limiter(limits)->counts_tokens());
  CHECK_FALSE(Limits{}.sharing->limiter({})->has_windows());
}

TEST_CASE("with rpm given nothing is refused and little is lost") {
  for (const double on_the_way : {0.0, 0.3}) {
    const auto world = Limited::make({.rpm = 100}, 50, {.rpm = 100, .on_the_way = on_the_way});
    world->run(never, 400);
    CHECK(world->refused == 0);
    CHECK(world->now <= 180 * 1.15);  // 100 at once, and three more windows
  }
}

TEST_CASE("with concurrency given nothing is refused") {
  const auto world = Limited::make({.concurrency = 20}, 100, {.concurrency = 20});
  world->run(60);
  CHECK(world->refused == 0);
  CHECK(world->answered > 700);
}

TEST_CASE("with tpm given nothing is refused, and usage makes room") {
  const auto world = Limited::make({.tpm = 6000}, 50, {.tpm = 6000});
  world->run(600);
  CHECK(world->refused == 0);
  CHECK(world->answered >= 800);  // 60 tokens each of 6,000 a minute are 1,000 at most
  CHECK(world->answered <= 1100);
}

TEST_CASE("with all limits given at once the narrowest counts and nothing is refused") {
  const auto world =
      Limited::make({.concurrency = 30, .rpm = 200, .tpm = 9000}, 100, {.concurrency = 30, .rpm = 200, .tpm = 9000});
  world->run(600);
  CHECK(world->refused == 0);
  CHECK(world->answered >= 0.8 * 150 * 10);
}

TEST_CASE("the tokens of a day are kept") {
  const auto world = Limited::make({.tpd = 60'000}, 50, {});
  world->run(86'000);
  CHECK(world->answered <= 1000);
  CHECK(world->answered >= 990);
  CHECK(world->answers_in(86'400) >= 990);
}

TEST_CASE("without limits it settles where the server is full, within 10 % in two minutes, and again after a change") {
  for (const std::optional<double> hint : {std::optional(1.0), std::optional<double>()}) {
    const auto world = Limited::make({}, 500, {.concurrency = 40, .hint = hint});
    world->run(120);
    for (const std::int64_t most : {40, 80, 25}) {
      CAPTURE(most);
      world->server.concurrency = most;
      world->run(world->now + 120);
      const double found = world->limiter->ceiling().value_or(0), limit = static_cast<double>(most);
      CHECK(found >= 0.9 * limit - 1);
      CHECK(found <= 1.1 * limit + 1);
      // Each takes a second, and 0.15 on the way.
      CHECK(static_cast<double>(world->answers_in(60)) / 60 >= 0.75 * limit / 1.15);
    }
  }
}

TEST_CASE("a minute's limit is used up without being known, and again after it has changed") {
  for (const std::optional<double> hint : {std::optional<double>(), std::optional(1.0)}) {
    const auto world = Limited::make({}, 50, {.rpm = 100, .hint = hint});
    world->run(119);
    for (const std::int64_t rpm : {100, 300}) {
      world->server.rpm = rpm;
      world->run(world->now + 120);
      const std::int64_t asked = world->refused;
      CHECK(static_cast<double>(world->answers_in(600)) >= 0.9 * static_cast<double>(rpm) * 10);
      CHECK(world->refused - asked <= 150 * 10);  // each minute those that were out, then one for each pause
    }
  }
}

TEST_CASE("a minute's tokens are used up without being known") {
  const auto world = Limited::make({}, 50, {.tpm = 12'000});
  world->run(120);
  CHECK(world->answers_in(600) >= 0.9 * 200 * 10);
}

TEST_CASE("requests of a window are found by few refusals") {
  for (const double hint : {1.0, 10.0}) {  // 600 rows, 200 in any 10 s, 100 at once: ideal are 20 s
    const auto world =
        Limited::make({}, 100, {.rpm = 200, .window = 10, .takes = 0.05, .on_the_way = 0.02, .hint = hint});
    world->run(never, 600);
    CHECK(world->refused <= 200);
    CHECK(world->now <= 20 * 1.15);
  }
}

TEST_CASE("those who share limits are served in turn, and who has nothing to send holds nobody up") {
  const Limits limits{.concurrency = 1};
  const auto first = Limited::make(limits, 1, {}), second = Limited::make(limits, 1, {});
  ks::bulk::Limiter& limiter = *first->limiter;
  auto mine = limiter.take(*first, 0, 0);
  REQUIRE(mine.place);
  CHECK(limiter.take(*second, 0, 0).wait == ks::bulk::forever);
  limiter.answered(*mine.place, {}, 1);
  CHECK_FALSE(limiter.take(*first, 0, 1).place);  // it is the other's turn
  auto theirs = limiter.take(*second, 0, 1);
  REQUIRE(theirs.place);
  limiter.answered(*theirs.place, {}, 2);
  limiter.rest(*second);
  mine = limiter.take(*first, 0, 2);
  REQUIRE(mine.place);
  limiter.gone(*mine.place, false, 3);
  limiter.leave(*second);
  CHECK(limiter.others(*first).empty());
}

TEST_CASE("a turn that is not taken is waited for a moment and no longer") {
  const Limits limits{.concurrency = 1};
  const auto first = Limited::make(limits, 1, {}), away = Limited::make(limits, 1, {});
  ks::bulk::Limiter& limiter = *first->limiter;
  auto mine = limiter.take(*first, 0, 0);
  CHECK_FALSE(limiter.take(*away, 0, 0).place);
  limiter.answered(*mine.place, {}, 1);
  CHECK(limiter.take(*first, 0, 1).wait <= 0.1);
  CHECK(limiter.take(*first, 0, 1.2).place);
}

TEST_CASE("one request that is refused again and again lowers nothing while others are answered") {
  const auto world = Limited::make({}, 10, {});
  ks::bulk::Limiter& limiter = *world->limiter;
  auto poor = limiter.take(*world, 0, 0), other = limiter.take(*world, 0, 0);
  limiter.answered(*other.place, {}, 1);
  limiter.refused(*poor.place, {.of_one = true}, 1, 1);
  CHECK_FALSE(limiter.ceiling());
  CHECK(limiter.take(*world, 0, 1).place);
}
