// Which call a fragment belongs to: tests.md T60 to T68, dialects Q23 to Q31.
#include "wire/tool_calls.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using ks::testing::decode;
using ks::testing::Decoded;
using ks::testing::delta;
using ks::testing::finish;

namespace {

using Texts = std::vector<std::string>;

/// The fragments as `tool_calls` of one frame each, a finish reason behind them.
Decoded calls(const Texts& fragments, const std::string& reason = "tool_calls") {
  Texts frames;
  for (const std::string& fragment : fragments) frames.push_back(delta("\"tool_calls\":[" + fragment + "]"));
  frames.push_back(finish(reason));
  return decode(frames);
}

std::string first(const std::string& index, const std::string& id, const std::string& name,
                  const std::string& arguments = "") {
  return R"({"index":)" + index + R"(,"id":")" + id + R"(","type":"function","function":{"name":")" + name +
         R"(","arguments":")" + arguments + "\"}}";
}

std::string more(const std::string& index, const std::string& arguments) {
  return R"({"index":)" + index + R"(,"function":{"arguments":")" + arguments + "\"}}";
}

struct Expected {
  std::string id, name, arguments;
};

void check(const Decoded& decoded, const std::vector<Expected>& expected) {
  REQUIRE(decoded.message.tool_calls.size() == expected.size());
  CHECK(decoded.count("tool_call") == expected.size());
  CHECK(decoded.count("tool_call_start") == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const ks::ToolCall& call = decoded.message.tool_calls[i];
    CAPTURE(i);
    CHECK(call.index == static_cast<int>(i));
    CHECK(call.id == expected[i].id);
    CHECK(call.name == expected[i].name);
    CHECK(call.arguments == expected[i].arguments);
    CHECK(call.complete);
  }
}

const std::string paris = R"({\"city\":\"Paris\"})", paris_text = R"({"city":"Paris"})";

}  // namespace

TEST_CASE("a name, then pieces of arguments, are one call, and each piece one event") {
  const Decoded decoded = calls({first("0", "call_1", "get"), more("0", R"({\"city\":)"), more("0", R"(\"Paris\"})")});
  check(decoded, {{"call_1", "get", paris_text}});
  CHECK(decoded.count("tool_call_delta") == 2);
  CHECK(ks::testing::type_of(decoded.events.back()) != "tool_call");
  CHECK(decoded.message.finish_reason == "tool_calls");
}

TEST_CASE("two entries of one frame with the same index are one call") {
  const Decoded decoded = calls({first("0", "c", "get") + "," + more("0", paris)});
  check(decoded, {{"c", "get", paris_text}});
}

TEST_CASE("a whole call in one fragment is one call") {
  check(calls({first("0", "c", "get", paris)}), {{"c", "get", paris_text}});
}

TEST_CASE("indexes may start anywhere; calls count from 0 in order of appearance") {
  for (const std::string index : Texts{"1", "7", "1000000000", "\"0\"", "\"5\""}) {
    CAPTURE(index);
    check(calls({first(index, "c", "get"), more(index, paris)}), {{"c", "get", paris_text}});
  }
  check(calls({first("3", "b", "g", "{}"), first("1", "a", "f", "{}")}), {{"b", "g", "{}"}, {"a", "f", "{}"}});
}

TEST_CASE("an index that says nothing leaves it to the id, else to the last call") {
  for (const std::string index : Texts{"null", "-1", "\"x\""}) {
    CAPTURE(index);
    check(calls({first(index, "c", "get"), more(index, paris)}), {{"c", "get", paris_text}});
    check(calls({first(index, "a", "f"), more(index, "{}"), first(index, "b", "g"), more(index, paris)}),
          {{"a", "f", "{}"}, {"b", "g", paris_text}});
  }
  check(calls({R"({"id":"a","function":{"name":"f","arguments":"{\"x\":"}})",
               R"({"id":"b","function":{"name":"g","arguments":"{"}})", R"({"id":"a","function":{"arguments":"1}"}})",
               R"({"id":"b","function":{"arguments":"}"}})"}),
        {{"a", "f", R"({"x":1})"}, {"b", "g", "{}"}});
}

