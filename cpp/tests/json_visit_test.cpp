// The visitor takes JSON and nothing else, and finds the end of an object in a stream.
#include <doctest/doctest.h>

#include <vector>

#include <random>
#include <string>

#include "kimistream/json.hpp"
#include "support/play.hpp"

namespace json = kimistream::json;
using namespace std::string_literals;

namespace {

using Texts = std::vector<std::string>;

/// Writes down what it is told.
struct Recorder : json::Visitor {
  std::string log;
  void on_null() override { log += "null "; }
  void on_bool(bool value) override { log += value ? "true " : "false "; }
  void on_number(std::string_view text) override { log.append(text) += ' '; }
  void on_string(std::string_view text) override { (log += '\'').append(text) += "' "; }
  void on_array_begin() override { log += "[ "; }
  void on_array_end() override { log += "] "; }
  void on_object_begin() override { log += "{ "; }
  void on_key(std::string_view text) override { log.append(text) += ": "; }
  void on_object_end() override { log += "} "; }
};

std::string told(std::string_view text) {
  Recorder recorder;
  json::visit(text, recorder);
  return recorder.log;
}

bool refused(std::string_view text) {
  try {
    told(text);
    return false;
  } catch (const json::Malformed&) {
    return true;
  }
}

}  // namespace

TEST_CASE("a document is told in order") {
  CHECK(told(R"({"a":[1,-2.5e3,"x",null,true,false],"b":{}})") == "{ a: [ 1 -2.5e3 'x' null true false ] b: { } } ");
  CHECK(told(" \n\t{ \"a\" : 1 }\r\n ") == "{ a: 1 } ");
}

TEST_CASE("any value may stand at the root") {
  CHECK(told("1") == "1 ");
  CHECK(told(R"("x")") == "'x' ");
  CHECK(told("null") == "null ");
  CHECK(told(" true ") == "true ");
  CHECK(told("[]") == "[ ] ");
}

TEST_CASE("numbers keep their text") {
  for (const std::string number : Texts{"0", "-0", "1.0", "1e3", "1E+3", "-1.25e-7", "123456789012345678901234567890",
                                        "1e400", "0.1234567890123456789012345", "NaN", "Infinity", "-Infinity"}) {
    CAPTURE(number);
    CHECK(told(number) == std::string(number) + " ");
    CHECK(told("[" + std::string(number) + "]") == "[ " + std::string(number) + " ] ");
  }
}

TEST_CASE("strings and keys are unescaped, and always UTF-8") {
  CHECK(told(R"(["a\n\"\u00e9\ud83d\ude00"])") == "[ 'a\n\"é😀' ] ");
  CHECK(told(R"({"c\u006fntent":1})") == "{ content: 1 } ");
  CHECK(told(R"(["\ud83d"])") == "[ '\xEF\xBF\xBD' ] ");
  CHECK(told(R"({"\ude00":1})") == "{ \xEF\xBF\xBD: 1 } ");
  CHECK(told("[\"a\xFF\"]") == "[ 'a\xEF\xBF\xBD' ] ");
  CHECK(told("[\"raw\nline\"]") == "[ 'raw\nline' ] ");
  CHECK(told("[\"a\\u0000b\"]") == "[ 'a\0b' ] "s);
}

TEST_CASE("duplicate keys are both told") { CHECK(told(R"({"a":1,"a":2})") == "{ a: 1 a: 2 } "); }

TEST_CASE("what is not one JSON value is refused") {
  for (const std::string bad :
       Texts{"",        " ",    "{",      "}",        "[",         "]",        "{]",         "[}",        "{}{}",
             "{} x",    "1 2",  "[1,]",   "[,1]",     "{\"a\"}",   "{\"a\":}", "{\"a\":1,}", "{a:1}",     "{'a':1}",
             "[1 2]",   "nul",  "nulll",  "tru",      "truee",     "falsy",    "NAN",        "Nan",       "inf",
             "Infinit", "-",    "+1",     "\"",       "\"a",       "[\"a]",    "\"\\x\"",    "\"\\u12\"", "undefined",
             "[1]]",    "[[1]", "<html>", "data: {}", "{\"a\":1]", "],["}) {
    CAPTURE(bad);
    CHECK(refused(bad));
  }
}

