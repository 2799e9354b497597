// Reasoning that stands inside the content is parted from the answer, wherever the fragments end.
#include "wire/think.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using kimistream::wire::ThinkSplitter;

namespace {

using Parted = std::pair<std::string, std::string>;

Parted part(ThinkSplitter::Start start, const std::vector<std::string>& fragments) {
  ThinkSplitter splitter(start);
  Parted parted;
  for (const auto& fragment : fragments) splitter.feed(fragment, parted.first, parted.second);
  splitter.finish(parted.first, parted.second);
  return parted;
}

std::vector<std::string> split(const std::string& text, std::size_t at) {
  return {text.substr(0, at), text.substr(at)};
}

std::vector<std::string> bytes(const std::string& text) {
  std::vector<std::string> each;
  for (const char c : text) each.emplace_back(1, c);
  return each;
}

void check(ThinkSplitter::Start start, const std::string& text, const Parted& expected) {
  CAPTURE(text);
  CHECK(part(start, {text}) == expected);
  CHECK(part(start, bytes(text)) == expected);
  for (std::size_t at = 0; at <= text.size(); ++at) CHECK(part(start, split(text, at)) == expected);
}

}  // namespace

TEST_CASE("Q20: a tag opens the reasoning and one closes it") {
  const auto start = ThinkSplitter::Start::answer;
  check(start, "<think>a < b</think>c", {"a < b", "c"});
  check(start, "\n <think>\na</think>\n\nc d", {"\na", "c d"});
  check(start, "<think>a</think>b</think>c<think>d", {"a", "b</think>c<think>d"});
  check(start, "<think></think>c", {"", "c"});
  check(start, "<think>a</thin", {"a</thin", ""});
}

TEST_CASE("Q20: a lone closing tag ends reasoning that was opened in the prompt") {
  const auto start = ThinkSplitter::Start::reasoning;
  check(start, "Add: 1+1=2.</think>2", {"Add: 1+1=2.", "2"});
  check(start, "<think>a</think>2", {"a", "2"});
  check(start, "a <think> b</think>2", {"a <think> b", "2"});
  check(start, "no end in sight", {"no end in sight", ""});
}

TEST_CASE("content without a tag at its beginning is the answer") {
  for (const std::string text : {"hello", "say <think>x</think>", " <thin", "<", "", "<thinking>x"})
    check(ThinkSplitter::Start::answer, text, {"", text});
  for (const std::string text : {"<think>x</think>y", "a</think>b"}) check(ThinkSplitter::Start::off, text, {"", text});
}

TEST_CASE("in a text that is reasoning already an opening tag at the beginning goes, and nothing else") {
  const auto start = ThinkSplitter::Start::tag;
  check(start, "<think>a</think>b", {"", "a</think>b"});
  check(start, " <think>a", {"", "a"});
  check(start, " The <think>", {"", " The <think>"});
  check(start, "<thi", {"", "<thi"});
}

TEST_CASE("it says when it is done and whether it acted") {
  ThinkSplitter splitter(ThinkSplitter::Start::answer);
  std::string reasoning, answer;
  CHECK_FALSE(splitter.done());
  splitter.feed("hello", reasoning, answer);
  CHECK(splitter.done());
  CHECK_FALSE(splitter.acted());
  ThinkSplitter other(ThinkSplitter::Start::reasoning);
  other.feed("a</think>", reasoning, answer);
  CHECK_FALSE(other.done());  // white space may follow
  CHECK(other.acted());
  CHECK(ThinkSplitter(ThinkSplitter::Start::off).done());
}