TEST_CASE("an id may come once, on every fragment, or turn null or empty later") {
  check(calls({first("0", "c", "get"), R"({"index":0,"id":"c","function":{"arguments":"{}"}})"}), {{"c", "get", "{}"}});
  check(
      calls({first("0", "c", "get"), R"({"index":0,"id":null,"type":null,"function":{"name":null,"arguments":"{}"}})"}),
      {{"c", "get", "{}"}});
  check(calls({first("0", "c", "get"), R"({"index":0,"id":"","type":"","function":{"name":"","arguments":"{}"}})"}),
        {{"c", "get", "{}"}});
}

TEST_CASE("an id may come late") {
  check(calls({R"({"index":0,"function":{"name":"get","arguments":"{"}})",
               R"({"index":0,"id":"late","function":{"arguments":"}"}})"}),
        {{"late", "get", "{}"}});
}

TEST_CASE("a new id with a name on an occupied index is another call") {
  check(calls({first("0", "a", "f", "{}"), first("0", "b", "g", paris)}), {{"a", "f", "{}"}, {"b", "g", paris_text}});
  check(calls({first("0", "a", "f"), more("0", "{}"), first("0", "b", "f"), more("0", paris)}),
        {{"a", "f", "{}"}, {"b", "f", paris_text}});
}

TEST_CASE("random ids on each fragment are still one call") {
  check(calls({first("0", "x1", "get"), R"({"index":0,"id":"x2","function":{"arguments":"{\"a\":"}})",
               R"({"index":0,"id":"x3","function":{"arguments":"1}"}})"}),
        {{"x1", "get", R"({"a":1})"}});
}

TEST_CASE("Q31: two whole calls with the same id are two calls, and told apart") {
  check(calls({R"({"id":"functions.f:0","function":{"name":"f","arguments":"{\"a\":1}"}})",
               R"({"id":"functions.f:0","function":{"name":"f","arguments":"{\"a\":2}"}})"}),
        {{"functions.f:0", "f", R"({"a":1})"}, {"functions.f:0_1", "f", R"({"a":2})"}});
}

TEST_CASE("a name that is repeated in full is not doubled, one in pieces is joined") {
  check(calls({first("0", "c", "get"), first("0", "c", "get", R"({\"a\":)"), first("0", "c", "get", "1}")}),
        {{"c", "get", R"({"a":1})"}});
  check(calls({R"({"index":0,"id":"c","function":{"name":"get_"}})", R"({"index":0,"function":{"name":"weather"}})",
               more("0", "{}")}),
        {{"c", "get_weather", "{}"}});
  check(calls({R"({"index":0,"id":"c","function":{"name":"get_"}})", R"({"index":0,"function":{"name":"get_weather"}})",
               more("0", "{}")}),
        {{"c", "get_weather", "{}"}});
}

TEST_CASE("arguments that come before the name wait for it") {
  const Decoded decoded = calls({R"({"index":0,"id":"c","function":{"arguments":"{\"a\":"}})",
                                 R"({"index":0,"function":{"name":"get","arguments":"1}"}})"});
  check(decoded, {{"c", "get", R"({"a":1})"}});
  REQUIRE(decoded.events.size() >= 2);
  CHECK(decoded.events[0] == ks::Event(ks::ToolCallStart{0, "c", "get"}));
  CHECK(decoded.events[1] == ks::Event(ks::ToolCallDelta{0, R"({"a":1})"}));
}

TEST_CASE("arguments may be null, empty, an object, or one lump at the end") {
  for (const std::string arguments : Texts{"null", "\"\""}) {
    const Decoded decoded = calls({R"({"index":0,"id":"c","function":{"name":"f","arguments":)" + arguments + "}}"});
    check(decoded, {{"c", "f", "{}"}});
    CHECK(decoded.warned("empty_arguments"));
  }
  check(calls({R"({"index":0,"id":"c","function":{"name":"f","arguments":{"a":1}}})"}), {{"c", "f", R"({"a":1})"}});
  check(calls({first("0", "c", "f"), more("0", ""), more("0", paris)}), {{"c", "f", paris_text}});
}

