// The line rules of server-sent events: what the standard says, and what its test suite and other parsers check.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "kimistream/sse.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace std::string_literals;
using kimistream::testing::bytes_of;

namespace {

using Texts = std::vector<std::string>;

using Strings = std::vector<std::string>;

/// Feeds blocks that are gone once the parser has asked for more, as a transport's buffer would be.
Strings parse(const Strings& blocks, bool at_end = false) {
  ks::sse::Parser parser;
  Strings data;
  for (const std::string& block : blocks) {
    const auto buffer = std::make_unique<std::string>(block);
    parser.feed(*buffer);
    while (const auto event = parser.next()) data.emplace_back(event->data);
  }
  while (at_end) {
    const auto event = parser.finish();
    if (!event) break;
    data.emplace_back(event->data);
  }
  return data;
}

/// Whole, byte by byte, at every cut, at every cut with empty blocks around it.
void check(const std::string& text, const Strings& expected) {
  CAPTURE(text);
  CHECK(parse({text}) == expected);
  CHECK(parse(bytes_of(text)) == expected);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    CHECK(parse({"", text.substr(0, cut), "", text.substr(cut), ""}) == expected);
  }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

const std::string bom = "\xEF\xBB\xBF";

}  // namespace

TEST_CASE("an event whose only data is empty is given as empty") {
  check("data:\n\ndata\ndata\n\ndata:test\n\n", {"", "\n", "test"});
}

TEST_CASE("only one byte order mark at the very start is taken away") {
  check(bom + "data:1\n\n" + bom + "data:2\n\ndata:3\n\n", {"1", "3"});
  check(bom + bom + "data:1\n\ndata:2\n\ndata:3\n\n", {"2", "3"});
  check("data: a" + bom + "b\n\ndata: " + bom + "\n\n", {"a" + bom + "b", bom});
}

TEST_CASE("bytes that only begin like a byte order mark belong to the first line") {
  check(
      "\xEF\xBB"
      "data:1\n\ndata:2\n\n",
      {"2"});
  check(
      "\xEF"
      "data:1\n\ndata:2\n\n",
      {"2"});
  check("\xEF\xBB\n\ndata:2\n\n", {"2"});
}

TEST_CASE("comments give nothing, whatever their line endings") {
  const std::string fill(2048, 'x');
  const std::string text = "data:1\r:\0\n:\r\ndata:2\n:"s + fill + "\rdata:3\n:data:fail\r:" + fill + "\ndata:4\n\n";
  CHECK(parse({text}) == Strings{"1\n2\n3\n4"});
  CHECK(parse(bytes_of(text)) == Strings{"1\n2\n3\n4"});
  check(": OPENROUTER PROCESSING\n\n:\n\n: PING\n\ndata: x\n\n", {"x"});
}

TEST_CASE("a comment may span blocks and end in a CR at the end of one") {
  CHECK(parse({": one", " two", " three\n\n"}).empty());
  CHECK(parse({": long ", "comment\r", "\ndata: x\n\n"}) == Strings{"x"});
  CHECK(parse({": long ", "comment\r", "data: x\n\n"}) == Strings{"x"});
}

TEST_CASE("the last event needs its blank line, unless its end is asked for") {
  const std::string text = "retry:1000\ndata:test1\n\nid:test\ndata:test2\n";
  check(text, {"test1"});
  CHECK(parse({text}, true) == Strings{"test1", "test2"});
  CHECK(parse({"data: a\n\ndata: cut"}, true) == Strings{"a", "cut"});
  CHECK(parse(bytes_of("data: a\n\ndata: cut"), true) == Strings{"a", "cut"});
  CHECK(parse({"data: a\n\n"}, true) == Strings{"a"});
  CHECK(parse({"data: a\n\n: comment"}, true) == Strings{"a"});
}

TEST_CASE("field names are exact and one leading space of a value goes") {
  check(
      "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n"s,
      {"\0\n 2\n1\n3\n\n4"s});
  check("data:\ttest\rdata: \ndata:test\n\n", {"\ttest\n\ntest"});
  check("data:abc\n data\ndata\nfoobar:xxx\njustsometext\n:comment\ndata:123\n\n", {"abc\n\n123"});
}

TEST_CASE("line endings may be mixed within one event") {
  check("data:test\r\ndata\ndata:test\r\n\r\n", {"test\n\ntest"});
  check("data: A\r\ndata: B\r\ndata: C\r\n\r\n", {"A\nB\nC"});
  check("data: one\n\rdata: two\r\n\n", {"one", "two"});
}

