// Frames in the OpenAI shape say what the events say.
#include "wire/chunks.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/accumulator.hpp"
#include "kimistream/provider.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using ks::json::Tree;
using ks::wire::Decoder;

namespace {

std::string content(const std::string& text, const std::string& finish = "null") {
  return R"({"id":"c","model":"m","extra":7,"choices":[{"index":0,"delta":{"content":")" + text +
         R"("},"finish_reason":)" + finish + "}]}";
}

std::vector<ks::Chunk> chunks(const char* provider, const std::vector<std::string>& frames) {
  Decoder decoder(*ks::find_provider(provider), true, ks::testing::offering());
  std::vector<ks::Event> events;
  std::vector<ks::Chunk> all;
  for (const auto& frame : frames) {
    const std::size_t before = events.size();
    decoder.feed(frame, "", events);
    ks::wire::add_chunk(decoder, std::span(events).subspan(before), 5, all);
  }
  return all;
}

ks::Chunk whole(const char* provider, const std::string& body, bool streamed) {
  Decoder decoder(*ks::find_provider(provider), true, ks::testing::offering());
  std::vector<ks::Event> events;
  decoder.feed_body(body, events);
  return ks::wire::whole_chunk(decoder, events, streamed, 5);
}

const std::string body =
    R"({"id":"c","model":"m","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"total_tokens":3}})";

}  // namespace

TEST_CASE("a frame that nothing was changed in is shown as it came") {
  const auto all = chunks("moonshot", {content("a"), content("b", R"("stop")"), "[DONE]"});
  REQUIRE(all.size() == 2);
  CHECK(all[0].json() == content("a"));
  CHECK(all[0].content == "a");
  CHECK(all[0].plain);
  CHECK(all[1].finish_reason == "stop");
  CHECK(whole("moonshot", body, false).json() == body);
}

TEST_CASE("Q20: reasoning that was in the content is shown as reasoning") {
  const auto all = chunks("ktransformers", {content("x</thi"), content("nk>y"), content("", R"("stop")")});
  REQUIRE(all.size() == 3);
  CHECK(all[0].reasoning == "x");
  CHECK_FALSE(all[0].content);
  CHECK(all[1].content == "y");
  CHECK(all[1].json().find("think") == std::string::npos);
  CHECK(Tree::parse(all[0].json()).text_of("extra") == "7");
  CHECK(all[2].finish_reason == "stop");
}

TEST_CASE("calls that leaked into the text are shown as calls") {
  const std::string markup =
      "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|>"
      "<|tool_calls_section_end|>";
  const auto all = chunks("vllm", {content("go "), content(markup), content("", R"("stop")")});
  REQUIRE(all.size() == 3);
  CHECK(all[0].content == "go ");
  CHECK(all[1].json().find("<|") == std::string::npos);
  CHECK_FALSE(all[2].plain);  // with the end: until then the same call may come structured
  CHECK(all[2].json().find(R"("name":"f")") != std::string::npos);
  CHECK(all[2].finish_reason == "tool_calls");
  const ks::Chunk one = whole(
      "vllm", R"({"choices":[{"index":0,"message":{"content":")" + markup + R"("},"finish_reason":"stop"}]})", false);
  CHECK(one.json().find(R"("finish_reason":"tool_calls")") != std::string::npos);
  CHECK(one.json().find(R"("content":null)") != std::string::npos);
  CHECK(one.json().find("<|") == std::string::npos);
}

TEST_CASE("calls that share index and id are shown as two, and a head that is repeated is not shown") {
  const auto fragment = [](const std::string& inside) {
    return R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,)" + inside + "]}}]}";
  };
  const std::string head = fragment(R"("id":"functions.f:0","function":{"name":"f","arguments":""}})");
  const auto all =
      chunks("vllm", {head, fragment(R"("function":{"arguments":"{}"}})"), head,
                      fragment(R"("function":{"arguments":"{\"a\":1}"}})"), content("", R"("tool_calls")")});
  REQUIRE(all.size() == 5);
  CHECK(all[0].json() == head);
  CHECK(all[2].json().find("name") == std::string::npos);
  CHECK(all[3].json().find(R"("index":1,"id":"functions.f:0_1")") != std::string::npos);
  CHECK(all[4].finish_reason == "tool_calls");
}

TEST_CASE("Q35: a whole body where a stream was asked for becomes the one chunk that says all of it") {
  const Tree root = Tree::parse(whole("moonshot", body, true).json());
  CHECK(root.text_of("object") == "chat.completion.chunk");
  const Tree& choice = root.find("choices")->items().front();
  CHECK(choice.find("delta")->text_of("content") == "hi");
  CHECK_FALSE(choice.find("message"));
  CHECK(choice.text_of("finish_reason") == "stop");
  CHECK(root.find("usage"));
  const Tree with_calls = Tree::parse(
      whole(
          "moonshot",
          R"({"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})",
          true)
          .json());
  const Tree& calls = *with_calls.find("choices")->items().front().find("delta")->find("tool_calls");
  CHECK(calls.items()[1].text_of("index") == "1");
}

