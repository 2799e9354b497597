// Texts that come as objects and lists, read through a frame.
#include "wire/forms.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/play.hpp"
#include "wire/frame.hpp"

namespace wire = kimistream::wire;
using kimistream::testing::delta;

namespace {

/// Reads a frame; its views live until the next one is read.
const wire::Frame& read(const std::string& fields) {
  static wire::Frame frame;
  static std::string text;
  text = delta(fields);
  wire::read_frame(kimistream::json::Reader::local(), text, {}, frame);
  return frame;
}

}  // namespace

TEST_CASE("reasoning may be an object with the text in it, one level deeper too") {
  CHECK(read(R"("reasoning_content":{"text":"a"})").choice.reasoning == "a");
  const auto& deep = read(R"("reasoning_content":{"reasoningText":{"text":"a","signature":"s"}})");
  CHECK(deep.choice.reasoning == "a");
  CHECK(deep.signature == "s");
  CHECK(deep.reshaped);
  const auto& signature = read(R"("reasoning_content":{"signature":"s"})");
  CHECK_FALSE(signature.choice.reasoning);
  CHECK(signature.signature == "s");
  CHECK(read(R"("reasoning":{"content":[{"type":"text","text":"a"}]})").choice.reasoning == "a");
}

TEST_CASE("reasoning may be a list of typed parts, and have a key of Copilot's, Ollama's or LiteLLM's") {
  CHECK(read(R"("reasoning":[{"type":"reasoning_text","text":"a"},"b",{"type":"summary_text","text":"c"}])")
            .choice.reasoning == "abc");
  CHECK(read(R"("reasoning_text":"a")").choice.reasoning == "a");
  CHECK(read(R"("thinking":"a")").choice.reasoning == "a");
  CHECK(read(R"("thinking_blocks":[{"type":"thinking","thinking":"a","signature":"s"}])").choice.reasoning == "a");
  CHECK(read(R"("reasoning_content":"a","thinking_blocks":[{"type":"thinking","thinking":"a"}])").choice.reasoning ==
        "a");
}

TEST_CASE("a part of the content that is reasoning is not the answer's, whatever its words are called") {
  for (const char* part :
       {R"({"type":"reasoning","text":"r"})", R"({"text":"r","type":"reasoning"})",
        R"({"type":"reasoning","summary":[{"type":"summary_text","text":"r"}]})",
        R"({"type":"thinking","thinking":"r"})", R"({"type":"thinking","thinking":[{"type":"text","text":"r"}]})",
        R"({"type":"reasoning","summary":[{"type":"summary_text","text":"r"}],"text":"r"})"}) {
    CAPTURE(part);
    const auto& both = read(std::string(R"("content":[)") + part + R"(,{"type":"text","text":"a"}])");
    CHECK(both.choice.reasoning == "r");
    CHECK(both.choice.content == "a");
    const auto& alone = read(std::string(R"("content":[)") + part + "]");
    CHECK(alone.choice.reasoning == "r");
    CHECK_FALSE(alone.choice.content);
  }
}

TEST_CASE("content may be one part, or one that refuses") {
  CHECK(read(R"("content":{"type":"text","text":"a"})").choice.content == "a");
  CHECK(read(R"("content":[{"type":"refusal","refusal":"no"}])").choice.content == "no");
}

TEST_CASE("reasoning in the content counts once beside a key of its own") {
  CHECK(read(R"("content":[{"type":"thinking","thinking":"r"}],"reasoning_content":"r")").choice.reasoning == "r");
}

TEST_CASE("what has no words says nothing, and the deepest nest is no harm") {
  const auto& nothing = read(R"("reasoning":{},"content":5,"refusal":{})");
  CHECK_FALSE(nothing.malformed);
  CHECK_FALSE(nothing.choice.reasoning);
  CHECK_FALSE(nothing.choice.content);
  std::string nest = R"({"text":"x"})";
  for (int i = 0; i < 40; ++i) nest = R"({"content":)" + nest + "}";
  CHECK_FALSE(read(R"("content":)" + nest).malformed);
}

TEST_CASE("arguments that are no text are their JSON") {
  const auto arguments = [](const std::string& value) {
    const auto& frame = read(R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":)" + value + "}}]");
    REQUIRE(frame.choice.tool_calls.size() == 1);
    return std::string(frame.choice.tool_calls[0].arguments);
  };
  CHECK(arguments(R"({"a": [1]})") == R"({"a": [1]})");
  CHECK(arguments("[1, 2]") == "[1, 2]");
  CHECK(arguments("5") == "5");
  CHECK(arguments("null") == "");
  CHECK(arguments(R"("{\"a\":1}")") == R"({"a":1})");
}