TEST_CASE("white space, a fragment of nulls or an empty one behind a whole call make no second call") {
  for (const std::string tail : Texts{more("0", " "), more("0", "\\n  "), "{}", R"({"index":0})", R"({"index":1})",
                                      R"({"id":null,"type":null,"index":0,"function":{"name":null,"arguments":""}})",
                                      R"({"id":null,"type":null,"index":3,"function":{"name":null,"arguments":""}})"}) {
    CAPTURE(tail);
    check(calls({first("0", "c", "get", paris), tail}), {{"c", "get", paris_text}});
  }
}

TEST_CASE("a name that is repeated behind whole arguments makes no second call") {
  for (const std::string tail :
       Texts{R"({"index":0,"function":{"name":"get","arguments":""}})", R"({"index":0,"function":{"name":"get"}})",
             R"({"index":0,"function":{"name":"get","arguments":" \n"}})"}) {
    CAPTURE(tail);
    check(calls({R"({"index":0,"function":{"name":"get","arguments":"{}"}})", tail}), {{"call_0", "get", "{}"}});
  }
}

TEST_CASE("calls without ids that share an index are told apart by their names and whole arguments") {
  check(
      calls({R"({"index":0,"function":{"name":"f","arguments":"{}"}})",
             R"({"index":0,"function":{"name":"g","arguments":""}})", R"({"index":0,"function":{"arguments":"{}"}})"}),
      {{"call_0", "f", "{}"}, {"call_1", "g", "{}"}});
}

TEST_CASE("garbage behind the arguments is taken away with a warning") {
  const Decoded decoded = calls({first("0", "c", "get", paris), more("0", "自然科学}")});
  check(decoded, {{"c", "get", paris_text}});
  CHECK(decoded.warned("arguments_cleaned"));
}

TEST_CASE("parallel calls may interleave") {
  check(calls({first("0", "a", "f"), first("1", "b", "g"), more("0", R"({\"x\":)"), more("1", R"({\"y\":)"),
               more("0", "1}"), more("1", "2}")}),
        {{"a", "f", R"({"x":1})"}, {"b", "g", R"({"y":2})"}});
  check(calls({first("1", "b", "g") + "," + first("0", "a", "f"), more("1", "{}") + "," + more("0", "{}")}),
        {{"b", "g", "{}"}, {"a", "f", "{}"}});
}

TEST_CASE("a hundred calls keep their order") {
  Texts fragments;
  std::vector<Expected> expected;
  for (int i = 0; i < 100; ++i) {
    fragments.push_back(first(std::to_string(i), "c" + std::to_string(i), "f" + std::to_string(i)));
    expected.push_back({"c" + std::to_string(i), "f" + std::to_string(i), "{}"});
  }
  for (int i = 99; i >= 0; --i) fragments.push_back(more(std::to_string(i), "{}"));
  check(calls(fragments), expected);
}

// No clock is read in these two: with work that grows with the square of the size they would take minutes.
TEST_CASE("1 MB of arguments in single bytes is linear work") {
  wire::ToolCalls calls;
  std::vector<ks::Event> events;
  wire::ToolFragment fragment{.index = 0, .id = "c", .name = "f", .type = {}, .arguments = "{\"a\":\""};
  calls.add(fragment, events);
  fragment = {.index = 0, .id = {}, .name = {}, .type = {}, .arguments = "x"};
  for (int i = 0; i < 1'000'000; ++i) calls.add(fragment, events);
  fragment.arguments = "\"}";
  calls.add(fragment, events);
  calls.finish(false, events);
  CHECK(std::get<ks::ToolCall>(events.back()).complete);
  CHECK(std::get<ks::ToolCall>(events.back()).arguments.size() == 1'000'008);
}

TEST_CASE("1 MB of arguments in single bytes with the name on each is linear work") {
  wire::ToolCalls calls;
  std::vector<ks::Event> events;
  wire::ToolFragment fragment{.index = 0, .id = {}, .name = "f", .type = {}, .arguments = "{\"a\":\""};
  calls.add(fragment, events);
  fragment.arguments = "x";
  for (int i = 0; i < 1'000'000; ++i) calls.add(fragment, events);
  fragment.arguments = "\"}";
  calls.add(fragment, events);
  calls.finish(false, events);
  CHECK(std::get<ks::ToolCall>(events.back()).complete);
}