TEST_CASE("a CR at the end of a block and the LF behind it are one line ending") {
  CHECK(parse({"data: A\r\n", "data: B\r", "\n", "data: C\r\n", "\n"}) == Strings{"A\nB\nC"});
  CHECK(parse({"data: one\r", "\r", "\n"}) == Strings{"one"});
  CHECK(parse({"data: one\ndata\r", "\ndata: two\n\n"}) == Strings{"one\n\ntwo"});
  CHECK(parse({"data: a\r", "", "\n", "", "\r\n"}) == Strings{"a"});
}

TEST_CASE("a stream of bare CRs gives each event as soon as its blank line is there") {
  check("data: a\r\rdata: b\r\r", {"a", "b"});
  ks::sse::Parser parser;
  parser.feed("data: a\r\r");
  REQUIRE(parser.next());
  CHECK_FALSE(parser.next());
  parser.feed("\ndata: b\r\r");  // the LF belongs to the CR before it: no second, empty event
  const auto event = parser.next();
  REQUIRE(event);
  CHECK(event->data == "b");
}

TEST_CASE("each line ending at every cut gives the same events") {
  const std::string text =
      ": hello\n\nevent: x\nid: 7\ndata: {\"a\": 1}\n\ndata: first\ndata: second\n\nretry: 10\n\ndata:\n\ndata: "
      "last\n\n";
  const Strings expected = {"{\"a\": 1}", "first\nsecond", "", "last"};
  for (const std::string ending : Texts{"\n", "\r", "\r\n"}) check(replaced(text, "\n", ending), expected);
}

TEST_CASE("types last for one event") {
  ks::sse::Parser parser;
  parser.feed("event:custom\ndata:x\n\ndata:y\n\nevent:\ndata:z\n\nevent: gone\n\ndata: w\n\n");
  Strings types;
  while (const auto event = parser.next()) types.emplace_back(event->type);
  CHECK(types == Strings{"custom", "message", "message", "message"});
}

TEST_CASE("ids are kept until another one comes, and a NUL in one makes it void") {
  ks::sse::Parser parser;
  const std::string text =
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\nid: 5\n\ndata: x\n\n"
      "id: 123\nid: bad\0id\ndata: y\n\n"s;
  parser.feed(text);
  std::vector<std::pair<std::string, std::string>> seen;
  while (const auto event = parser.next()) seen.emplace_back(event->data, parser.last_event_id());
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"first event", "1"}, {"second event", ""}, {" third event", ""}, {"x", "5"}, {"y", "123"}};
  CHECK(seen == expected);
}

TEST_CASE("an id counts only once its event has ended") {
  ks::sse::Parser parser;
  parser.feed("id: 1\ndata: a\n");
  CHECK_FALSE(parser.next());
  CHECK(parser.last_event_id().empty());
}

