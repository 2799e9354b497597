// Text without its escapes, and the way back to where each character stood.
#include "record/unescaped.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kimistream::record;

TEST_CASE("JSON's escapes of ASCII are what they stand for, others stay") {
  const std::string text = R"(a\u002db\/c\n\u00e9\u00)";
  const auto plain = without_json_escapes(text);
  REQUIRE(plain);
  CHECK(plain->text == R"(a-b/c\n\u00e9\u00)");
  CHECK(plain->place_of(0) == 0);
  CHECK(plain->place_of(1) == 1);               // the escape begins
  CHECK(plain->place_of(2) == text.find('b'));  // and has ended
  CHECK(plain->place_of(3) == text.find("\\/"));
  CHECK(plain->place_of(4) == text.find('c'));
  CHECK(plain->place_of(plain->text.size()) == text.size());
}

TEST_CASE("text that needs no look is not copied") {
  CHECK_FALSE(without_json_escapes(R"(a\nb\"c)"));
  CHECK_FALSE(without_percents("nothing"));
  CHECK_FALSE(without_percents("100 % of %zz and %C3%A9"));
}

TEST_CASE("percents, likewise") {
  const auto plain = without_percents("a%2Fb%");
  REQUIRE(plain);
  CHECK(plain->text == "a/b%");
  CHECK(plain->place_of(1) == 1);
  CHECK(plain->place_of(2) == 4);
  CHECK(plain->place_of(4) == 6);
}
