// The arguments of a tool call become the JSON text of one object wherever there is one in them.
#include "wire/arguments.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "kimistream/json.hpp"

using kimistream::wire::Arguments;
using kimistream::wire::clean_arguments;
using kimistream::wire::is_json;

namespace {

using Texts = std::vector<std::string>;

void check(std::string text, Arguments state, std::string_view expected) {
  CAPTURE(text);
  const Arguments found = clean_arguments(text);
  CHECK(found == state);
  CHECK(text == expected);
}

}  // namespace

TEST_CASE("a whole object stays as it is, but for white space around it") {
  check(R"({"city":"Tokyo"})", Arguments::clean, R"({"city":"Tokyo"})");
  check("{}", Arguments::clean, "{}");
  check(" \n{\"a\": 1}\n  \n", Arguments::clean, "{\"a\": 1}");
  check(R"({"big":123456789012345678901234567890,"f":1.0})", Arguments::clean,
        R"({"big":123456789012345678901234567890,"f":1.0})");
}

TEST_CASE("no arguments are an empty object") {
  for (const std::string none : Texts{"", " ", "\n\t", "null", " null "}) check(none, Arguments::absent, "{}");
}

TEST_CASE("garbage around an object is taken away") {
  check(R"({"a":1}自然科学})", Arguments::mended, R"({"a":1})");
  check("```json\n{\"a\":1}\n```", Arguments::mended, R"({"a":1})");
  check(R"({"a":1}{"b":2})", Arguments::mended, R"({"a":1})");
  check(R"(Sure: {"a":"}"} done)", Arguments::mended, R"({"a":"}"})");
  check(R"({"a":1}})", Arguments::mended, R"({"a":1})");
}

TEST_CASE("of objects that grow the last one counts, and of others the first") {
  check(R"({}{"a":1})", Arguments::mended, R"({"a":1})");
  check(R"({} {"a":"t"} {"a":"tides","b":[1]})", Arguments::mended, R"({"a":"tides","b":[1]})");
  check(R"({"a":[1]}{"a":[1,2]})", Arguments::mended, R"({"a":[1,2]})");
  check(R"({"a":[1,2]}{"a":[1]})", Arguments::mended, R"({"a":[1,2]})");
  check(R"({"a":"x"}{"a":"y"})", Arguments::mended, R"({"a":"x"})");
  check(R"({}{"a":1} done)", Arguments::mended, R"({"a":1})");
  check(R"({}{"a":)", Arguments::invalid, R"({}{"a":)");  // {} is not what was meant
  check(R"({"a":1}{"a":)", Arguments::mended, R"({"a":1})");
}

TEST_CASE("the JSON text of JSON text is read twice") {
  check(R"("{\"a\":1}")", Arguments::mended, R"({"a":1})");
  check(R"("{\"a\":")", Arguments::invalid, R"("{\"a\":")");
}

TEST_CASE("what holds no whole object is left as it came") {
  for (const std::string broken : Texts{R"({"city":"Tok)", "{", "}", "[1,2]", "\"text\"", "1", "{\"a\":}", "{\"a\" 1}",
                                        "{a:1}", "{\"a\":01}", "not json", R"({"a":"\x"})"})
    check(broken, Arguments::invalid, broken);
}

TEST_CASE("raw control characters and lone halves inside strings do not make arguments invalid") {
  std::string text = "{\"a\":\"line\nend\"}";
  CHECK(clean_arguments(text) != Arguments::invalid);
  text = R"({"a":"\ud83d"})";
  CHECK(clean_arguments(text) == Arguments::clean);
}

TEST_CASE("cleaning what is clean changes nothing") {
  for (const std::string text : Texts{R"({"a":1}x)", "```{}```", "", "null", R"( {"a":[{}]} )", "{\"a\":\"x\ny\"}"}) {
    std::string once = text;
    clean_arguments(once);
    std::string twice = once;
    CHECK(clean_arguments(twice) == Arguments::clean);
    CHECK(twice == once);
  }
}

TEST_CASE("a value is JSON or it is not, whatever readers let pass") {
  for (const char* json : {"1", "-2.5e3", "true", "null", "\"x\"", "[1, {\"a\": []}]", " {} "}) CHECK(is_json(json));
  for (const char* text : {"", "x", "True", "1 2", "[1,", "'x'", "NaN", "[-Infinity]", "{\"a\"}"})
    CHECK_FALSE(is_json(text));
}