TEST_CASE("retry takes digits only") {
  const auto retry_of = [](std::string_view value) {
    ks::sse::Parser parser;
    const std::string text = "retry:" + std::string(value) + "\n\n";
    parser.feed(text);
    CHECK_FALSE(parser.next());
    return parser.retry();
  };
  CHECK(retry_of("3000") == 3000);
  CHECK(retry_of(" 3000") == 3000);
  for (const std::string bad : Texts{"1000x", "-1", "1.5", "", "+3", "1 2", "99999999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(retry_of(bad));
  }
}

TEST_CASE("only CR and LF end a line") {
  check(
      "data: a\xE2\x80\xA8"
      "b\xE2\x80\xA9"
      "c\xC2\x85"
      "d\x0C"
      "e\x0B"
      "f\x1E"
      "g\n\n",
      {"a\xE2\x80\xA8"
       "b\xE2\x80\xA9"
       "c\xC2\x85"
       "d\x0C"
       "e\x0B"
       "f\x1E"
       "g"});
}

TEST_CASE("characters of several bytes survive a cut at each byte") {
  const std::string text = "Привет 🙂 e\xCC\x81 漢字";
  check("data: " + text + "\n\n", {text});
}

TEST_CASE("bytes that are not UTF-8 pass unchanged") { check("data: \xFF\xC3(\x80\n\n", {"\xFF\xC3(\x80"}); }

TEST_CASE("escaped line ends inside JSON end nothing, and JSON may span data lines") {
  check(R"(data: {"text":"a\n\nb"})"
        "\n\n",
        {R"({"text":"a\n\nb"})"});
  check("data: {\ndata: \"foo\":\ndata:\ndata:\ndata: true}\n\n", {"{\n\"foo\":\n\n\ntrue}"});
}

TEST_CASE("the standard's examples") {
  check("data: YHOO\ndata: +2\ndata: 10\n\n", {"YHOO\n+2\n10"});
  check("data:test\n\ndata: test\n\n", {"test", "test"});
}

TEST_CASE("a body without fields gives no event") { check("<html></html>\n\nupstream gone\n\n", {}); }

TEST_CASE("JSON that begins a line without a field's name is data: servers write their errors so behind a stream") {
  check("data: {\"a\":1}\n\n{\"code\":\"E\",\"message\":\"died\"}\n\n",
        {"{\"a\":1}", "{\"code\":\"E\",\"message\":\"died\"}"});
  check("data: {\"a\":1}\n{\"error\":2}\n", {"{\"a\":1}", "{\"error\":2}"});  // as soon as the object is whole
  check("{\"error\":\n  {\"a\":\n\"b: c\"}\n}\ndata: x\n\n", {"{\"error\":\n  {\"a\":\n\"b: c\"}\n}", "x"});
  check("{\"cut\":\ndata: {\"b\":2}\n\n", {"{\"cut\":", "{\"b\":2}"});
  check("data: {\"cut\n{\"error\":1}\n\n", {"{\"cut\n{\"error\":1}"});  // a line more of an event that was left open
  check("{\n: a comment\n\"a\":1}\n", {"{\n\"a\":1}"});
  CHECK(parse({"data: {\"a\":1}\n\n{\"error\":1}"}, true) == Strings{"{\"a\":1}", "{\"error\":1}"});
}

TEST_CASE("a field named error is an event of that type, whole with its line") {
  const auto types = [](const std::string& text) {
    ks::sse::Parser parser;
    parser.feed(text);
    Strings all;
    while (const auto event = parser.next()) all.push_back(std::string(event->type) + "|" + std::string(event->data));
    return all;
  };
  CHECK(types("error: {\"code\":400}\n\ndata: [DONE]\n\n") == Strings{"error|{\"code\":400}", "message|[DONE]"});
  CHECK(types("error: out of memory\ndata: [DONE]\n\n") == Strings{"error|out of memory", "message|[DONE]"});
  CHECK(types("data: {\"a\nerror:{}\n\n") == Strings{"message|{\"a", "error|{}"});
  CHECK(types("error:\nerror: null\ndata: x\n\n") == Strings{"message|x"});
  check("error: {\"code\":400}\n\ndata: [DONE]\n\n", {"{\"code\":400}", "[DONE]"});
}

TEST_CASE("frames whose blank line was forgotten are told apart when they are whole objects") {
  check("data: {\"a\":1}\ndata: {\"b\":2}\ndata: [DONE]\n\n", {"{\"a\":1}", "{\"b\":2}", "[DONE]"});
  check("data: {\"a\":\"}\"}\ndata: {\"b\":2}\n\n", {"{\"a\":\"}\"}", "{\"b\":2}"});
  check("data: {\"a\":\ndata: 1}\ndata: {\"b\":2}\n\n", {"{\"a\":\n1}", "{\"b\":2}"});
  CHECK(parse({"data: {\"a\":1}\ndata: {\"b\":2}"}, true) == Strings{"{\"a\":1}", "{\"b\":2}"});
  CHECK(parse(bytes_of("data: {\"a\":1}\ndata: {\"b\":2}\n"), true) == Strings{"{\"a\":1}", "{\"b\":2}"});
}

TEST_CASE("plain text on several data lines is never split") {
  check("data: one\ndata: two\n\n", {"one\ntwo"});
  check("data: 1\ndata: 2\n\n", {"1\n2"});
  check("data: \"a\"\ndata: {}\n\n", {"\"a\"\n{}"});
  check("data: {}{\ndata: {}\n\n", {"{}{\n{}"});
}

TEST_CASE("many lines, many events") {
  std::string lines, events, expected;
  for (int i = 0; i < 10'000; ++i) {
    lines += "data: " + std::to_string(i) + "\n";
    expected += (i ? "\n" : "") + std::to_string(i);
  }
  CHECK(parse({lines + "\n"}) == Strings{expected});
  for (int i = 0; i < 2'000; ++i) events += "data: " + std::to_string(i) + "\n\n";
  CHECK(parse({events}).size() == 2'000);
}
