// The tool tokens of Kimi K2 to K2.6, as engines test them (vLLM, SGLang, Dynamo, llama.cpp) and servers leak them.
#include "wire/markup/k2.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/markup.hpp"

using namespace kimistream::testing;
using markup::K2;
using markup::Output;

namespace {

const std::string section = "<|tool_calls_section_begin|>", section_end = "<|tool_calls_section_end|>";
const std::string begin = "<|tool_call_begin|>", arguments = "<|tool_call_argument_begin|>", end = "<|tool_call_end|>";

std::string call(const std::string& header, const std::string& json) { return begin + header + arguments + json + end; }

void check(const std::string& text, const std::string& answer, const Calls& calls, Reading reading = {}) {
  const Output read = read_all_ways(text, reading);
  CHECK(read.answer == answer);
  CHECK(read.calls == calls);
}

const std::string lima = R"({"city":"Lima"})";
const markup::Call f{"functions.f:0", "f", "{}", true};

}  // namespace

TEST_CASE("K2: text without tokens passes unchanged") {
  for (const std::string text : {"plain < text <b> a<|b and <|im", "ends with <", "ends with <|tool",
                                 "a <|tool_box|> b", "<|tool_call ers|>", "<||>", "<|im_end|>"})
    check(text, text, {});
  const std::string long_one = "<|tool_call" + std::string(K2::longest_token, 's') + "|>";
  check(long_one, long_one, {});
}

TEST_CASE("K2: a section with a call becomes a call") {
  check("Let me look. " + section + call("functions.get_weather:0", lima) + section_end, "Let me look. ",
        {{"functions.get_weather:0", "get_weather", lima, true}});
}

TEST_CASE("K2: several calls, white space between the tokens, text behind them") {
  check("A" + section + "\n" + call(" functions.f:0 ", " {\"a\":1} ") + "\n " + call("functions.g:1", "{}") + "\n" +
            section_end + " B",
        "A B", {{"functions.f:0", "f", "{\"a\":1}", true}, {"functions.g:1", "g", "{}", true}});
}

TEST_CASE("K2: white space behind the calls is no answer") {
  check(section + call("functions.f:0", "{}") + section_end + "\n\n", "", {f});
  check(section + call("functions.f:0", "{}") + section_end + "\n\nSo.", "\n\nSo.", {f});
}

TEST_CASE("K2: calls are found without a section, or with its tokens in the singular") {
  check("A " + call("functions.f:0", "{}") + " B  C", "A  B  C", {f});
  check("<|tool_call_section_begin|>" + call("functions.f:0", "{}") + "<|tool_call_section_end|>", "", {f});
}

TEST_CASE("K2: names may hold dots, dashes and colons, ids may be of any kind") {
  check(call("functions.my-tool.v2:12", "{}"), "", {{"functions.my-tool.v2:12", "my-tool.v2", "{}", true}});
  check(call("search:2", "{}"), "", {{"search:2", "search", "{}", true}});
  check(call("call_abc", "{}"), "", {{"call_abc", "call_abc", "{}", true}});
  check(call("odd@id", "{}"), "", {{"odd@id", "odd@id", "{}", true}});
  check(call("functions.db:query:3", "{}"), "", {{"functions.db:query:3", "db:query", "{}", true}});
}

TEST_CASE("K2: an id that names nothing leaves the name open") {
  for (const std::string id : {"0", "functions.:0", "call_0123456789abcdef01234567", "chatcmpl-tool-0c9d"})
    check(call(id, lima), "", {{id, "", lima, true}});
  check(call("", lima), "", {{"", "", lima, true}});
}

TEST_CASE("K2: a token within a string is a part of it") {
  const std::string about = R"({"n":5,"text":"\"<|tool_call_end|> ends <|tool_call_begin|>"})";
  check(call("functions.note:0", about) + "!", "!", {{"functions.note:0", "note", about, true}});
}