TEST_CASE("a frame of the other protocol is shown in this one") {
  const auto all = chunks(
      "moonshot-anthropic",
      {R"({"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"k","content":[],"usage":{"input_tokens":3,"output_tokens":0}}})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}})", R"({"type":"ping"})"});
  REQUIRE_FALSE(all.empty());
  CHECK(all.back().content == "hi");
  CHECK(all.back().json().find(R"("created":5)") != std::string::npos);
}

TEST_CASE("frames that differ in their text alone share the rest, and each still gives its own") {
  const std::vector<std::string> frames = {content("a"), content("b"), content(R"(\"c\" \u00e9\n)"), content("d")};
  const auto all = chunks("moonshot", frames);
  REQUIRE(all.size() == frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) CHECK(all[i].json() == frames[i]);
  CHECK(all[2].content == "\"c\" \xC3\xA9\n");
  ks::Chunk moved = all[3];
  CHECK(std::move(moved).json() == frames[3]);
}

TEST_CASE("arguments that are no text are one in the OpenAI shape too, and keep what else came with them") {
  const std::string call =
      R"({"index":0,"id":"c","type":"builtin_function","extra":5,"function":{"name":"f","arguments":{"a":1}}})";
  const auto streamed =
      chunks("openai-compatible",
             {R"({"id":"x","choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[)" + call + "]}}]}"});
  REQUIRE(streamed.size() == 1);
  const Tree root = Tree::parse(streamed[0].json());
  const Tree& delta = *root.find("choices")->items()[0].find("delta");
  CHECK(delta.text_of("role") == "assistant");
  CHECK(delta.find("tool_calls")->items().back().find("function")->text_of("arguments") == R"({"a":1})");
  const Tree body = Tree::parse(
      whole("openai-compatible",
            R"({"id":"x","choices":[{"index":0,"finish_reason":"tool_calls","message":{"content":null,"tool_calls":[)" +
                call + "]}}]}",
            false)
          .json());
  const Tree& made = body.find("choices")->items()[0].find("message")->find("tool_calls")->items()[0];
  CHECK(made.text_of("extra") == "5");
  CHECK(made.text_of("type") == "builtin_function");
  CHECK(made.find("function")->text_of("arguments") == R"({"a":1})");
}

TEST_CASE("a frame of the messages protocol that is rewritten says nothing of that protocol") {
  const auto made =
      chunks("kimi-code",
             {R"({"type":"message_start","message":{"id":"m","model":"k","content":[]}})",
              R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f"}})",
              R"({"type":"content_block_delta","index":0,"delta":{"partial_json":{"a":1}}})"});
  REQUIRE(!made.empty());
  const Tree last = Tree::parse(made.back().json());
  CHECK_FALSE(last.find("type"));
  CHECK(last.text_of("id") == "m");
  CHECK(last.find("choices")
            ->items()[0]
            .find("delta")
            ->find("tool_calls")
            ->items()[0]
            .find("function")
            ->text_of("arguments") == R"({"a":1})");
}

TEST_CASE("a stream that is gathered keeps the other choices") {
  const auto piece = [](int index, const std::string& delta, const std::string& finish = "null") {
    return R"({"id":"x","choices":[{"index":)" + std::to_string(index) + R"(,"delta":{)" + delta +
           R"(},"finish_reason":)" + finish + "}]}";
  };
  Decoder decoder(*ks::find_provider("openai-compatible"));
  ks::wire::Gathering gathering;
  std::vector<ks::Event> events;
  for (const auto& frame :
       {piece(1, R"("role":"assistant","content":"x")"), piece(0, R"("content":"a")"),
        piece(1, R"("content":"y")", R"("stop")"),
        piece(1, R"("tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}])"),
        piece(1, R"("tool_calls":[{"index":0,"function":{"arguments":"}"}}])"), piece(0, "", R"("stop")")}) {
    decoder.feed(frame, "", events);
    gathering.add(decoder, 5);
  }
  ks::Accumulator message;
  for (const ks::Event& event : events) message.add(event);
  const Tree body = Tree::parse(gathering.chunk(message.message()).json());
  const auto& choices = body.find("choices")->items();
  REQUIRE(choices.size() == 2);
  CHECK(choices[0].find("message")->text_of("content") == "a");
  CHECK(choices[1].text_of("index") == "1");
  CHECK(choices[1].text_of("finish_reason") == "stop");
  CHECK(choices[1].find("message")->text_of("content") == "xy");
  CHECK(choices[1].find("message")->find("tool_calls")->items()[0].find("function")->text_of("arguments") == "{}");
}
