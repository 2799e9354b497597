// What is told of texts that stand in an address's place. What becomes of requests is in rules_media_test.cpp.
#include "rules/addresses.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kimistream;

TEST_CASE("the beginning that base64 lacks is that of what it holds") {
  const std::string rest(64, 'A');
  CHECK(rules::missing_beginning("iVBORw0KGgo" + rest, false) == "data:image/png;base64,");
  CHECK(rules::missing_beginning("AAAAGGZ0eXBtcDQy" + rest, true) == "data:video/mp4;base64,");
  CHECK(rules::missing_beginning("AAAAHGZ0eXBpc29t" + rest, true) == "data:video/mp4;base64,");
  for (const std::string& other : {"iVBORw0KGgo" + rest, rest, std::string(), std::string("AAAA")})
    CHECK(rules::missing_beginning(other, true).empty());
  for (const std::string& other : {"/9j/ not base64 at all, but a text" + rest, std::string("/9j/4AAQ"), "_9j_" + rest})
    CHECK(rules::missing_beginning(other, false).empty());
}

TEST_CASE("a beginning before a beginning is seen, in any letter case") {
  CHECK(rules::begins_twice("data:image/png;base64,data:image/png;base64,AAAA"));
  CHECK(rules::begins_twice("DATA:image/png;base64,Data:image/png;base64,AAAA"));
  for (const char* url : {"", "data:", "data:image/png;base64", "data:image/png;base64,AAAA", "https://a/?x=,data:b"})
    CHECK_FALSE(rules::begins_twice(url));
}