TEST_CASE("no calls, null calls and text behind calls are nothing special") {
  Decoded decoded = decode({delta(R"("tool_calls":[])"), delta(R"("tool_calls":null,"content":"a")"), finish("stop")});
  CHECK(decoded.message.tool_calls.empty());
  CHECK(decoded.message.content == "a");
  decoded = decode({delta("\"tool_calls\":[" + first("0", "c", "f", "{}") + "]"), delta(R"("content":"after")"),
                    finish("tool_calls")});
  check(decoded, {{"c", "f", "{}"}});
  CHECK(decoded.message.content == "after");
}

TEST_CASE("a usable call makes the finish reason tool_calls, where the server says stop") {
  CHECK(calls({first("0", "c", "f", "{}")}, "stop").message.finish_reason == "tool_calls");
  CHECK(calls({first("0", "c", "f", "{}")}, "length").message.finish_reason == "length");
}

TEST_CASE("a finish for tool calls without a usable one is warned of") {
  Decoded decoded = calls({});
  CHECK(decoded.message.finish_reason == "tool_calls");
  CHECK(decoded.warned("tool_calls_empty"));
  decoded = calls({first("0", "c", "f", R"({\"a\":)")});
  CHECK(decoded.warned("tool_calls_empty"));
  CHECK(decoded.warned("invalid_arguments"));
  REQUIRE(decoded.message.tool_calls.size() == 1);
  CHECK_FALSE(decoded.message.tool_calls[0].complete);
  CHECK(decoded.message.tool_calls[0].arguments == R"({"a":)");
}

TEST_CASE("every call comes before the finish, and the finish once") {
  const Decoded decoded = decode({delta("\"tool_calls\":[" + first("0", "c", "f", "{}") + "]"), finish("tool_calls"),
                                  finish("tool_calls"), ks::testing::usage(1, 2), "[DONE]"});
  std::size_t call = 0, end = 0;
  for (std::size_t i = 0; i < decoded.events.size(); ++i) {
    if (ks::testing::type_of(decoded.events[i]) == "tool_call") call = i;
    if (ks::testing::type_of(decoded.events[i]) == "finish") end = i;
  }
  CHECK(call < end);
  CHECK(decoded.count("finish") == 1);
}

TEST_CASE("the wire type of a call is kept") {
  const Decoded decoded =
      calls({R"({"index":0,"id":"c","type":"builtin_function","function":{"name":"$web_search","arguments":"{}"}})"});
  REQUIRE(decoded.message.tool_calls.size() == 1);
  CHECK(decoded.message.tool_calls[0].type == "builtin_function");
  CHECK(decoded.message.tool_calls[0].name == "$web_search");
}

TEST_CASE("halves of a surrogate pair in two fragments of arguments are joined, in the events too") {
  const Decoded decoded = calls({first("0", "c", "f", R"({\"a\":\"\ud83d)"), more("0", R"(\ude00\"})")});
  check(decoded, {{"c", "f", R"({"a":"😀"})"}});
  CHECK(ks::testing::is_utf8(decoded.events));
  std::string joined;
  for (const ks::Event& event : decoded.events)
    if (const auto* piece = std::get_if<ks::ToolCallDelta>(&event)) joined += piece->arguments;
  CHECK(joined == R"({"a":"😀"})");
}

TEST_CASE("a lone half in an id, a name or arguments never reaches the reader") {
  const Decoded decoded = calls({first("0", R"(c\ud83d)", R"(f\ude00)", R"({\"a\":\"\ud83d\"})")});
  CHECK(ks::testing::is_utf8(decoded.events));
  REQUIRE(decoded.message.tool_calls.size() == 1);
  CHECK(decoded.message.tool_calls[0].name == "f\xEF\xBF\xBD");
}

