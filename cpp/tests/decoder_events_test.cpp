// Odd shapes of answers, and what they amount to: each was met, the source is named beside it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/play.hpp"
#include "wire/decoder.hpp"

namespace ks = kimistream;
using ks::testing::decode;
using ks::testing::decode_body;
using ks::testing::Decoded;
using ks::testing::delta;
using ks::testing::finish;
using ks::testing::text;
using ks::testing::thinking;

namespace {

constexpr const char* any = "openai-compatible";
using Texts = std::vector<std::string>;

std::string body(const std::string& message, const std::string& end = R"("stop")") {
  return R"({"id":"c","model":"m","choices":[{"index":0,"message":)" + message + R"(,"finish_reason":)" + end + "}]}";
}

std::string call(const std::string& head, const std::string& arguments) {
  return delta(R"("tool_calls":[{"index":0)" + head + R"(,"function":{)" + (head.empty() ? "" : R"("name":"f",)") +
               R"("arguments":)" + arguments + "}}]");
}

const std::string head = R"(,"id":"c1","type":"function")";

std::string arguments(const Decoded& decoded) {
  REQUIRE(decoded.message.tool_calls.size() == 1);
  return decoded.message.tool_calls[0].arguments;
}

}  // namespace

// ---- think tags (diegosouzapw/OmniRoute#8260, Bike4Mind/bike4mind#1089, skalesapp/skales#166)
// ---------------------------

TEST_CASE("closing tags at the beginning of an answer whose reasoning has its key are nobody's") {
  for (const Texts& parts : {Texts{"</think>", "\n\nParis."}, Texts{"</th", "ink>\n", "\nParis."},
                             Texts{"\n</think></think>Paris."}, Texts{"<think></think>\n\nParis."}}) {
    Texts frames{thinking("The capital of France.")};
    for (const auto& part : parts) frames.push_back(text(part));
    frames.push_back(finish("stop"));
    frames.emplace_back("[DONE]");
    const Decoded decoded = decode(frames, any);
    CHECK(decoded.message.reasoning == "The capital of France.");
    CHECK(decoded.message.content == "Paris.");
    CHECK(decoded.warned("markup_removed"));
  }
}

TEST_CASE("an answer that speaks of the tags keeps them, behind reasoning with a key") {
  for (const char* words : {"The tag is </think>.", "<think>x</think>a", " <thin", "<think>", "\n\nParis."}) {
    const Decoded decoded = decode({thinking("Hm"), text(words), finish("stop"), "[DONE]"}, any);
    CAPTURE(words);
    CHECK(decoded.message.content == words);
    CHECK_FALSE(decoded.warned("markup_removed"));
  }
}

TEST_CASE("tags at both ends of reasoning under its key are nobody's, those within are words") {
  for (const Texts& parts : {Texts{"<think><think>Hm", " </think> x", "</think>"}, Texts{"Hm </think> x</th", "ink>\n"},
                             Texts{"Hm </think> x</think></think>"}}) {
    Texts frames;
    for (const auto& part : parts) frames.push_back(thinking(part));
    frames.push_back(text("a"));
    frames.push_back(finish("stop"));
    frames.emplace_back("[DONE]");
    const Decoded decoded = decode(frames, any);
    CHECK(decoded.message.reasoning == "Hm </think> x");
    CHECK(decoded.message.content == "a");
  }
  const Decoded words =
      decode({thinking("a <"), thinking("b"), thinking("</thin"), text("c"), finish("stop"), "[DONE]"}, any);
  CHECK(words.message.reasoning == "a <b</thin");
}

TEST_CASE("a gateway may wrap every piece of the reasoning in tags of its own") {
  const Decoded decoded = decode({text("<reasoning>Twenty sev</reasoning>"), text("<reasoning>en twice.</reas"),
                                  text("oning>54"), finish("stop"), "[DONE]"},
                                 any);
  CHECK(decoded.message.reasoning == "Twenty seven twice.");
  CHECK(decoded.message.content == "54");
  CHECK(decoded.warned("inline_thinking"));
  const Decoded whole = decode_body(body(R"({"content":"<reasoning>a</reasoning><reasoning>b</reasoning>c"})"), any);
  CHECK(whole.message.reasoning == "ab");
  CHECK(whole.message.content == "c");
}