TEST_CASE("numbers that JSON does not have are refused") {
  for (const std::string bad :
       Texts{"01", "-01", "1.", ".5", "1e", "1e+", "--1", "1-2", "1.2.3", "1ee5", "0x10", "1_000", "-Inf", "-.5", "00",
             "-", "1.e5", "123456789012345678901234567890.", "0123456789012345678901234567890"}) {
    CAPTURE(bad);
    CHECK(refused(bad));
    CHECK(refused("[" + std::string(bad) + "]"));
    CHECK(refused("{\"a\":" + std::string(bad) + "}"));
  }
}

TEST_CASE("every beginning of a document is refused, except the whole of it") {
  const std::string text = R"({"a":[1,{"b":"c\u00e9"},null,true],"d":{"e":-1.5}})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(refused(text.substr(0, size)));
  }
  CHECK_FALSE(refused(text));
}

TEST_CASE("a document that lacks its end is refused, whatever was read before it") {
  for (const std::string before : Texts{",", "]", "}", "1,", ":1,", "],", "[[", "{ ", "]]]]", ",,,,,,,,"}) {
    std::string filler;
    while (filler.size() < 500) filler += before;
    for (const std::string cut : Texts{"[", "[[", "[[\v", "[[]", "[[1", "[{\"a\":[", "{\"a\":[1", "[1,[2", "[[[[[[[[",
                                       "{\"a\":{\"b\":1}", "[{},"}) {
      CAPTURE(before);
      CAPTURE(cut);
      CHECK(told("\"" + filler + "\"") == "'" + filler + "' ");
      CHECK(refused(cut));
    }
  }
}

TEST_CASE("nesting is followed to its limit and refused beyond, however deep") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK_FALSE(refused(nested(json::max_depth)));
  CHECK(refused(nested(json::max_depth + 2)));
  CHECK(refused(nested(1'000'000)));
  CHECK(refused(std::string(1'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(refused(objects));
}

TEST_CASE("a scan knows when its text is one whole object") {
  for (const std::string whole :
       Texts{"{}", " {} ", "{\"a\":{\"b\":[1,2]}}", "{\"a\":\"}\"}", "\n{\"a\":\"\\\"}\"}\t", "{[]}"}) {
    CAPTURE(whole);
    CHECK(json::is_whole_object(whole));
  }
  for (const std::string other :
       Texts{"", " ", "{", "}", "[]", "1", "{}x", "x{}", "{}{}", "{\"a\":\"}", "{\"a\":\"\\\"}", "\"{}\"", "}{"}) {
    CAPTURE(other);
    CHECK_FALSE(json::is_whole_object(other));
  }
}

TEST_CASE("a scan says the same however the text is cut") {
  const std::vector<std::string> words = {"{", "}", "[", "]", "\"", "\\", "a", ":", " ", "{}", "\"}\""};
  std::mt19937 random(5);
  std::uniform_int_distribution<std::size_t> count(0, 12), word(0, words.size() - 1);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::size_t left = count(random); left > 0; --left) text += words[word(random)];
    json::ObjectScan scan;
    for (const std::string& piece : kimistream::testing::chopped(text, random, 3)) scan.feed(piece);
    CAPTURE(text);
    REQUIRE(scan.whole() == json::is_whole_object(text));
  }
}

TEST_CASE("what the visitor takes as an object, the scan takes too") {
  for (const std::string text : Texts{"{}", "{\"a\":1}", "{\"a\":\"\\\\\"}", "{\"{\":\"[\"}", " {\"a\":[{}]} "}) {
    CAPTURE(text);
    CHECK_FALSE(refused(text));
    CHECK(json::is_whole_object(text));
  }
}

TEST_CASE("a visitor overrides what it is interested in") {
  struct Strings : json::Visitor {
    std::string all;
    void on_string(std::string_view text) override { all += text; }
  };
  Strings strings;
  json::visit(R"({"a":["x",1,true,null,{"b":"y"}]})", strings);
  CHECK(strings.all == "xy");
}

TEST_CASE("whole JSON, also where a string holds what JSON would escape") {
  for (const char* text : {"{}", " [1] ", "\"a\"", "3", "null", "{\"a\":\"b\nc\"}", "{\"a\":\"\xff\"}", R"("\ud83d")"})
    CHECK(kimistream::json::is_json(text));
  for (const char* text : {"", " ", "{", "{\"a\":\"Ro", "{} x", "{}{}", "nul"})
    CHECK_FALSE(kimistream::json::is_json(text));
}