// vLLM's Rust front end gives the model's own number as the index, and models count anew in each section.
TEST_CASE("calls that share index and id are two, where whole arguments stand between two heads") {
  const std::string head = first("0", "functions.get:0", "get");
  const std::vector<Expected> two = {{"functions.get:0", "get", paris_text}, {"functions.get:0_1", "get", "{\"a\":1}"}};
  check(calls({head, more("0", paris), head, more("0", "{\\\"a\\\""), more("0", ":1}")}), two);
  check(calls({head, more("0", paris), first("0", "functions.get:0", "get", "{\\\"a\\\":1}")}), two);
  check(calls({head, more("0", paris), first("0", "functions.get:0", "get", "{\\\"a\\\":"),
               first("0", "functions.get:0", "get", "1}")}),
        two);
  check(calls({head, more("0", "{}"), head, more("0", paris)}),
        {{"functions.get:0", "get", "{}"}, {"functions.get:0_1", "get", paris_text}});
  // ... and one where only the head, or all of it, is said twice.
  check(calls({head, more("0", paris), head}), {{"functions.get:0", "get", paris_text}});
  check(calls({head, more("0", paris), first("0", "functions.get:0", "get", paris)}),
        {{"functions.get:0", "get", paris_text}});
}

TEST_CASE("a made id is the start's as well") {
  const std::string head = first("0", "f:0", "get");
  const Decoded decoded = calls({head, more("0", paris), head, more("0", "{}")});
  CHECK(std::count(decoded.events.begin(), decoded.events.end(), ks::Event(ks::ToolCallStart{1, "f:0_1", "get"})) == 1);
  CHECK(decoded.warned("tool_id_made"));
}

TEST_CASE("of an answer that was cut the last call is not complete, and no {} is made of nothing") {
  for (const std::string reason : {"length", "content_filter"}) {
    for (const std::string& arguments : Texts{"", R"({\"city\":\"Par)", paris, R"({\"city\":\"Par\"} )"}) {
      CAPTURE(arguments);
      const Decoded decoded = calls({first("0", "a", "get", paris), first("1", "b", "get", arguments)}, reason);
      REQUIRE(decoded.message.tool_calls.size() == 2);
      CHECK(decoded.message.tool_calls[0].complete);
      CHECK_FALSE(decoded.message.tool_calls[1].complete);
      CHECK(decoded.message.tool_calls[1].arguments.empty() == arguments.empty());
      CHECK(decoded.warned("cut_call"));
      CHECK(decoded.message.finish_reason == reason);
    }
  }
  // Which one is the last is said by the fragments, not by their numbers.
  const Decoded mixed = calls({first("0", "a", "get"), first("1", "b", "get", paris), more("0", paris)}, "length");
  CHECK_FALSE(mixed.message.tool_calls[0].complete);
  CHECK(mixed.message.tool_calls[1].complete);
}

TEST_CASE("a call from the text is given as it is, once") {
  wire::ToolCalls calls;
  std::vector<ks::Event> events;
  calls.add({.index = 0, .id = "x", .name = "f", .arguments = R"({"a":1,"b":2})"}, events);
  CHECK(calls.repeats({"functions.f:0", "f", R"({"a": 1, "b": 2})", true}));
  CHECK_FALSE(calls.repeats({"functions.f:0", "f", R"({"a": 1, "b": 2})", true}));  // the second of its kind
  CHECK_FALSE(calls.repeats({"", "f", R"({"a":2})", true}));
  CHECK_FALSE(calls.repeats({"", "g", R"({"a":1,"b":2})", true}));
  CHECK(calls.repeats({"", "f", R"({"a":)", false}));  // a rest of what was parsed
  CHECK(calls.repeats({"", "", "", false}));
  CHECK_FALSE(calls.repeats({"", "g", "", false}));
  events.clear();
  calls.add({"", "g", "{} so", true}, events);
  calls.add({"", "h", "", false}, events);
  const std::vector<ks::Event> expected = {
      ks::Notice{"arguments_cleaned", "tool call 1 (g): text around the JSON object was taken away"},
      ks::ToolCallStart{1, "call_1", "g"}, ks::ToolCallDelta{1, "{}"}, ks::ToolCallStart{2, "call_2", "h"}};
  CHECK(events == expected);
  events.clear();
  calls.finish(false, events);
  CHECK(std::get<ks::ToolCall>(events.at(1)).complete);
  CHECK(std::get<ks::ToolCall>(events.back()).arguments.empty());
  CHECK_FALSE(std::get<ks::ToolCall>(events.back()).complete);
}