TEST_CASE("a whole answer that began within the reasoning is parted; one that speaks of the tag is not") {
  const Decoded decoded = decode_body(body(R"({"content":"The capital.</think>\n\nParis."})"), any);
  CHECK(decoded.message.reasoning == "The capital.");
  CHECK(decoded.message.content == "Paris.");
  for (const char* words : {"It is `</think>`.", "The tag </think>, in lower case.", "a</think>b</think>c"})
    CHECK(decode_body(body(R"({"content":")" + std::string(words) + R"("})"), any).message.content == words);
  CHECK(decode_body(body(R"({"reasoning_content":"r","content":"a</think>b"})"), any).message.content == "a</think>b");
  CHECK(decode_body(body(R"({"content":"a</think>b"})"), "moonshot").message.content == "a</think>b");
}

// ---- the answer twice (perplexityai/api-discussion#209, abundantbeing/hermes-browser-extension#11)
// -------------------

TEST_CASE("a message beside each delta is not said twice") {
  const auto both = [](const char* piece, const char* so_far, const char* end) {
    return std::string(R"({"choices":[{"index":0,"delta":{"content":")") + piece + R"("},"message":{"content":")" +
           so_far + R"("},"finish_reason":)" + end + "}]}";
  };
  const Decoded decoded = decode(
      {both("The ", "The ", "null"), both("sea.", "The sea.", "null"), both("", "The sea.", R"("stop")"), "[DONE]"},
      any);
  CHECK(decoded.message.content == "The sea.");
  CHECK(decoded.message.finish_reason == "stop");
}

TEST_CASE("a whole message behind the pieces counts once, with what is new in it") {
  const std::string whole = body(
      R"({"content":"The sea.","reasoning_content":"Hm","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})",
      R"("tool_calls")");
  const Decoded decoded = decode({thinking("Hm"), text("The "), text("sea."), whole, "[DONE]"}, any);
  CHECK(decoded.message.content == "The sea.");
  CHECK(decoded.message.reasoning == "Hm");
  CHECK(decoded.message.tool_calls.size() == 1);
  CHECK(decoded.warned("repeated_answer"));
  const Decoded alone = decode({whole, "[DONE]"}, any);
  CHECK(alone.message.content == "The sea.");
  CHECK_FALSE(alone.warned("repeated_answer"));
}

// ---- finish reasons (farion1231/cc-switch#5093, OpenRouterTeam/ai-sdk-provider#420) ---------------------------------

