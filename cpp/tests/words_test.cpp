#include "wire/words.hpp"

#include <doctest/doctest.h>

namespace wire = kimistream::wire;

TEST_CASE("words are found as words, in any case") {
  CHECK(wire::says("Reached RPM limit", "rpm"));
  CHECK_FALSE(wire::says("burpments", "rpm"));
  CHECK_FALSE(wire::says("tpms", "tpm"));
  CHECK(wire::says("is overloaded", "overload"));
  CHECK(wire::says("burpments, then rpm", "rpm"));
  CHECK(wire::says("x余额不足", "余额不足"));  // such words have no borders
  CHECK(wire::find_words("abcABC", "ABC", 1) == 3);
  CHECK(wire::find_words("abc", "abc", 9) == std::string_view::npos);
}

TEST_CASE("a beginning is never cut inside a character") {
  CHECK(wire::beginning("aé", 2) == "a");
  CHECK(wire::beginning("aé", 3) == "aé");
  CHECK(wire::beginning("\x80\x80\x80", 2).empty());
}
