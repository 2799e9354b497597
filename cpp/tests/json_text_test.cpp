// Escaping, unescaping and mending of JSON strings.
#include "json/text.hpp"

#include <doctest/doctest.h>

#include <vector>

#include <random>
#include <string>

#include "support/play.hpp"

namespace json = kimistream::json;
using namespace std::string_literals;

namespace {

using Texts = std::vector<std::string>;

std::string as_json(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  REQUIRE(json::unescape(text, out));
  return out;
}

const std::string high = "\xED\xA0\xBD", low = "\xED\xB8\x80", smile = "\xF0\x9F\x98\x80";  // U+D83D, U+DE00, U+1F600
const std::string replacement = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("a string is written with the escapes that JSON needs and no others") {
  CHECK(as_json("") == R"("")");
  CHECK(as_json("a\"b\\c/d") == R"("a\"b\\c/d")");
  CHECK(as_json("\n\r\t\b\f\0\x1f\x7f"s) == "\"\\n\\r\\t\\u0008\\u000c\\u0000\\u001f\x7f\"");
  CHECK(as_json("é漢🙂\xE2\x80\xA8") == "\"é漢🙂\xE2\x80\xA8\"");
}

TEST_CASE("bytes that are not UTF-8 are written as U+FFFD") {
  CHECK(as_json("\xFF") == "\"" + replacement + "\"");
  CHECK(as_json("a\xC3") == "\"a" + replacement + "\"");
  CHECK(as_json("\xC3(") == "\"" + replacement + "(\"");
  CHECK(as_json("\xC0\xAF").find('\xC0') == std::string::npos);          // overlong
  CHECK(as_json("\xF5\x80\x80\x80").find('\xF5') == std::string::npos);  // beyond U+10FFFF
  CHECK(as_json(high).find('\xED') == std::string::npos);                // a surrogate
  CHECK(as_json("\xF4\x8F\xBF\xBF") == "\"\xF4\x8F\xBF\xBF\"");          // U+10FFFF
}

TEST_CASE("each byte is written alike wherever it stands in a longer text") {
  const std::string plain = "plain words, and not a few of them";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string alone = as_json(std::string(1, static_cast<char>(byte)));
    const std::string said = alone.substr(1, alone.size() - 2);
    for (std::size_t place = 0; place <= plain.size(); ++place) {
      const std::string text = plain.substr(0, place) + static_cast<char>(byte) + plain.substr(place);
      REQUIRE(as_json(text) == '"' + plain.substr(0, place) + said + plain.substr(place) + '"');
    }
  }
}

TEST_CASE("every escape means what JSON says") {
  CHECK(unescaped(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
  CHECK(unescaped(R"(\u0041\u00e9\u6F22)") == "Aé漢");
  CHECK(unescaped(R"(a\u0000b)") == "a\0b"s);
  CHECK(unescaped(R"(\ud83d\ude00)") == smile);
  CHECK(unescaped(R"(\uD83D\uDE00!)") == smile + "!");
}

TEST_CASE("a lone half of a surrogate pair is kept for its other half") {
  CHECK(unescaped(R"(a\ud83d)") == "a" + high);
  CHECK(unescaped(R"(\ude00b)") == low + "b");
  CHECK(unescaped(R"(\ud83d\u0041)") == high + "A");
  CHECK(unescaped(R"(\ud83d\ud83d\ude00)") == high + smile);
}

TEST_CASE("escapes that JSON does not have are refused") {
  for (const std::string bad : Texts{R"(\x41)", R"(\u12)", R"(\u12G4)", R"(\)", R"(\')", R"(\u)", R"(\U0041)"}) {
    CAPTURE(bad);
    std::string out;
    CHECK_FALSE(json::unescape(bad, out));
  }
}

TEST_CASE("halves are found and joined when they meet") {
  CHECK(json::ends_with_high_half("a" + high));
  CHECK_FALSE(json::ends_with_high_half(high + "a"));
  CHECK(json::begins_with_low_half(low + "a"));
  CHECK_FALSE(json::begins_with_low_half(high));
  CHECK(json::has_half("a" + low));
  CHECK_FALSE(
      json::has_half("\xED\x9F\xBF"
                     "a"));  // U+D7FF, the last before the surrogates
  CHECK(json::join_halves("a" + high + low + "b") == "a" + smile + "b");
  CHECK(json::join_halves(high + "x" + low) == replacement + "x" + replacement);
  CHECK(json::join_halves(low + high) == replacement + replacement);
  CHECK(json::join_halves("plain é") == "plain é");
}

TEST_CASE("mending replaces bytes that are not UTF-8 and escapes raw control characters in strings") {
  CHECK(json::mend("{\"a\":\"x\xFFy\"}") == "{\"a\":\"x" + replacement + "y\"}");
  CHECK(json::mend("{\"a\":\"line\nend\tx\"}") == R"({"a":"line\u000aend\u0009x"})");
  CHECK(json::mend("{\n\"a\"\t: 1}") == "{\n\"a\"\t: 1}");
  CHECK(json::mend(R"({"a":"q\"}x"})") == R"({"a":"q\"}x"})");
}

TEST_CASE("any bytes come back as UTF-8 from writing and reading") {
  std::mt19937 random(4);
  std::uniform_int_distribution<int> byte(0, 255), length(0, 30);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    for (int left = length(random); left > 0; --left) bytes += static_cast<char>(byte(random));
    const std::string written = as_json(bytes);
    REQUIRE(kimistream::testing::is_utf8(written));
    std::string back;
    REQUIRE(json::unescape(std::string_view(written).substr(1, written.size() - 2), back));
    if (kimistream::testing::is_utf8(bytes)) REQUIRE(back == bytes);
  }
}