TEST_CASE("the reasons of other protocols are said in plain words, and one that nobody knows gives way to calls") {
  CHECK(decode({text("a"), finish("end_turn"), "[DONE]"}, any).message.finish_reason == "stop");
  CHECK(decode({text("a"), finish("MAX_TOKENS"), "[DONE]"}, any).message.finish_reason == "length");
  CHECK(decode({text("a"), finish("unexpected_state"), "[DONE]"}, any).message.finish_reason == "unexpected_state");
  const std::string whole = call(head, R"("{\"a\":1}")");
  CHECK(decode({whole, finish("tool_use"), "[DONE]"}, any).message.finish_reason == "tool_calls");
  const Decoded odd = decode({whole, finish("unexpected_state"), "[DONE]"}, any);
  CHECK(odd.message.finish_reason == "tool_calls");
  CHECK(odd.warned("finish_reason_inferred"));
  const Decoded cut = decode({whole, finish("max_tokens"), "[DONE]"}, any);
  CHECK(cut.message.finish_reason == "length");
  CHECK_FALSE(cut.message.tool_calls.at(0).complete);
}

// ---- arguments (openai/openai-agents-js#712, BerriAI/litellm#4537, NousResearch/hermes-agent#35718 and #35860)
// -------

TEST_CASE("{} first and then the real arguments: the real ones are the call's") {
  const Decoded decoded = decode(
      {call(head, R"("{}")"), call("", R"("{\"a\":")"), call("", R"("1}")"), finish("tool_calls"), "[DONE]"}, any);
  CHECK(arguments(decoded) == R"({"a":1})");
  CHECK(decoded.warned("arguments_cleaned"));
  CHECK(ks::testing::decode(
            {call(head, R"("")"), call("", R"("{}")"), call("", R"("{\"a\":1}")"), finish("tool_calls")}, any)
            .message.tool_calls.at(0)
            .arguments == R"({"a":1})");
}

TEST_CASE("{} alone is what was meant, and is told before what follows it") {
  const Decoded decoded = decode({call(head, R"("{}")"), text("x"), finish("tool_calls"), "[DONE]"}, any);
  CHECK(arguments(decoded) == "{}");
  CHECK_FALSE(decoded.warned("arguments_cleaned"));
  Texts order;
  for (const ks::Event& event : decoded.events) order.emplace_back(ks::testing::type_of(event));
  CHECK(order == Texts{"tool_call_start", "tool_call_delta", "text", "tool_call", "finish", "notice"});
}

TEST_CASE("fragments that hold all there is so far are told at the end, where the whole is no JSON") {
  const Decoded decoded =
      decode({call(head, R"("{\"a\"")"), call("", R"("{\"a\":\"ti")"), call("", R"("{\"a\":\"tides\"}")"),
              call("", R"("{\"a\":\"tides\"}")"), finish("tool_calls"), "[DONE]"},
             any);
  CHECK(arguments(decoded) == R"({"a":"tides"})");
  CHECK(decoded.message.tool_calls[0].complete);
  CHECK(decoded.warned("arguments_cleaned"));
  const Decoded nested = decode({call(head, R"("{\"a\":")"), call("", R"("{\"a\":\"blue\"}")"), call("", R"("}")"),
                                 finish("tool_calls"), "[DONE]"},
                                any);
  CHECK(arguments(nested) == R"({"a":{"a":"blue"}})");
  const Decoded cut =
      decode({call(head, R"("{\"a\"")"), call("", R"("{\"a\":\"ti")"), finish("tool_calls"), "[DONE]"}, any);
  CHECK_FALSE(cut.message.tool_calls.at(0).complete);
}

// ---- refusals, several choices --------------------------------------------------------------------------------------

TEST_CASE("the words of a refusal are the content, with a notice") {
  const Decoded decoded = decode(
      {delta(R"("content":null,"refusal":"I can")"), delta(R"("refusal":"not.")"), finish("stop"), "[DONE]"}, any);
  CHECK(decoded.message.content == "I cannot.");
  CHECK(decoded.warned("refusal"));
  const Decoded whole = decode_body(body(R"({"content":null,"refusal":"No."})"), any);
  CHECK(whole.message.content == "No.");
  CHECK_FALSE(decode_body(body(R"({"content":"a","refusal":null})"), any).warned("refusal"));
}

TEST_CASE("choice 0 is read, whichever comes first; without one the least") {
  const auto of = [](int index, const char* words) {
    return R"({"choices":[{"index":)" + std::to_string(index) + R"(,"delta":{"content":")" + words + R"("}}]})";
  };
  const Decoded decoded = decode({of(1, "x"), of(0, "a"), of(1, "y"), of(0, "b"), finish("stop"), "[DONE]"}, any);
  CHECK(decoded.message.content == "ab");
  CHECK(decoded.warned("other_choices"));
  const std::string end = R"({"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]})";
  const Decoded odd = decode({of(1, "x"), of(1, "y"), end, "[DONE]"}, any);
  CHECK(odd.message.content == "xy");
  CHECK(odd.message.finish_reason == "stop");
  Texts many(70, of(1, "x"));
  many.push_back(end);
  CHECK(decode(many, any).message.content == std::string(70, 'x'));
  CHECK(decode_body(R"({"choices":[{"index":1,"message":{"content":"x"},"finish_reason":"stop"},)"
                    R"({"index":0,"message":{"content":"a"},"finish_reason":"stop"}]})",
                    any)
            .message.content == "a");
  CHECK(decode_body(R"({"choices":[{"index":2,"message":{"content":"x"},"finish_reason":"stop"}]})", any)
            .message.content == "x");
}
