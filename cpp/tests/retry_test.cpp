// When to try again: a total function of the error. Never a negative wait, never an unbounded one.
#include "kimistream/retry.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;

namespace {

using Texts = std::vector<std::string>;
constexpr double now = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT

std::optional<double> hint(const std::string& value) { return ks::retry_after_seconds({{"Retry-After", value}}, now); }

ks::Error retryable(std::optional<double> hint = std::nullopt) {
  ks::Error error;
  error.retryable = true;
  error.retry_after = hint;
  return error;
}

}  // namespace

TEST_CASE("a hint is read in seconds, in milliseconds and as a date") {
  CHECK(hint("20") == 20);
  CHECK(hint("1.5") == 1.5);
  CHECK(hint("0") == 0);
  CHECK(hint("120") == 120);
  CHECK(hint("Tue, 14 Nov 2023 22:13:40 GMT") == 20);
  CHECK(ks::retry_after_seconds({{"retry-after-ms", "1500"}}, now) == 1.5);
  CHECK(ks::retry_after_seconds({{"retry-after-ms", "1500"}, {"retry-after", "9"}}, now) == 1.5);
  CHECK(ks::retry_after_seconds({{"retry-after-ms", "soon"}, {"retry-after", "9"}}, now) == 9);
  CHECK(ks::retry_after_seconds({{"llm_provider-retry-after", "7"}}, now) == 7);  // LiteLLM
  CHECK(ks::retry_after_seconds({{"llm_provider-retry-after", "7"}, {"retry-after", "9"}}, now) == 9);
}

TEST_CASE("hints that make no sense are none") {
  for (const std::string bad : Texts{"-10",
                                     "",
                                     "inf",
                                     "nan",
                                     "-inf",
                                     "1e999",
                                     "abc",
                                     "5 seconds",
                                     "0x10",
                                     "Tue, 14 Nov 2023 22:13:00 GMT",
                                     "Tue, 14 Nov 2023 22:13:20 GMT",
                                     "Foo, 99 Bar 2023 22:13:40 GMT",
                                     "Tue, 14 Nov 2023",
                                     "Tue, 14 Nov 2023 22:13:40 PST",
                                     "Tue, 14 Nov 1e99 22:13:40 GMT",
                                     "Tue, 14 Nov -999 22:13:40 GMT",
                                     "Tue, 1. Nov 2033 22:13:40 GMT",
                                     "Tue, -4 Nov 2033 22:13:40 GMT",
                                     "Tue, 14 Nov 2033 9e:13:40 GMT",
                                     "Tue, 14 Nov 2033 22:.5:40 GMT",
                                     ", ",
                                     "Tue, "}) {
    CAPTURE(bad);
    CHECK_FALSE(hint(bad));
  }
  CHECK_FALSE(ks::retry_after_seconds({}, now));
}

TEST_CASE("any header gives nothing or a number from zero up") {
  const Texts words = {"1",   "9",    "-",     "+",        ".",    "e", "E", "inf", "nan",     "Tue, ",
                       "14 ", "Nov ", "2023 ", "22:13:40", " GMT", ":", " ", "é",   "99999999"};
  std::mt19937 random(7);
  std::uniform_int_distribution<std::size_t> count(0, 8), word(0, words.size() - 1);
  for (int round = 0; round < 5000; ++round) {
    std::string value;
    for (std::size_t left = count(random); left > 0; --left) value += words[word(random)];
    CAPTURE(value);
    for (const char* name : {"retry-after", "retry-after-ms"}) {
      const auto seconds = ks::retry_after_seconds({{name, value}}, now);
      if (seconds) REQUIRE((std::isfinite(*seconds) && *seconds >= 0));
    }
  }
}

TEST_CASE("an error that may not succeed later is not tried again, nor is one too many") {
  ks::Error error;
  CHECK_FALSE(ks::next_delay({}, error, 0, 0.5));
  CHECK(ks::next_delay({}, retryable(), 1, 0.5));
  CHECK_FALSE(ks::next_delay({}, retryable(), 2, 0.5));
  CHECK_FALSE(ks::next_delay({.max_retries = 0}, retryable(), 0, 0.5));
  CHECK_FALSE(ks::next_delay({.max_retries = -1}, retryable(), 0, 0.5));
}

