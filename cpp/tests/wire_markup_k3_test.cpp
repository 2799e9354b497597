// Kimi K3's typed tags, as encoding_k3.py writes them and as engines test them (vLLM, SGLang, Dynamo).
#include "wire/markup/k3.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/markup.hpp"

using namespace kimistream::testing;
using markup::Output;

namespace {

std::string open(const std::string& tag) { return "<|open|>" + tag + "<|sep|>"; }
std::string close(const std::string& tag) { return "<|close|>" + tag + "<|sep|>"; }
std::string channel(const std::string& name, const std::string& text) { return open(name) + text + close(name); }

std::string argument(const std::string& key, const std::string& type, const std::string& value) {
  return open("argument key=\"" + key + "\" type=\"" + type + "\"") + value + close("argument");
}
std::string called(const std::string& name, const std::string& inside) {
  return open("call tool=\"" + name + "\" index=\"1\"") + inside + close("call");
}

struct Expected {
  std::string reasoning, answer;
  Calls calls = {};
};

void check(const std::string& text, const Expected& expected, Reading reading = {}) {
  const Output read = read_all_ways(text, reading);
  CHECK(read.reasoning == expected.reasoning);
  CHECK(read.answer == expected.answer);
  CHECK(read.calls == expected.calls);
}

const std::string to_lima = argument("city", "string", "Lima");
const markup::Call weather{"", "get_weather", R"({"city":"Lima"})", true};
const std::string over = close("message") + "<|end_of_msg|>";

}  // namespace

TEST_CASE("K3: channels part reasoning and answer, and their tags go") {
  check(channel("think", "so") + channel("response", "Yes.") + over, {"so", "Yes."});
  check(channel("response", "Yes.") + over, {"", "Yes."});
  check(channel("response", "I <3 <<this>> and <no_tag> <"), {"", "I <3 <<this>> and <no_tag> <"});
  CHECK(read({channel("think", "so")}).parted);
  CHECK(read({channel("response", "Yes.")}).removed);
}

TEST_CASE("K3: a channel that the prompt opened is closed all the same") {
  check("Yes." + close("response") + over, {"", "Yes."});
  check("so" + close("think") + "\n" + channel("response", "Yes."), {"so", "Yes."}, of_reasoning);
  check("so" + close("think") + "\n\nYes.", {"so", "Yes."}, of_reasoning);
}

TEST_CASE("K3: a channel that is not closed ends with the next") {
  check(open("think") + "so" + open("response") + "Yes.", {"so", "Yes."});
  check("so" + open("response") + "Yes." + close("response"), {"so", "Yes."}, of_reasoning);
  check("Lima. I look." + close("response") + open("tools") + called("get_weather", to_lima) + close("tools") + over,
        {"Lima. I look.", "", {weather}}, of_reasoning);
}

TEST_CASE("K3: blanks round the names, and separators left out") {
  check("hello world<|close|> response<|sep|>", {"", "hello world"});
  check("<|open|> think <|sep|>so<|close|>\n think\n<|sep|><|open|>response<|sep|>Yes.", {"so", "Yes."});
  check("Yes.<|close|>response<|close|>message<|end_of_msg|>", {"", "Yes."});
  check("Yes.<|close|>think", {"", "Yes."});
  check("so<|close|>think\nYes.", {"so", "Yes."}, of_reasoning);
  check("<|open|>tools<|open|>call tool=\"get_weather\" <|sep|>" + to_lima + "<|close|>call<|close|>tools",
        {"", "", {weather}});
}

TEST_CASE("K3: a cut within a closing tag leaves nothing of it") {
  const std::string end = close("think");
  for (std::size_t size = 2; size <= end.size(); ++size)
    check(open("think") + "so and so" + end.substr(0, size), {"so and so", ""}, cut_off);
}

TEST_CASE("K3: what comes behind the message is no answer, and it is told") {
  const Output read = read_all_ways(channel("response", "Yes.") + over + "User: and then?");
  CHECK(read.answer == "Yes.");
  CHECK(read.beyond);
  CHECK_FALSE(kimistream::testing::read({channel("response", "Yes.") + over + over + "\n"}).beyond);
}

TEST_CASE("K3: white space between the channels is no answer, words are") {
  check(channel("response", "I look.") + "\n" + open("tools") + "\n" + called("get_weather", to_lima) + "\n" +
            close("tools") + "\n" + close("message"),
        {"", "I look.", {weather}});
  check(open("tools") + " asking " + called("get_weather", to_lima) + close("tools") + " Done.",
        {"", " asking  Done.", {weather}});
}

