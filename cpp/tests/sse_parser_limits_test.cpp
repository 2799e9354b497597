// What the SSE parser does with too much of everything, and that slicing never matters.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "kimistream/sse.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace std::string_literals;

namespace {

using Texts = std::vector<std::string>;

struct Seen {
  std::vector<std::pair<std::string, std::string>> events;  // type, data
  std::string id;
  std::optional<long long> retry;
  bool overflowed = false;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen seen_of(const std::vector<std::string>& blocks, std::size_t limit = ks::sse::Parser::default_max_event_bytes) {
  ks::sse::Parser parser(limit);
  Seen seen;
  const auto keep = [&](const ks::sse::Event& event) { seen.events.emplace_back(event.type, event.data); };
  for (const std::string& block : blocks) {
    const auto buffer = std::make_unique<std::string>(block);
    parser.feed(*buffer);
    while (const auto event = parser.next()) keep(*event);
  }
  while (const auto event = parser.finish()) keep(*event);
  seen.id = parser.last_event_id();
  seen.retry = parser.retry();
  seen.overflowed = parser.overflowed();
  return seen;
}

/// The standard's rules in the plainest form, to compare with. Takes the whole text; a last event without its blank
/// line counts, as `finish()` has it.
Seen reference(std::string text) {
  Seen seen;
  std::string data, type, id_buffer;
  bool any = false;
  const auto dispatch = [&] {
    seen.id = id_buffer;
    if (any) seen.events.emplace_back(type.empty() ? "message" : type, data.substr(0, data.size() - 1));
    data.clear();
    type.clear();
    any = false;
  };
  const auto on_line = [&](const std::string& line) {
    if (line.empty()) return dispatch();
    const std::size_t colon = line.find(':');
    if (colon == 0) return;
    const std::string name = line.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (name == "data") {
      data += value + "\n";
      any = true;
    }
    if (name == "event") type = value;
    if (name == "id" && value.find('\0') == std::string::npos) id_buffer = value;
    if (name == "retry" && !value.empty() && value.find_first_not_of("0123456789") == std::string::npos)
      seen.retry = std::stoll(value);
  };
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') {
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      on_line(std::exchange(line, {}));
    } else {
      line += text[i];
    }
  }
  if (!line.empty()) on_line(line);
  dispatch();
  return seen;
}

std::string random_text(std::mt19937& random, const std::vector<std::string>& words, std::size_t longest) {
  std::uniform_int_distribution<std::size_t> count(0, longest), word(0, words.size() - 1);
  std::string text;
  for (std::size_t left = count(random); left > 0; --left) text += words[word(random)];
  return text;
}

}  // namespace

TEST_CASE("any text gives what the standard's rules give, however it is chopped") {
  const std::vector<std::string> words = {"data:",    "data: ", "data", "event:", "event: e", "id:",  "id: 4",
                                          "retry: 5", "\n",     "\n",   "\r",     "\r\n",     "\n\n", ":",
                                          " ",        "x",      "\0"s,  "é",      "\xEF",     "\xBB", "\xBF",
                                          "\t",       "[DONE]", "\xFF", "retry:9"};
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    std::string text = random_text(random, words, 40);
    if (round % 4 == 0) text.insert(0, "\xEF\xBB\xBF");
    CAPTURE(text);
    const Seen expected = reference(text);
    REQUIRE(seen_of({text}) == expected);
    REQUIRE(seen_of(ks::testing::chopped(text, random)) == expected);
  }
}

TEST_CASE("frames without blank lines are told apart the same way, however the text is chopped") {
  const std::vector<std::string> words = {"data: ", "data:", "{\"a\":1}", "{",  "}",    "\"", "\\", "[",
                                          "]",      "\n",    "\n",        "\r", "\r\n", " ",  "x",  "event: e\n"};
  std::mt19937 random(2);
  for (int round = 0; round < 4000; ++round) {
    const std::string text = random_text(random, words, 40);
    CAPTURE(text);
    REQUIRE(seen_of(ks::testing::chopped(text, random, 5)) == seen_of({text}));
  }
}

