// Where a continuation meets what it goes on from, however it is cut into fragments.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "joint.hpp"
#include "support/play.hpp"
#include "white.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

struct Shown {
  std::string text;
  std::vector<std::string> notices;
  std::string finish;
  bool brought = false;
};

/// A continuation of these pieces, then its end.
Shown shown(const ks::Before& before, const std::vector<std::string>& pieces, bool ends = true) {
  ks::Joint joint(before);
  std::vector<ks::Event> events;
  for (const std::string& piece : pieces) {
    const std::size_t from = events.size();
    if (!piece.empty()) events.emplace_back(ks::Text{piece});
    joint.filter(events, from);
    if (joint.stopped()) break;
  }
  if (ends && !joint.stopped()) {
    const std::size_t from = events.size();
    events.emplace_back(ks::Finish{"stop"});
    joint.filter(events, from);
  }
  Shown all{.text = joined<ks::Text>(events), .brought = joint.brought()};
  for (const ks::Event& event : events) {
    if (const auto* notice = std::get_if<ks::Notice>(&event)) all.notices.push_back(notice->code);
    if (const auto* finish = std::get_if<ks::Finish>(&event)) all.finish = finish->reason;
  }
  return all;
}

ks::Before behind(std::string arrived) {
  std::string prefix(ks::without_white_end(arrived));
  return {.prefix = std::move(prefix), .arrived = std::move(arrived)};
}

const std::string long_text = "The quick brown fox jumps over the lazy dog, as ever";

}  // namespace

TEST_CASE("what a joint shows") {
  struct Row {
    const char* what;
    ks::Before before;
    std::string comes, shown;
  };
  const std::vector<Row> rows = {
      {"a text", behind("Hello"), " world", " world"},
      {"in the middle of a word", behind("Hel"), "lo", "lo"},
      {"a space that was shown", behind("Hello "), " world", "world"},
      {"a space that was shown and does not come", behind("Hello "), "world", "world"},
      {"a line's end that was shown, of two", behind("One.\n"), "\n\nTwo", "\nTwo"},
      {"more was shown than comes", behind("One.\n\n"), "\nTwo", "Two"},
      {"another space than was shown", behind("One.\n"), " Two", " Two"},
      {"an indentation", behind("def f():\n    "), "\n    return 1", "return 1"},
      {"an indentation whose line's end is taken for said", behind("def f():\n    "), "    return 1", "return 1"},
      {"wide space", behind("\xE4\xB8\x80\xE3\x80\x80"), "\xE3\x80\x80\xE4\xBA\x8C", "\xE4\xBA\x8C"},
      {"nothing but space", behind("One.\n"), "\n\n", "\n"},
      {"an echo", behind(long_text), long_text + " and ever", " and ever"},
      {"an echo behind space", behind(long_text), "\n" + long_text + " and ever", " and ever"},
      {"an echo, and space that was shown", behind(long_text + " "), long_text + " and ever", "and ever"},
      {"nothing but an echo", behind(long_text), long_text, ""},
      {"the beginning of an echo", behind(long_text), long_text.substr(0, 40) + "!", long_text.substr(0, 40) + "!"},
      {"the beginning of an echo, and the end", behind(long_text), long_text.substr(0, 40), long_text.substr(0, 40)},
      {"a short text again", behind("ha"), "ha ha", "ha ha"},
      {"31 characters again", behind(std::string(31, 'x')), std::string(31, 'x'), std::string(31, 'x')},
      {"32 characters again", behind(std::string(32, 'x')), std::string(40, 'x'), std::string(8, 'x')},
      {"a code fence", behind("```python\n"), "\nprint(1)\n```", "print(1)\n```"},
      {"an emoji of several characters", behind("\xF0\x9F\x91\xA8\xE2\x80\x8D"), "\xF0\x9F\x91\xA7!",
       "\xF0\x9F\x91\xA7!"},
      {"reasoning", behind("Hello"), "<think>Well.</think> world", " world"},
      {"reasoning", behind("Hello"), "<think>Well.</think> world", " world"},
      {"reasoning behind a blank that was shown", behind("Hello "), "<think>Well.</think> world", "world"},
      {"reasoning, and line ends behind it", behind("Hel"), "<think>Well.</think>\n\nlo world", "lo world"},
      {"reasoning behind white space", behind("Hello "), "\n<think>Well.</think> world", "world"},
      {"reasoning without an end", behind("Hello"), "<think>Well. </thin", ""},
      {"reasoning with half an end in it", behind("Hello"), "<think>a </th <</think>!", "!"},
      {"no reasoning between the tags", behind("Hello"), "<think></think>!", "!"},
      {"a tag in quotes", behind("The tag is `"), "<think>` and `</think>`", "<think>` and `</think>`"},
      {"a tag in code", behind("```\n"), "<think>x</think>\n```", "<think>x</think>\n```"},
      {"less than a tag", behind("a "), "<thin line", "<thin line"},
      {"an echo behind reasoning", behind(long_text), "<think>Well.</think>" + long_text + "!", "!"},
  };
  std::mt19937 random(7);
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(shown(row.before, {row.comes}).text == row.shown);
    std::vector<std::string> bytes;  // of characters: no fragment ends inside of one
    for (const char byte : row.comes) {
      if ((byte & 0xC0) != 0x80 || bytes.empty()) bytes.emplace_back();
      bytes.back() += byte;
    }
    CHECK(shown(row.before, bytes).text == row.shown);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      std::string head, tail;
      for (std::size_t i = 0; i < bytes.size(); ++i) (i < cut ? head : tail) += bytes[i];
      CHECK(shown(row.before, {head, tail}).text == row.shown);
    }
  }
}

