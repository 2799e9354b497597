// Which recorded request is the one that is asked now.
#include "record/match.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "record/body.hpp"
#include "support/media.hpp"

using namespace kimistream::record;
using kimistream::testing::mentions;

namespace {

Line line(std::string body, std::string path = "/v1/chat/completions", std::string method = "POST") {
  return {.method = std::move(method), .path = std::move(path), .body = std::move(body)};
}

bool same(const Line& a, const Line& b) {
  CHECK((key_of(a) == key_of(b)) == is_like(a, b));
  return key_of(a) == key_of(b);
}

}  // namespace

TEST_CASE("requests are equal by method, path and JSON, whatever the order of keys") {
  CHECK(same(line(R"({"a":1,"b":{"c":[1,2],"d":null}})"), line(R"({"b":{"d":null,"c":[1,2]},"a":1})")));
  CHECK(same(line(R"({"t":1.0,"u":1e2,"v":0.6})"), line(R"({"t":1,"u":100,"v":0.6})")));
  CHECK(same(line("\"text\""), line("\"text\"")));
  CHECK_FALSE(same(line(R"({"a":[1,2]})"), line(R"({"a":[2,1]})")));
  CHECK_FALSE(same(line(R"({"a":1})"), line(R"({"a":"1"})")));
  CHECK_FALSE(same(line(R"({"a":null})"), line(R"({})")));
  CHECK_FALSE(same(line(R"({"a":12345678901234567890})"), line(R"({"a":12345678901234567891})")));
  CHECK_FALSE(same(line("null"), line("null", "/v1/models")));
  CHECK_FALSE(same(line("null"), line("null", "/v1/chat/completions", "GET")));
  CHECK_FALSE(same(line(R"({"a":1,"b":2})"), line(R"({"a":1,"c":2})")));
}

TEST_CASE("a medium that was not sent whole is like any other") {
  const std::string mark = std::string(unsent_mark) + ", 7 bytes]";
  const Line recorded = line("{\"url\":\"data:" + mark + "\",\"a\":1}");
  CHECK(has_unsent(recorded));
  CHECK(is_like(recorded, line(R"({"a":1,"url":"data:AAAA"})")));
  CHECK_FALSE(is_like(recorded, line(R"({"a":2,"url":"data:AAAA"})")));
  CHECK_FALSE(is_like(recorded, line(R"({"a":1,"url":"AAAA"})")));
  CHECK(is_like(line("\"--b " + mark + " --b\""), line("\"--b anything --b\"")));
  CHECK_FALSE(is_like(line("\"--b " + mark + " --b\""), line("\"--b anything --c\"")));
}

TEST_CASE("what differs is named by its place, with both values") {
  const std::string found =
      differences(line(R"({"model":"a","messages":[{"content":"Why is the sky blue?"}],"n":1})"),
                  line(R"({"model":"a","messages":[{"content":"Why is the sea blue?"},{}],"m":2})"));
  CHECK(mentions(found, R"(body/messages/0/content: recorded "Why is the sky blue?", asked "Why is the sea blue?")"));
  CHECK(mentions(found, "body/messages/1: recorded nothing, asked {}"));
  CHECK(mentions(found, "body/n: recorded 1, asked nothing"));
  CHECK(mentions(found, "body/m: recorded nothing, asked 2"));
  CHECK_FALSE(mentions(found, "model"));
  CHECK(differences(line("{}"), line("{}")).empty());
  CHECK(mentions(differences(line("{}"), line("{}", "/v1/models", "GET")),
                 R"(path: recorded "/v1/chat/completions", asked "/v1/models")"));
}

TEST_CASE("of long texts the place is shown where they part, and many differences end") {
  const std::string same_for_long(500, 'a');
  const std::string found = differences(line("{\"t\":\"" + same_for_long + " one " + same_for_long + "\"}"),
                                        line("{\"t\":\"" + same_for_long + " two " + same_for_long + "\"}"));
  CHECK(mentions(found, " one "));
  CHECK(mentions(found, " two "));
  CHECK(found.size() < 400);
  std::string before = "[", now = "[";
  for (int i = 0; i < 100; ++i) {
    before += std::to_string(i) + ",";
    now += std::to_string(i + 1000) + ",";
  }
  before.back() = now.back() = ']';
  CHECK(mentions(differences(line(before), line(now)), "perhaps more"));
}

TEST_CASE("the nearest is the one with the fewest differences, of the same path before others") {
  std::vector<std::shared_ptr<const Line>> recorded;
  for (const Line& each :
       {line(R"({"a":1,"b":2})", "/v1/files"), line(R"({"a":1,"b":9,"c":9})"), line(R"({"a":1,"b":9})")})
    recorded.push_back(std::make_shared<const Line>(each));
  CHECK(nearest(recorded, line(R"({"a":1,"b":2})")) == 2);
  CHECK(nearest(recorded, line(R"({"a":1,"b":9,"c":8})")) == 1);
  CHECK(nearest(recorded, line(R"({"x":1})", "/v1/files")) == 0);
}