TEST_CASE("without a hint the wait grows, with jitter, up to its cap") {
  const ks::RetryPolicy policy{.max_retries = 1000, .base_seconds = 0.5, .cap_seconds = 8};
  CHECK(ks::next_delay(policy, retryable(), 0, 1) == 0.5);
  CHECK(ks::next_delay(policy, retryable(), 1, 1) == 1);
  CHECK(ks::next_delay(policy, retryable(), 3, 1) == 4);
  CHECK(ks::next_delay(policy, retryable(), 10, 1) == 8);
  CHECK(ks::next_delay(policy, retryable(), 999, 1) == 8);
  CHECK(ks::next_delay(policy, retryable(), 3, 0) == 0);
  CHECK(ks::next_delay(policy, retryable(), 3, 0.25) == 1);
}

TEST_CASE("a hint is waited for as it is, unless it is too long") {
  for (const double seconds : {1.0, 20.0, 60.0, 61.0, 120.0})
    CHECK(ks::next_delay({}, retryable(seconds), 0, 0.5) == seconds);
  for (const double seconds : {121.0, 1e9, 1e300, std::numeric_limits<double>::infinity()})
    CHECK_FALSE(ks::next_delay({}, retryable(seconds), 0, 0.5));
}

TEST_CASE("any error gives no delay or a bounded one") {
  const double limits[] = {
      std::numeric_limits<double>::quiet_NaN(), -1, -1e300, 0, 0.1, 119, 1e308, std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity()};
  for (const double hint : limits)
    for (const int retries : {0, 1, 5, 5000})
      for (const double dice : {-1.0, 0.0, 0.5, 1.0, 7.0}) {
        const auto delay = ks::next_delay({.max_retries = 10'000}, retryable(hint), retries, dice);
        CAPTURE(hint);
        CAPTURE(retries);
        if (delay) CHECK((std::isfinite(*delay) && *delay >= 0 && *delay <= 120));
      }
}

TEST_CASE("when limits are renewed is read in every spelling") {
  const auto reset = [](const char* name, const char* value) {
    return ks::rate_limit_reset_seconds(ks::Headers{{name, value}}, 1'800'000'000);
  };
  CHECK(reset("x-ratelimit-reset-requests", "1s") == 1);
  CHECK(reset("X-RateLimit-Reset-Tokens", "6m0s") == 360);
  CHECK(reset("x-ratelimit-reset-tokens", "1h0.5s") == 3600.5);
  CHECK(reset("x-ratelimit-reset-tokens", "250ms") == 0.25);
  CHECK(reset("x-ratelimit-reset", "7") == 7);
  CHECK(reset("x-ratelimit-reset", "1800000030") == 30);
  CHECK(reset("x-ratelimit-reset", "1800000030500") == 30.5);
  CHECK(ks::rate_limit_reset_seconds(
            {{"x-ratelimit-reset-requests", "2s"}, {"x-ratelimit-reset-tokens", "9s"}, {"x-ratelimit-reset", "1"}}) ==
        9);
  for (const char* value : {"", "soon", "-3", "0", "1x", "s", "5", "nan"})
    CHECK_FALSE(reset("x-ratelimit-reset-tokens", value));
  for (const char* value : {"", "soon", "-3", "0", "1799999999", "1799999999000"})
    CHECK_FALSE(reset("x-ratelimit-reset", value));
}

TEST_CASE("all attempts together have a deadline") {
  const ks::RetryPolicy policy{.max_retries = 5, .total_seconds = 10};
  ks::Error error{.retryable = true};
  CHECK(ks::next_delay(policy, error, 0, 1.0, 9));
  CHECK_FALSE(ks::next_delay(policy, error, 0, 1.0, 9.9));
  error.retry_after = 3;
  CHECK(ks::next_delay(policy, error, 0, 0.0, 6.5) == 3);
  CHECK_FALSE(ks::next_delay(policy, error, 0, 0.0, 7.5));
}
