// Header fields: a list whose names compare without regard to case.
#include "kimistream/headers.hpp"

#include <doctest/doctest.h>

namespace ks = kimistream;

TEST_CASE("the first field of a name is found in any case") {
  const ks::Headers headers = {{"Content-Type", "a"}, {"X-One", "1"}, {"x-one", "2"}};
  CHECK(headers.find("content-type") == "a");
  CHECK(headers.find("X-ONE") == "1");
  CHECK_FALSE(headers.find("x-two"));
  CHECK_FALSE(headers.find(""));
  CHECK(headers.size() == 3);
}

TEST_CASE("adding keeps, setting replaces every field of the name") {
  ks::Headers headers;
  CHECK(headers.empty());
  headers.add("A", "1");
  headers.add("a", "2");
  CHECK(headers.size() == 2);
  headers.set("A", "3");
  CHECK(headers == ks::Headers{{"A", "3"}});
  headers.set("B", "");
  CHECK(headers.find("b") == "");
  headers.clear();
  CHECK(headers.empty());
}

TEST_CASE("only ASCII letters compare without regard to case") {
  CHECK(ks::equal_ignoring_case("aZ-09", "Az-09"));
  CHECK_FALSE(ks::equal_ignoring_case("a", "ab"));
  CHECK_FALSE(ks::equal_ignoring_case("[", "{"));
  CHECK_FALSE(ks::equal_ignoring_case("é", "É"));
}

TEST_CASE("what is shared is one list until a copy is changed, and then its own") {
  ks::Headers first = {{"A", "1"}, {"B", "2"}};
  const ks::Headers before = first;
  first.share();
  first.share();
  ks::Headers second = first, third = first;
  CHECK(second.begin() == first.begin());
  CHECK(second == before);
  second.set("a", "3");
  third.add("C", "4");
  CHECK(first == before);
  CHECK(second == ks::Headers{{"B", "2"}, {"a", "3"}});
  CHECK(third.size() == 3);
  CHECK(first.find("b") == "2");
  first.clear();
  CHECK(first.empty());
  CHECK(third.find("A") == "1");
  first.share();
  CHECK(first.empty());
  first.add("D", "5");
  CHECK(first == ks::Headers{{"D", "5"}});
}
