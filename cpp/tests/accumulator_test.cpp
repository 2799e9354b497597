// The accumulator is a fold over events.
#include "kimistream/accumulator.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace ks = kimistream;

namespace {

ks::Message fold(const std::vector<ks::Event>& events) {
  ks::Accumulator accumulator;
  for (const ks::Event& event : events) accumulator.add(event);
  return accumulator.message();
}

}  // namespace

TEST_CASE("nothing folds to an empty message of the assistant") {
  const ks::Accumulator accumulator;
  CHECK(accumulator.empty());
  CHECK(accumulator.message().role == "assistant");
  CHECK_FALSE(accumulator.message().content);
  CHECK_FALSE(accumulator.message().reasoning);
  CHECK_FALSE(accumulator.message().finish_reason);
}

TEST_CASE("texts join, each kind for itself, and an empty one is there") {
  const ks::Message message = fold({ks::Thinking{"a"}, ks::Text{"b"}, ks::Thinking{"c"}, ks::Text{"d"}});
  CHECK(message.content == "bd");
  CHECK(message.reasoning == "ac");
  CHECK(fold({ks::Text{""}}).content == "");
}

TEST_CASE("a call that never ended keeps its raw arguments and is not complete") {
  const ks::Message message =
      fold({ks::ToolCallStart{0, "c", "f"}, ks::ToolCallDelta{0, R"({"a")"}, ks::ToolCallDelta{0, ":"}});
  REQUIRE(message.tool_calls.size() == 1);
  CHECK(message.tool_calls[0] ==
        ks::ToolCall{.index = 0, .id = "c", .name = "f", .arguments = R"({"a":)", .complete = false});
}

TEST_CASE("a whole call replaces its pieces, and calls stay in their places") {
  const ks::ToolCall second{.index = 1, .id = "d", .name = "g", .arguments = "{}"};
  const ks::Message message = fold({ks::ToolCallStart{0, "c", "f"}, ks::ToolCallStart{1, "d", "g"},
                                    ks::ToolCallDelta{1, "{} x"}, ks::ToolCallDelta{0, "{"}, second});
  REQUIRE(message.tool_calls.size() == 2);
  CHECK(message.tool_calls[1] == second);
  CHECK_FALSE(message.tool_calls[0].complete);
  CHECK(message.tool_calls[0].arguments == "{");
}

TEST_CASE("a call whose name has not come keeps its place before those that have one") {
  const ks::Message message = fold({ks::ToolCallStart{1, "d", "g"}, ks::ToolCallDelta{1, "{}"}});
  REQUIRE(message.tool_calls.size() == 2);
  CHECK(message.tool_calls[0] == ks::ToolCall{.index = 0, .complete = false});
  CHECK(message.tool_calls[1] ==
        ks::ToolCall{.index = 1, .id = "d", .name = "g", .arguments = "{}", .complete = false});
}

TEST_CASE("usage, finish and notices have their places") {
  const ks::Message message =
      fold({ks::Usage{.prompt_tokens = 1}, ks::Notice{"a", "x"}, ks::Finish{"stop"}, ks::Notice{"b", "y"}});
  CHECK(message.usage == ks::Usage{.prompt_tokens = 1});
  CHECK(message.finish_reason == "stop");
  CHECK(message.warnings == std::vector<ks::Notice>{{"a", "x"}, {"b", "y"}});
}

TEST_CASE("notices alone are no part of an answer") {
  ks::Accumulator accumulator;
  accumulator.add(ks::Notice{"retried", "x"});
  CHECK(accumulator.empty());
  accumulator.add(ks::Thinking{"a"});
  CHECK_FALSE(accumulator.empty());
}

TEST_CASE("Restarted voids what was said; warnings and usage stay") {
  const ks::Usage usage{.prompt_tokens = 1};
  const ks::Message message =
      fold({ks::Thinking{"a"}, ks::Text{"b"}, ks::ToolCallStart{0, "c", "f"}, ks::Notice{"met", "it"}, usage,
            ks::Restarted{2, "it broke."}, ks::Text{"d"}, ks::Finish{"stop"}});
  CHECK(message.content == "d");
  CHECK_FALSE(message.reasoning);
  CHECK(message.tool_calls.empty());
  CHECK(message.finish_reason == "stop");
  CHECK(message.usage == usage);
  CHECK(message.warnings.size() == 1);
}