TEST_CASE("text goes on to be shown as it comes once it is told apart") {
  ks::Joint joint(behind(long_text));
  std::vector<ks::Event> events{ks::Text{long_text.substr(0, 10)}};
  joint.filter(events, 0);
  CHECK(events.empty());
  CHECK_FALSE(joint.brought());
  events.emplace_back(ks::Text{long_text.substr(10) + " a"});
  joint.filter(events, 0);
  CHECK(joined<ks::Text>(events) == " a");
  events.emplace_back(ks::Text{long_text});
  joint.filter(events, 1);
  CHECK(joined<ks::Text>(events) == " a" + long_text);
  CHECK(joint.brought());
}

TEST_CASE("reasoning that comes all the same is left out and told once") {
  ks::Joint joint(behind("Hello"));
  std::vector<ks::Event> events{ks::Thinking{"Hm"}, ks::Thinking{"."}, ks::Text{" world"}, ks::Finish{"stop"}};
  joint.filter(events, 0);
  REQUIRE(events.size() == 3);
  CHECK(std::get<ks::Notice>(events[0]).code == "reasoning_left_out");
  CHECK(std::get<ks::Text>(events[1]).text == " world");
  CHECK(std::holds_alternative<ks::Finish>(events[2]));
  CHECK(shown(behind("Hello"), {"<think>a</think>b"}).notices == std::vector<std::string>{"reasoning_left_out"});
  CHECK(shown(behind("Hello"), {"<think>\n</think>b"}).notices.empty());
}

TEST_CASE("a stop word that began before the joint ends the answer") {
  const auto stops = [](std::string arrived, std::string comes) {
    ks::Before before = behind(std::move(arrived));
    before.stops = {"STOP", "\n\n"};
    return shown(before, {std::move(comes)});
  };
  Shown all = stops("Hello ST", "OP and more");
  CHECK(all.text.empty());
  CHECK(all.finish == "stop");
  CHECK(stops("Hello ST", "ONE").text == "ONE");
  CHECK(stops("Hello S", "T").text == "T");
  CHECK(stops("Hello", "STOP").text == "STOP");  // the server sees these itself
  all = stops("One\n", "\n\nTwo");               // one line's end was shown, the next one makes two
  CHECK(all.text.empty());
  CHECK(all.finish == "stop");
  CHECK(stops("One\n", "\nTwo").text == "Two");
}

TEST_CASE("what is held back is shown where the answer breaks off for good, unless it is an echo") {
  const auto released = [](std::size_t size) {
    ks::Joint joint(behind(long_text));
    std::vector<ks::Event> events{ks::Text{long_text.substr(0, size)}};
    joint.filter(events, 0);
    joint.release(events);
    return joined<ks::Text>(events);
  };
  CHECK(released(10) == long_text.substr(0, 10));
  CHECK(released(40).empty());
}

TEST_CASE("events that are no text stand behind what was held back") {
  ks::Joint joint(behind(long_text));
  std::vector<ks::Event> events{ks::Text{"The"}, ks::ToolCallStart{0, "c", "f"}};
  joint.filter(events, 0);
  REQUIRE(events.size() == 2);
  CHECK(std::get<ks::Text>(events[0]).text == "The");
  CHECK(std::holds_alternative<ks::ToolCallStart>(events[1]));
}