TEST_CASE("K3: every type of argument; an integer is a number, a string is raw text") {
  check(called("plan", argument("a", "string", "\"x\"\n\\ {} & &quot;") + argument("b", "number", "2.5") +
                           argument("c", "boolean", "true") + argument("d", "null", "null") +
                           argument("e", "object", " {\"x\": 1} ") + argument("f", "array", "[1, 2]") +
                           argument("g", "number", "42") + argument("h", "number", "many") +
                           argument("i", "number", "NaN")),
        {"",
         "",
         {{"", "plan",
           R"({"a":"\"x\"\n\\ {} & &quot;","b":2.5,"c":true,"d":null,"e":{"x": 1},"f":[1, 2],"g":42,)"
           R"("h":"many","i":"NaN"})",
           true}}});
}

TEST_CASE("K3: of equal keys the last value counts, in the first one's place") {
  check(called("f", argument("a", "number", "1") + argument("b", "number", "2") + argument("a", "number", "3")),
        {"", "", {{"", "f", R"({"a":3,"b":2})", true}}});
}

TEST_CASE("K3: attributes are unescaped, the ampersand last") {
  check(called("say&amp;quot;&quot;", argument("k&quot;", "string", "v")),
        {"", "", {{"", "say&quot;\"", R"({"k\"":"v"})", true}}});
}

TEST_CASE("K3: arguments as one block, and a call without any") {
  const std::string json = R"({"z": 5,  "y": "<|close|>json<|sep|>"})";
  check(called("run", open("json type=\"object\"") + json + close("json")), {"", "", {{"", "run", json, true}}});
  check(called("tide_now", ""), {"", "", {{"", "tide_now", "{}", true}}});
}

TEST_CASE("K3: tokens within a value are a part of it") {
  check(called("note", argument("text", "string", "<|close|>call<|sep|> ends <|tool_call_end|>, <|sep|> parts")),
        {"", "", {{"", "note", R"({"text":"<|close|>call<|sep|> ends <|tool_call_end|>, <|sep|> parts"})", true}}});
  check(called("note", argument("list", "array", R"(["<|close|>argument<|sep|>"])")),
        {"", "", {{"", "note", R"({"list":["<|close|>argument<|sep|>"]})", true}}});
}

TEST_CASE("K3: a value that ends like a tag's attribute begins takes nothing of what follows") {
  const std::string list = R"(["<|open|>call tool="])";
  const markup::Call listed{"", "f", "{\"a\":" + list + "}", true};
  check(called("f", argument("a", "array", list)) + called("get_weather", to_lima), {"", "", {listed, weather}});
  check(called("f", argument("a", "array", list)) + "<|open|>call", {"", "", {listed}}, cut_off);
}

TEST_CASE("K3: JSON whose string has no end, ends with the first tag in it, and stays text") {
  check(called("f", argument("a", "array", "[\"x")) + called("get_weather", to_lima) + "So.",
        {"", "So.", {{"", "f", R"({"a":"[\"x"})", true}, weather}});
}

TEST_CASE("K3: a call that is cut off is not complete, wherever that is") {
  const std::string whole = open("tools") + called("f", argument("a", "string", "b") + argument("c", "number", "41"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Output read = read_all_ways(whole.substr(0, size), cut_off);
    for (const auto& each : read.calls) {
      CHECK_FALSE(each.complete);
      CHECK(each.name == "f");
    }
    CHECK(read.answer.find('|') == std::string::npos);
  }
  CHECK(read_all_ways(whole, cut_off).calls.front().complete);
}

TEST_CASE("K3: a cut call keeps what came of its arguments, and no {} is made") {
  const std::string begun = open("tools") + open("call tool=\"f\" index=\"1\"");
  check(begun, {"", "", {{"", "f", "", false}}}, cut_off);
  check(begun + argument("a", "number", "1"), {"", "", {{"", "f", R"({"a":1)", false}}}, cut_off);
  check(begun + open("argument key=\"t\" type=\"string\"") + "Dear \"Ida",
        {"", "", {{"", "f", R"({"t":"Dear \"Ida)", false}}}, cut_off);
  check(begun + open("json type=\"object\"") + "{\"a\":", {"", "", {{"", "f", "{\"a\":", false}}}, cut_off);
}

TEST_CASE("K3: a call without its end is not complete, and the next one no part of it") {
  check(open("tools") + open("call tool=\"a\"") + argument("x", "string", "1") + called("get_weather", to_lima) +
            close("tools"),
        {"", "", {{"", "a", R"({"x":"1")", false}, weather}});
}

TEST_CASE("K3: a value without its end takes no other call's for its own") {
  for (const auto& each :
       read_all_ways(open("tools") + open("call tool=\"a\"") + open("argument key=\"x\" type=\"string\"") + "1" +
                     close("call") + called("get_weather", to_lima) + close("tools"))
           .calls)
    CHECK_FALSE(each.complete);
  check(open("call tool=\"a\"") + open("argument key=\"x\" type=\"number\"") + "1" + close("call") +
            called("get_weather", to_lima),
        {"", "", {{"", "a", R"({"x":1)", false}, weather}});
}

TEST_CASE("K3: a call without a name is none to be run") {
  check(open("tools") + open("call index=\"1\"") + argument("x", "number", "1") + close("call") +
            called("get_weather", to_lima),
        {"", "", {{"", "", R"({"x":1})", true}, weather}});
  CHECK(read({open("call index=\"1\"") + close("call")}).calls.empty());
}

TEST_CASE("K3: where nothing was offered no call is made of anything") {
  const Output read = read_all_ways("41 times 12." + close("response") + open("tools") +
                                        called("get_weather", to_lima) + close("tools") + close("message"),
                                    nothing_offered);
  CHECK(read.answer == "41 times 12.");
  CHECK(read.calls.empty());
  CHECK(read.refused);
  check("No." + close("response") + called("get_weather", to_lima) + over, {"", "No."}, nothing_offered);
  check("so" + close("think") + open("tools") + called("f", to_lima) + close("tools") + channel("response", "No."),
        {"so", "No."}, {.home = markup::Side::reasoning, .offered = false});
}

TEST_CASE("K3: where nothing was offered an answer shows the markup of calls") {
  const std::string prose = "So: " + open("tools") + called("NAME", to_lima) + close("tools") + ". Clear?";
  check(prose, {"", prose}, nothing_offered);
  // ... of a whole message, too: channels go, the rest is the answer's.
  check(
      "So: " + channel("response", "Hi") + open("tools") + called("NAME", to_lima) + close("tools") + over + " Clear?",
      {"", "So: Hi" + open("tools") + called("NAME", to_lima) + close("tools") + " Clear?"}, nothing_offered);
}

TEST_CASE("K3: tokens that name nothing, or stand in backquotes, are text") {
  for (const std::string text : {"K3 writes `<|open|>` and `<|sep|>` round a name, and `<|close|>` at its end.",
                                 "`<|close|>message<|sep|>` ends", "<|open|>box<|sep|>", "<|open|>thinking<|sep|>",
                                 "<|open|>call me<|sep|>", "<|close|>call me"})
    check(text, {"", text});
}

TEST_CASE("K3: a tag that goes on for too long is text") {
  const std::string text = "<|open|>call tool=\"" + std::string(markup::Tag::longest, 'x') + "\"<|sep|>";
  check(text, {"", text});
}

TEST_CASE("K3: any mixture is the same however it is chopped") {
  const Pieces words = {open("think"),
                        close("think"),
                        open("response"),
                        close("response"),
                        open("tools"),
                        close("tools"),
                        open("call tool=\"f\""),
                        close("call"),
                        to_lima,
                        close("argument"),
                        open("argument key=\"a\" type=\"array\""),
                        open("argument key=\"s\" type=\"string\""),
                        open("json type=\"object\""),
                        close("json"),
                        close("message"),
                        "<|end_of_msg|>",
                        "<|open|>",
                        "<|close|>",
                        "<|sep|>",
                        "call",
                        " think",
                        "\n",
                        " ",
                        "\"",
                        "[\"",
                        "x",
                        "`",
                        "<",
                        "<|",
                        "<|tool_call_begin|>f:0{}",
                        "<|tool_call_end|>"};
  check_mixtures(words, 6000);
  check_mixtures(words, 2000, cut_off);
  check_mixtures(words, 2000, nothing_offered);
  check_mixtures(words, 2000, of_reasoning);
}

// No clock is read: with work that grows with the square of the size these would take minutes.
TEST_CASE("K3: a megabyte in single bytes is linear work") {
  const std::string text(1 << 20, 'x');
  CHECK(read(bytes_of(called("f", argument("a", "string", text)))).calls.at(0).arguments.size() > text.size());
  std::string keys;
  for (int i = 0; i < 20'000; ++i) keys += argument("k" + std::to_string(i), "number", "1");
  CHECK(read({called("f", keys)}).calls.at(0).complete);
}