TEST_CASE("an event beyond the limit is a final error, wherever its bytes lie") {
  const std::string small = "data: ok\n\n", big = "data: " + std::string(2000, 'x') + "\n\n";
  std::mt19937 random(3);
  for (const bool whole : {true, false}) {
    const std::string text = small + big + small;
    const Seen seen = seen_of(whole ? std::vector<std::string>{text} : ks::testing::chopped(text, random, 50), 1000);
    CHECK(seen.overflowed);
    REQUIRE(seen.events.size() == 1);
    CHECK(seen.events[0].second == "ok");
  }
  std::string many_lines;
  for (int i = 0; i < 300; ++i) many_lines += "data: 0123456789\n";
  CHECK(seen_of({many_lines}, 1000).overflowed);
  CHECK(seen_of({"event: " + std::string(2000, 'x') + "\n\n"}, 1000).overflowed);
  CHECK(seen_of({"id: " + std::string(2000, 'x') + "\n\n"}, 1000).overflowed);
}

TEST_CASE("an event within the limit passes, also in pieces") {
  const std::string text = "data: " + std::string(900, 'x') + "\n\n";
  CHECK(seen_of({text}, 1000).events.size() == 1);
  CHECK(seen_of({text.substr(0, 450), text.substr(450)}, 1000).events.size() == 1);
}

TEST_CASE("a line of 64 MiB that never ends is refused at the limit, not kept") {
  ks::sse::Parser parser;
  const std::string block(1 << 20, 'x');
  std::size_t taken = 0;
  parser.feed("data: ");
  CHECK_FALSE(parser.next());
  while (taken < (std::size_t{64} << 20) && !parser.overflowed()) {
    parser.feed(block);
    CHECK_FALSE(parser.next());
    taken += block.size();
  }
  CHECK(parser.overflowed());
  CHECK(taken <= ks::sse::Parser::default_max_event_bytes + block.size());
  parser.feed("\n\ndata: more\n\n");
  CHECK_FALSE(parser.next());
  CHECK_FALSE(parser.finish());
}

TEST_CASE("an event of 10 MB passes") {
  const std::string payload(10'000'000, 'x');
  const Seen seen = seen_of({"data: " + payload.substr(0, 4'000'000), payload.substr(4'000'000) + "\n\n"});
  REQUIRE(seen.events.size() == 1);
  CHECK(seen.events[0].second == payload);
}

TEST_CASE("comments have no limit and take no room") {
  ks::sse::Parser parser(1000);
  parser.feed(": ");
  CHECK_FALSE(parser.next());
  const std::string block(1 << 16, 'x');
  for (int i = 0; i < 1000; ++i) {
    parser.feed(block);
    CHECK_FALSE(parser.next());
  }
  parser.feed("\n\ndata: ok\n\n");
  CHECK(parser.next());
  CHECK_FALSE(parser.overflowed());
}

// No clock is read in these: work that grows with the square of the size would take minutes and be noticed.
TEST_CASE("4 MiB in single bytes is linear work") {
  const std::string text = "data: " + std::string(4 << 20, 'x') + "\n\n";
  ks::sse::Parser parser;
  std::size_t events = 0, bytes = 0;
  for (const char& byte : text) {
    parser.feed({&byte, 1});
    while (const auto event = parser.next()) {
      ++events;
      bytes += event->data.size();
    }
  }
  CHECK(events == 1);
  CHECK(bytes == std::size_t{4} << 20);
}

TEST_CASE("16 MiB of short lines in one block is linear work, whatever ends them") {
  for (const std::string ending : Texts{"\n", "\r", "\r\n"}) {
    std::string text;
    while (text.size() < (std::size_t{16} << 20)) text += "data: x" + ending + ending;
    ks::sse::Parser parser;
    parser.feed(text);
    std::size_t events = 0;
    while (parser.next()) ++events;
    CHECK(events == text.size() / (7 + 2 * ending.size()));
  }
}
