// A frame that differs from the one before in its text alone is read without a parser, and means the same.
#include "wire/repeat.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kimistream/provider.hpp"
#include "wire/decoder.hpp"

namespace ks = kimistream;
using ks::wire::Repeat;

namespace {

const std::string head = R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":")";
const std::string tail = R"("},"finish_reason":null}]})";

Repeat learned() {
  Repeat repeat;
  repeat.learn(head + "word" + tail, head.size(), 4);
  return repeat;
}

std::optional<std::string> match(const Repeat& repeat, const std::string& frame) {
  std::string scratch;
  const auto text = repeat.match(frame, scratch);
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

std::vector<ks::Event> events_of(const std::vector<std::string>& frames) {
  std::vector<ks::Event> events;
  ks::wire::Decoder decoder(*ks::find_provider("openai-compatible"));
  for (const auto& frame : frames) decoder.feed(frame, "", events);
  return events;
}

/// Each frame by a decoder that has seen nothing before it, so that nothing is repeated.
std::vector<ks::Event> decode_apart(const std::vector<std::string>& frames) {
  std::vector<ks::Event> events;
  for (const auto& frame : frames)
    for (auto& event : events_of({frame})) events.push_back(std::move(event));
  return events;
}

}  // namespace

TEST_CASE("the text of an equal frame is found, escapes undone") {
  const Repeat repeat = learned();
  CHECK(match(repeat, head + "other" + tail) == "other");
  CHECK(match(repeat, head + "\xE6\x88\x91 \xF0\x9F\x99\x82" + tail) == "\xE6\x88\x91 \xF0\x9F\x99\x82");
  CHECK(match(repeat, head + R"(a\n\"b\"\u00e9\\)" + tail) == "a\n\"b\"\xC3\xA9\\");
}

TEST_CASE("what is not the inside of a string is left to the parser") {
  const Repeat repeat = learned();
  for (const std::string text : {"", "a\"b", "a\\", "a\\\\\\", "\\x", "\\u12", "a\nb", "\xFF", "\xC3", "\xED\xA0\x80",
                                 R"(a","role":"assistant)", R"(a"},"finish_reason":"stop"}]})"}) {
    CAPTURE(text);
    CHECK_FALSE(match(repeat, head + text + tail));
  }
}

TEST_CASE("a frame that differs elsewhere is left to the parser") {
  const Repeat repeat = learned();
  CHECK_FALSE(match(repeat, R"({"id":"c2","model":"m","choices":[{"index":0,"delta":{"content":"a)" + tail));
  CHECK_FALSE(match(repeat, head + R"(a"},"finish_reason":"stop"}]})"));
  CHECK_FALSE(match(repeat, head));
  CHECK_FALSE(match(repeat, ""));
  CHECK_FALSE(match(Repeat(), head + "a" + tail));
}

TEST_CASE("a stream says the same as its frames one by one") {
  const auto content = [](const std::string& text) { return head + text + tail; };
  const auto thinking = [](const std::string& text) {
    return R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":")" +
           text + R"("},"finish_reason":null}]})";
  };
  const std::vector<std::string> frames = {
      thinking("a"),
      thinking("b\\n"),
      thinking("\\\"c"),
      thinking(""),
      thinking("d"),
      content("1"),
      content("2\xE6\x88\x91"),
      content("\\ud83d\\ude42"),
      content("3\xC3\xA9\\/"),
      thinking("again"),
      content("4"),
      R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"5","tool_calls":[]},"finish_reason":null}]})",
      content("6"),
      R"({"choices":[{"index":0,"delta":{"content":"7"}}]})",
      R"({"choices":[{"index":0,"delta":{"content":"8"}}]})",
  };
  const auto together = events_of(frames);
  CHECK(together == decode_apart(frames));
  CHECK(together.size() == 14);
}

TEST_CASE("a surrogate pair that is cut between two repeated frames is joined") {
  const auto events =
      events_of({head + "a" + tail, head + "b\\ud83d" + tail, head + "\\ude42c" + tail, head + "d" + tail});
  REQUIRE(events.size() == 4);
  CHECK(events[1] == ks::Event(ks::Text{"b"}));
  CHECK(events[2] == ks::Event(ks::Text{"\xF0\x9F\x99\x82"
                                        "c"}));
  CHECK(events[3] == ks::Event(ks::Text{"d"}));
}
