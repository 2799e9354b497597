// Kimi's own tool-call tokens are taken out of the text, however they are cut.
#include "wire/salvage.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "support/play.hpp"

using kimistream::wire::Salvage;

namespace {

using Texts = std::vector<std::string>;

struct Salvaged {
  std::string text;
  std::vector<std::array<std::string, 3>> calls;  // id, name, arguments
  friend bool operator==(const Salvaged&, const Salvaged&) = default;
};

Salvaged salvage(const Texts& fragments) {
  Salvage salvage;
  Salvaged seen;
  std::vector<Salvage::Call> calls;
  for (const std::string& fragment : fragments) {
    if (salvage.passes(fragment))
      seen.text += fragment;
    else
      salvage.feed(fragment, seen.text, calls);
  }
  salvage.finish(seen.text, calls);
  for (const auto& call : calls) seen.calls.push_back({call.id, call.name, call.arguments});
  return seen;
}

const std::string section = "<|tool_calls_section_begin|>", section_end = "<|tool_calls_section_end|>";

std::string call(const std::string& header, const std::string& arguments) {
  return "<|tool_call_begin|>" + header + "<|tool_call_argument_begin|>" + arguments + "<|tool_call_end|>";
}

void check(const std::string& text, const Salvaged& expected) {
  CAPTURE(text);
  CHECK(salvage({text}).text == expected.text);
  CHECK(salvage({text}).calls == expected.calls);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    CAPTURE(cut);
    CHECK(salvage({text.substr(0, cut), text.substr(cut)}) == expected);
  }
  Texts bytes;
  for (const char byte : text) bytes.emplace_back(1, byte);
  CHECK(salvage(bytes) == expected);
}

}  // namespace

TEST_CASE("text without tokens passes unchanged") {
  check("plain < text <b> a<|b and <|im", {"plain < text <b> a<|b and <|im", {}});
  check("ends with <", {"ends with <", {}});
  check("ends with <|tool", {"ends with <|tool", {}});
  check("a <|tool_box|> b", {"a <|tool_box|> b", {}});
}

TEST_CASE("a section with a call becomes a call") {
  check("Let me look." + section + call("functions.get_weather:0", R"({"city":"Tokyo"})") + section_end,
        {"Let me look.", {{"functions.get_weather:0", "get_weather", R"({"city":"Tokyo"})"}}});
}

TEST_CASE("several calls, white space between the tokens, text behind them") {
  check("A" + section + "\n" + call(" functions.f:0 ", " {\"a\":1} ") + "\n " + call("functions.g:1", "{}") + "\n" +
            section_end + " B",
        {"A B", {{"functions.f:0", "f", "{\"a\":1}"}, {"functions.g:1", "g", "{}"}}});
}

TEST_CASE("a call without its section is found too, and the text behind it stays whole") {
  check("A" + call("functions.f:0", "{}") + " B  C", {"A B  C", {{"functions.f:0", "f", "{}"}}});
}

TEST_CASE("names may hold dots, dashes and colons, ids may be of any kind") {
  check(call("functions.my-tool.v2:12", "{}"), {"", {{"functions.my-tool.v2:12", "my-tool.v2", "{}"}}});
  check(call("search:2", "{}"), {"", {{"search:2", "search", "{}"}}});
  check(call("call_abc", "{}"), {"", {{"call_abc", "call_abc", "{}"}}});
  check(call("functions.ns:tool:3", "{}"), {"", {{"functions.ns:tool:3", "ns:tool", "{}"}}});
}

TEST_CASE("a call that is cut off comes as far as it goes") {
  const auto seen = salvage({"A" + section + "<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"a\":"});
  CHECK(seen.text == "A");
  REQUIRE(seen.calls.size() == 1);
  CHECK(seen.calls[0] == std::array<std::string, 3>{"functions.f:0", "f", "{\"a\":"});
}

TEST_CASE("no token ever reaches the reader") {
  for (const std::string& text :
       Texts{section, section_end, section + section_end, "<|tool_call_begin|><|tool_call_end|>",
             section + "<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>"}) {
    CAPTURE(text);
    CHECK(salvage({text}).text.find("<|") == std::string::npos);
    check(text, salvage({text}));
  }
}

TEST_CASE("text inside a section is text") {
  check(section + "I think" + call("f:0", "{}") + section_end + "!", {"I think!", {{"f:0", "f", "{}"}}});
  check("a" + section + "  b", {"a  b", {}});
}

TEST_CASE("text behind something that only looks like a token is not lost") {
  const std::string text =
      section + "<| this is no token, and it goes on for more than any token would be long, until the end";
  CHECK(salvage({text}).text.find("until the end") != std::string::npos);
  check(text, salvage({text}));
  check("<|tool_callers are people who call tools, and here is some more text so that no token can be meant|>",
        {"<|tool_callers are people who call tools, and here is some more text so that no token can be meant|>", {}});
}

TEST_CASE("any mixture gives the same however it is chopped") {
  const Texts words = {section,
                       section_end,
                       "<|tool_call_begin|>",
                       "<|tool_call_argument_begin|>",
                       "<|tool_call_end|>",
                       "functions.f:0",
                       "{\"a\":1}",
                       " ",
                       "\n",
                       "x",
                       "<",
                       "<|",
                       "|>",
                       "<|im_end|>",
                       "<|tool_call",
                       "é",
                       "text that is longer than a token, to be sure of it, well"};
  std::mt19937 random(6);
  std::uniform_int_distribution<std::size_t> count(0, 14), word(0, words.size() - 1);
  for (int round = 0; round < 6000; ++round) {
    std::string text;
    for (std::size_t left = count(random); left > 0; --left) text += words[word(random)];
    CAPTURE(text);
    REQUIRE(salvage(kimistream::testing::chopped(text, random, 20)) == salvage({text}));
  }
}

// No clock is read: with work that grows with the square of the size this would take minutes.
TEST_CASE("long arguments in single bytes are linear work") {
  const std::string arguments = "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}";
  Texts bytes;
  for (const char byte : call("functions.f:0", arguments)) bytes.emplace_back(1, byte);
  const auto seen = salvage(bytes);
  REQUIRE(seen.calls.size() == 1);
  CHECK(seen.calls[0][2].size() == arguments.size());
}
