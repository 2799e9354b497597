// One exchange as a line.
#include "record/line.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kimistream/json.hpp"

namespace ks = kimistream;
using namespace ks::record;

namespace {

const std::string key = "sk-0123456789abcdef";

Capture capture() {
  Capture made{.method = "POST",
               .url = "https://host.example/v1/chat/completions?key=" + key,
               .headers = {{"Authorization", "Bearer " + key}, {"X-Note", "a " + key}}};
  auto body = std::make_shared<ks::Body>();
  body->segments.push_back({.text = R"({"messages":[{"role":"user","content":")" + key + R"("}]})"});
  made.body = body;
  made.head = ks::ResponseHead{200, {{"Set-Cookie", "a=b"}, {"X-Key", key}}};
  made.pieces = {{0.25, "data: " + key.substr(0, 5)}, {1.5, key.substr(5) + "\n\n"}};
  made.end = End::reset;
  made.failure = Failure{"broke, " + key, true};
  return made;
}

std::string with_pieces(std::vector<Piece> pieces) {
  return ks::json::value_at(write({.body = "null", .pieces = std::move(pieces)}), "/pieces").text;
}

}  // namespace

TEST_CASE("a line holds all of an exchange, and no key") {
  CHECK(write(line_of(capture())) ==
        R"({"request":{"method":"POST","path":"/v1/chat/completions?key=[key]","headers":{"X-Note":"a [key]"},)"
        R"("body":{"messages":[{"role":"user","content":"[key]"}]}},"response":{"status":200,)"
        R"("headers":{"X-Key":"[key]"}},"pieces":[[0.250000,"data: [key]"],[1.500000,"\n\n"]],"end":"reset",)"
        R"("clock":null,"error":{"message":"broke, [key]","retryable":true}})");
}

TEST_CASE("a timeout names its clock, and without an answer there is no response") {
  const std::string line = write({.method = "GET", .path = "/", .body = "null", .end = End::timeout, .clock = "idle"});
  CHECK(line == R"({"request":{"method":"GET","path":"/","headers":{},"body":null},"response":null,"pieces":[],)"
                R"("end":"timeout","clock":"idle"})");
  for (const End end : {End::clean, End::left, End::refused})
    CHECK(ks::json::is_json(write({.body = "null", .end = end})));
}

TEST_CASE("a character that the network cut is whole again, bytes that are no text are base64") {
  CHECK(with_pieces({{0, "a\xE4\xBD"}, {1, "\xA0"}, {2, "b"}}) == R"([[0.000000,"a"],[1.000000,")"
                                                                  "\xE4\xBD\xA0"
                                                                  R"("],[2.000000,"b"]])");
  CHECK(with_pieces({{0, "a\xE4\xBD"}}) == R"([[0.000000,{"base64":"YeS9"}]])");
  CHECK(with_pieces({{0, "\xE4\xBD"}, {1, "a"}}) == R"([[1.000000,{"base64":"5L1h"}]])");
  CHECK(with_pieces({{0, "\xFF"}, {1, "\xF0\x9F"}, {2, "\x98\x80"}}) == R"([[0.000000,{"base64":"/w=="}],[2.000000,")"
                                                                        "\xF0\x9F\x98\x80"
                                                                        R"("]])");
}

TEST_CASE("no line break of any kind stands in a line") {
  const std::string line = write({.body = "null", .pieces = {{0, "a\n\r\xE2\x80\xA8\xE2\x80\xA9\xC2\x85z"}}});
  CHECK(line.find(R"("a\n\r\u2028\u2029\u0085z")") != std::string::npos);
}

TEST_CASE("the path is what a server sees") {
  CHECK(path_of("https://host:8080/v1/models?after=x") == "/v1/models?after=x");
  CHECK(path_of("https://host") == "/");
  CHECK(path_of("https://host?a=1") == "?a=1");
}
