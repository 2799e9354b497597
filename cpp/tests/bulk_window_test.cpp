#include "bulk/window.hpp"

#include <doctest/doctest.h>

using kimistream::bulk::forever;
using kimistream::bulk::Window;

TEST_CASE("a window counts what is held and what was stamped") {
  Window window(2, 10, false);
  window.hold(0);
  window.hold(0);
  CHECK(window.wait(0, 0) == forever);  // not before one is answered
  window.stamp(5, 0);
  CHECK(window.wait(5, 0) >= 10);
  CHECK(window.wait(5, 0) < 10.1);
  window.stamp(6, 0);
  CHECK(window.wait(15.1, 0) == 0);
  window.hold(0);
  CHECK(window.wait(15.1, 0) > 0);
  CHECK(window.wait(15.1, 0) < 1);
}

TEST_CASE("tokens are corrected, and what left the window is not") {
  Window window(1000, 60, true);
  window.hold(900);
  CHECK(window.wait(0, 200) == forever);
  const auto entry = window.stamp(0, 900);
  window.correct(entry, 900, 100);
  CHECK(window.wait(1, 900) == 0);
  CHECK(window.wait(1, 901) > 0);
  CHECK(window.wait(70, 5000) == 0);  // more than a window holds goes alone
  window.correct(entry, 100, 1'000'000);
  CHECK(window.wait(70, 1000) == 0);
}

TEST_CASE("what is dropped was never there") {
  Window window(1, 60, false);
  window.hold(0);
  window.drop(0);
  CHECK(window.wait(0, 0) == 0);
}

TEST_CASE("a window of many stamps keeps few of them, under the latest of their times") {
  Window window(1'000'000, 60, false);
  Window::Entry last = 0;
  for (int i = 0; i < 100'000; ++i) {
    window.hold(0);
    last = window.stamp(i * 0.0005, 0);
  }
  CHECK(last < 2000);
  CHECK(window.wait(60.01, 0) == 0);
}