TEST_CASE("K2: where a string has no end its first token was the end, and nothing behind it is lost") {
  check(section + call("functions.f:0", R"({"a":"x)") + call("functions.g:1", lima) + section_end + "So.", "So.",
        {{"functions.f:0", "f", R"({"a":"x)", true}, {"functions.g:1", "g", lima, true}});
}

TEST_CASE("K2: a call whose object is whole needs no end, where the model went on or stopped") {
  const markup::Call first{"functions.a:0", "a", lima, true}, second{"functions.b:1", "b", "{}", true};
  check(section + begin + "functions.a:0" + arguments + lima + call("functions.b:1", "{}") + section_end, "",
        {first, second});
  check(section + begin + "functions.a:0" + arguments + lima + section_end + " Asked.", " Asked.", {first});
  check(begin + "functions.a:0" + arguments + lima, "", {first});
  check(begin + "functions.a:0" + arguments + lima + " Asked.", " Asked.", {first});
  check(begin + "functions.a:0" + lima + end, "", {first});  // without the token between
}

TEST_CASE("K2: words behind the object are the call's until it ends; too many are text") {
  check(call("functions.f:0", "{} if you please"), "", {{"functions.f:0", "f", "{} if you please", true}});
  const std::string words(K2::longest_tail + 1, 'x');
  check(begin + "functions.f:0" + arguments + "{}" + words, words, {f});
  check(begin + "functions.f:0" + arguments + R"({"a":1], "b": 2 })",
        R"(, "b": 2 })",  // no JSON, and closed all the same
        {{"functions.f:0", "f", R"({"a":1])", true}});
}

TEST_CASE("K2: a call that is cut off is not complete, wherever that is") {
  const std::string whole = section + begin + "functions.f:0" + arguments + R"({"a":"b"})" + end;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Output read = read_all_ways(whole.substr(0, size), cut_off);
    for (const auto& each : read.calls) {
      CHECK_FALSE(each.complete);
      CHECK(each.name == "f");  // half a name is none
    }
    CHECK(read.answer.find('|') == std::string::npos);
  }
  CHECK(read_all_ways(whole, cut_off).calls.front().complete);
}

TEST_CASE("K2: half an object is no call, whatever comes behind") {
  check(begin + "functions.f:0" + arguments + R"({"a":)" + call("functions.g:1", lima), "",
        {{"functions.f:0", "f", R"({"a":)", false}, {"functions.g:1", "g", lima, true}});
  check(begin + "functions.f:0" + section_end, "", {{"functions.f:0", "f", "", false}});
}

TEST_CASE("K2: a call that ends behind its name has no arguments") {
  check(begin + "functions.f:0" + end, "", {{"functions.f:0", "f", "", true}});
  check(begin + "functions.f:0" + arguments + end, "", {{"functions.f:0", "f", "", true}});
}

TEST_CASE("K2: tokens that make no call go, and it is told") {
  for (const std::string& text : {section, section_end, section + section_end, begin + end, section + begin, arguments,
                                  end, section + "<|im_end|>" + section_end}) {
    const Output read = read_all_ways(text);
    CHECK(read.answer.empty());
    CHECK(read.calls.empty());
    CHECK(read.removed);
  }
}

TEST_CASE("K2: text inside a section is text") {
  check(section + "I cannot do that." + section_end, "I cannot do that.", {});
  check("Well." + section + " asking " + call("functions.f:0", "{}") + section_end + "!", "Well. asking !", {f});
  check("a" + section + "  b", "a  b", {});
}

TEST_CASE("K2: what goes on for too long behind the begin of a call is text") {
  const std::string words = "is how a call begins" + std::string(K2::longest_header, '.');
  check(begin + words, words, {});
}

TEST_CASE("K2: a token in backquotes speaks of it") {
  const std::string prose = "`<|tool_call_begin|>` opens a call, `<|tool_call_end|>` ends it.";
  check(prose, prose, {});
}

TEST_CASE("K2: where nothing was offered an answer shows the markup") {
  const std::string prose = "So: " + section + call("functions.NAME:0", "{...}") + section_end + ".";
  check(prose, prose, {}, nothing_offered);
}

TEST_CASE("K2: in the reasoning, too") {
  const Output read = read_all_ways("I need it. " + section + call("functions.f:0", "{}") + section_end, of_reasoning);
  CHECK(read.reasoning == "I need it. ");
  CHECK(read.calls == Calls{f});
}

TEST_CASE("K2: any mixture is the same however it is chopped") {
  const Pieces words = {section,      section_end,
                        begin,        arguments,
                        end,          "functions.f:0",
                        "{\"a\":1}",  "{\"a\":\"",
                        "\"}",        " ",
                        "\n",         "x",
                        "<",          "<|",
                        "|>",         "`",
                        "<|im_end|>", "<|tool_call",
                        "\xC3\xA9",   "\\\"",
                        "}",          std::string(300, 'y')};
  check_mixtures(words, 6000);
  check_mixtures(words, 2000, cut_off);
}

// No clock is read: with work that grows with the square of the size these would take minutes.
TEST_CASE("K2: a megabyte in single bytes is linear work") {
  const std::string json = "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}";
  CHECK(read(bytes_of(call("functions.f:0", json))).calls.at(0).arguments == json);
  std::string unended = begin + "f:0" + arguments + "{\"a\":\"";
  while (unended.size() < 1 << 20) unended += "x" + end + begin + "f:0" + arguments + "{\"a\":\"";
  CHECK(read(bytes_of(unended)).calls.size() > 1000);
}
