#include "tempo.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;
using kimistream::Clock;
using kimistream::Tempo;

namespace {

struct Course {
  Clock::duration head = 0s, first = 0s, gap = 0s;  // the head, then the first event, then the others
  int events = 20;
  Clock::duration away = 0s;  // the reader, behind the head
};

bool is_held_back(const Course& course) {
  const Clock::time_point sent = Clock::time_point(100s), head = sent + course.head;
  Tempo tempo;
  tempo.head(sent, head);
  Clock::time_point now = head + course.away + course.first;
  for (int i = 0; i < course.events; ++i, now += course.gap) tempo.came(1, head + course.away, now);
  return tempo.held_back().has_value();
}

}  // namespace

TEST_CASE("events that took long and came all at once were held back, wherever the silence was") {
  CHECK(is_held_back({.head = 15s}));
  CHECK(is_held_back({.first = 15s}));
  CHECK(is_held_back({.head = 600ms, .first = 600ms}));
  CHECK(is_held_back({.first = 15s, .gap = 100us, .events = 5000}));  // half a second for what took minutes
}

TEST_CASE("a stream that comes as it is made is none of that") {
  CHECK_FALSE(is_held_back({.first = 15s, .gap = 20ms}));
  CHECK_FALSE(is_held_back({.first = 15s, .gap = 2ms}));   // the quickest models
  CHECK_FALSE(is_held_back({.first = 100ms}));             // a quick answer
  CHECK_FALSE(is_held_back({.first = 15s, .events = 3}));  // too few to tell
  CHECK_FALSE(is_held_back({.away = 15s}));                // the reader was late, not the events
  CHECK_FALSE(Tempo().held_back());
}

TEST_CASE("a new head begins anew") {
  const Clock::time_point sent = Clock::time_point(100s);
  Tempo tempo;
  tempo.head(sent, sent + 15s);
  tempo.came(20, sent, sent + 15s);
  CHECK(tempo.held_back());
  tempo.head(sent + 15s, sent + 15s);
  tempo.came(20, sent, sent + 15s);
  CHECK_FALSE(tempo.held_back());
}
