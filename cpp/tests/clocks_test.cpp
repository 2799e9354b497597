// Which clock is due when, in made-up time; and what a Timeout amounts to.
#include "clocks.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "kimistream/kimistream.hpp"

using kimistream::ClockLimits;
using kimistream::Clocks;
using kimistream::limits_of;
using kimistream::Timeout;
using kimistream::TimeoutOption;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Time = kimistream::Clock::time_point;

Time at(int seconds_in) { return Time(seconds(1'000 + seconds_in)); }

Clocks clocks_with(ClockLimits limits) {
  Clocks clocks(limits);
  clocks.begin(at(0));
  clocks.attempt(at(0));
  return clocks;
}

constexpr ClockLimits usual{
    .connect = seconds(5), .first_event = seconds(20), .idle = seconds(10), .total = seconds(100)};

std::string refusal(const Timeout& timeout) {
  try {
    (void)limits_of(timeout, {});
  } catch (const kimistream::Exception& exception) {
    CHECK(exception.error().kind == kimistream::ErrorKind::invalid_request);
    return exception.error().message;
  }
  return "";
}

}  // namespace

TEST_CASE("the first event's clock begins with the attempt, and later while the request cannot go out") {
  Clocks clocks = clocks_with(usual);
  CHECK(clocks.first_event() == at(20));
  clocks.sent(at(4));  // the connection stood
  CHECK(clocks.first_event() == at(24));
  clocks.sent(at(3));
  CHECK(clocks.first_event() == at(24));
  clocks.attempt(at(50));
  CHECK(clocks.first_event() == at(70));
}

TEST_CASE("a response head is no event: the time until it came counts") {
  Clocks clocks = clocks_with(usual);
  clocks.head(at(15));
  CHECK(clocks.first_event() == at(20));
  clocks.reader_waits(at(15));
  CHECK(clocks.first_event() == at(20));
  clocks.reader_waits(at(500));  // had been away
  CHECK(clocks.first_event() == at(505));
  clocks.attempt(at(600));
  CHECK(clocks.first_event() == at(620));
}

TEST_CASE("silence is counted from the last event, and only while somebody waits") {
  Clocks clocks = clocks_with(usual);
  clocks.head(at(1));
  clocks.came(at(2));
  CHECK(clocks.idle() == at(12));
  clocks.reader_waits(at(3'600));
  CHECK(clocks.idle() == at(3'610));
  clocks.came(at(3'605));
  CHECK(clocks.idle() == at(3'615));
}

TEST_CASE("a clock that is due while nobody waits begins anew, and again when somebody does") {
  Clocks clocks = clocks_with(usual);
  clocks.came(at(1));
  clocks.reader_leaves();
  CHECK(clocks.away());
  clocks.still_away(at(11));
  CHECK(clocks.idle() == at(21));
  clocks.reader_waits(at(15));
  CHECK_FALSE(clocks.away());
  CHECK(clocks.idle() == at(25));
}

TEST_CASE("what follows the finish reason has its grace whether somebody waits or not") {
  Clocks clocks = clocks_with(usual);
  clocks.came(at(5));
  CHECK(clocks.grace(seconds(1)) == at(6));
  CHECK(clocks.grace(seconds(60)) == at(15));  // no longer than silence
  clocks.reader_leaves();
  clocks.still_away(at(100));
  CHECK(clocks.grace(seconds(1)) == at(6));
}

TEST_CASE("the total runs on whatever happens") {
  Clocks clocks = clocks_with(usual);
  clocks.attempt(at(30));
  clocks.head(at(31));
  clocks.came(at(32));
  clocks.reader_leaves();
  clocks.reader_waits(at(90));
  CHECK(clocks.total() == at(100));
  CHECK(clocks.elapsed(at(90)) == 90);
}

TEST_CASE("what a request leaves open is the client's, then the default") {
  const ClockLimits defaults = limits_of({}, {});
  CHECK(defaults.connect == seconds(60));
  CHECK(defaults.first_event == seconds(960));
  CHECK(defaults.idle == seconds(600));
  CHECK(defaults.total == ClockLimits::never());
  const ClockLimits mixed =
      limits_of({.idle = seconds(3)}, {.connect = seconds(1), .idle = seconds(2), .total = seconds(9)});
  CHECK(mixed.connect == seconds(1));
  CHECK(mixed.first_event == seconds(960));
  CHECK(mixed.idle == seconds(3));
  CHECK(mixed.total == seconds(9));
  CHECK(limits_of({.total = Timeout::never}, {.total = seconds(9)}).total == ClockLimits::never());
  CHECK(at(0) + limits_of({.idle = Timeout::never}, {}).idle > at(1'000'000));  // and no overflow
}

TEST_CASE("a clock that is not more than nothing is refused by its name") {
  CHECK(refusal({.connect = milliseconds(0)}).find("connect must be more than 0") != std::string::npos);
  CHECK(refusal({.first_event = seconds(-1)}).find("first_event must") != std::string::npos);
  CHECK(refusal({.idle = milliseconds::min()}).find("idle must") != std::string::npos);
  CHECK(refusal({.total = seconds(0)}).find("total must") != std::string::npos);
  CHECK(refusal({.total = milliseconds(1)}).empty());
  CHECK_THROWS_AS(kimistream::Client({.api_key = "sk-test", .timeout = seconds(0)}), kimistream::Exception);
}

TEST_CASE("one duration is the first three clocks; options take a Timeout as well") {
  kimistream::ClientOptions options{.timeout = seconds(5)};
  CHECK(options.timeout == Timeout{.connect = seconds(5), .first_event = seconds(5), .idle = seconds(5)});
  options.timeout = std::chrono::minutes(1);
  CHECK(options.timeout.idle == seconds(60));
  options.timeout = Timeout{.total = seconds(7)};
  CHECK(options.timeout == Timeout{.total = seconds(7)});
  options.timeout.connect = seconds(1);
  kimistream::Request request{.timeout = Timeout{.idle = seconds(2)}};
  CHECK(request.timeout.idle == seconds(2));
  request.timeout = std::chrono::microseconds(1500);
  CHECK(request.timeout.idle == milliseconds(2));  // never less than was asked for
  request.timeout = std::nullopt;
  CHECK(request.timeout == Timeout{});
  request.timeout = std::optional<seconds>(3);
  CHECK(request.timeout.first_event == seconds(3));
  request.timeout = {};
  CHECK(request.timeout == Timeout{});
}

TEST_CASE("durations that no clock can hold are never, and what is no number is nothing") {
  using Fraction = std::chrono::duration<double>;
  CHECK(TimeoutOption::rounded(Fraction(std::numeric_limits<double>::infinity())) == Timeout::never);
  CHECK(TimeoutOption::rounded(std::chrono::hours::max()) == Timeout::never);
  CHECK(TimeoutOption::rounded(milliseconds::max()) == Timeout::never);
  CHECK(TimeoutOption::rounded(Fraction(std::numeric_limits<double>::quiet_NaN())) == milliseconds(0));
  CHECK(TimeoutOption::rounded(Fraction(-1)) == milliseconds(0));
  CHECK(TimeoutOption::rounded(Fraction(1e-9)) == milliseconds(1));
  CHECK(TimeoutOption::rounded(Fraction(0.25)) == milliseconds(250));
}

TEST_CASE("a timeout's error says which clock, and for how long") {
  const kimistream::Error error = kimistream::timed_out("idle", "the stream was silent for", milliseconds(1'500));
  CHECK(error.kind == kimistream::ErrorKind::timeout);
  CHECK(error.clock == "idle");
  CHECK(error.type == "idle_timeout");
  CHECK(error.message == "the stream was silent for 1.5 s; the model may think long: raise timeout, or try again");
  CHECK(
      kimistream::timed_out("total", "within", seconds(60)).message.starts_with("within 60 s; raise timeout's total"));
}
