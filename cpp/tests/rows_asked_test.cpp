// A line of the input as what is asked of it.
#include "rows/asked.hpp"

#include <doctest/doctest.h>

namespace ks = kimistream;
using ks::rows::ask;

namespace {

ks::RowOptions options(std::optional<std::string> key = {}) {
  return {.prompt = ks::RowTemplate{"<", ks::RowField{std::string("a"), std::size_t{1}}, ">"},
          .key = std::move(key),
          .constant = "c"};
}

std::string prompt(std::string_view line, const ks::RowOptions& options) {
  const auto asked = ask(line, options);
  REQUIRE(asked);
  REQUIRE(asked->messages.size() == 1);
  CHECK(asked->messages[0].role == "user");
  return asked->messages[0].content.value();
}

}  // namespace

TEST_CASE("a template is filled: texts as they are, other values as JSON") {
  CHECK(prompt(R"({"a":[0,"{b}\n"]})", options()) == "<{b}\n>");
  CHECK(prompt(R"({"a":[0,{"x":[1,true]}]})", options()) == R"(<{"x": [1, true]}>)");
  const ks::RowOptions itself{.prompt = ks::RowTemplate{ks::RowField{}}};
  CHECK(prompt("\"a text\"\n", itself) == "a text");
  CHECK_FALSE(ask("[1]", itself));
}

TEST_CASE("without a template a row is a text, messages, or has them") {
  const ks::RowOptions none{};
  CHECK(prompt(R"("[a text]")", none) == "[a text]");
  const char* const list = R"([{"role":"system","content":"é\n"},{"content":"b","role":"user"}])";
  const auto one = ask(list, none), other = ask(R"({"n":1,"messages":)" + std::string(list) + "}", none);
  REQUIRE(one);
  REQUIRE(other);
  REQUIRE(one->messages.size() == 2);
  CHECK(one->messages[0].role == "system");
  CHECK(one->messages[0].content == "é\n");
  CHECK(one->messages[1].role == "user");
  CHECK(one->hash == other->hash);
  CHECK(one->digest != other->digest);
  for (const char* line : {"[]", R"([{"role":"user"}])", R"([{"role":"user","content":null}])",
                           R"([{"role":"user","content":"a","name":"b"}])", R"(["a"])",
                           R"([{"role":"user","content":["a"]}])", R"({"messages":"[]"})", R"({"text":"a"})"})
    CHECK_FALSE(ask(line, none));
  const ks::RowOptions suspicious{.is_odd = [](const std::string& text) { return text == "b"; }};
  CHECK_FALSE(ask(list, suspicious));
  CHECK(ask(R"([{"role":"system","content":"b"}])", suspicious));
}

TEST_CASE("a key is a text or an integer; without one the row's hash does not see order and nulls") {
  CHECK(ask(R"({"a":[0,1],"k":"é"})", options("k"))->key == "\"é\"");
  CHECK(ask(R"({"a":[0,1],"k":"é"})", options("k"))->ascii_key == R"("\u00e9")");
  CHECK(ask(R"({"a":[0,1],"k":12345678901234567890123})", options("k"))->key == "12345678901234567890123");
  for (const char* key : {"1.0", "true", "null", "[]", "{}"})
    CHECK_FALSE(ask(R"({"a":[0,1],"k":)" + std::string(key) + "}", options("k")));
  const auto one = ask(R"({"a":[0,1],"k":1})", options()), other = ask(R"({"k":1,"n":null,"a":[0,1]})", options());
  CHECK(one->digest == other->digest);
  CHECK(one->digest.size() == 16);
  CHECK(one->hash == other->hash);
  CHECK(one->input != other->input);
}

TEST_CASE("what somebody must look at is left to them") {
  for (const char* line :
       {"", "{", "5", "null", R"({"a":[0]})", R"({"a":[0,null]})", R"({"a":{"1":0}})", R"({"a":[0,1],"a":[0,1]})",
        R"({"a":[0,1],"v":NaN})", R"({"a":[0,1],"v":1e400})", R"({"a":[0,"\ud83d"]})", "{\"a\":[0,\"\xff\"]}",
        "{\"a\":[0,\"\x01\"]}", R"({"a":[0,1]} {})"})
    CHECK_FALSE(ask(line, options()));
  ks::RowOptions suspicious = options();
  suspicious.is_odd = [](const std::string& prompt) { return prompt == "<1>"; };
  CHECK_FALSE(ask(R"({"a":[0,1]})", suspicious));
  CHECK(ask(R"({"a":[0,2]})", suspicious));
}
