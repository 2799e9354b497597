// Where providers put things inside one frame.
#include "wire/frame.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using ks::testing::delta;

namespace {

using Texts = std::vector<std::string>;

/// Reads a frame; its views live until the next one is read.
const wire::Frame& frame_of(const std::string& text, wire::FrameOptions options = {}) {
  static wire::Frame frame;
  wire::read_frame(ks::json::Reader::local(), text, options, frame);
  return frame;
}

/// The usage that a frame tells; one that says nothing where it tells none.
ks::Usage usage_of(const std::string& text) {
  const wire::Frame& frame = frame_of(text);
  return frame.usage ? *frame.usage : ks::Usage{};
}

std::string choice(const std::string& fields) { return R"({"choices":[{"index":0,)" + fields + "}]}"; }

}  // namespace

TEST_CASE("a frame says its id, model, text and finish reason") {
  const auto& frame = frame_of(
      R"({"id":"c1","object":"chat.completion.chunk","created":1.5,"model":"kimi-k2.6","system_fingerprint":"f","choices":)"
      R"([{"index":0,"delta":{"role":"assistant","content":"Hi"},"logprobs":null,"finish_reason":"stop"}]})");
  CHECK_FALSE(frame.malformed);
  CHECK(frame.id == "c1");
  CHECK(frame.model == "kimi-k2.6");
  CHECK(frame.choice.content == "Hi");
  CHECK(frame.choice.finish_reason == "stop");
  CHECK(frame.has_choices);
  CHECK_FALSE(frame.has_error);
  CHECK_FALSE(frame.usage);
}

TEST_CASE("absent and null are nothing, an empty text is one") {
  CHECK_FALSE(frame_of(delta("")).choice.content);
  CHECK_FALSE(
      frame_of(delta(R"("content":null,"reasoning_content":null,"tool_calls":null,"role":null)")).choice.content);
  CHECK(frame_of(delta(R"("content":"")")).choice.content == "");
  CHECK(frame_of(delta(R"("reasoning_content":"")")).choice.reasoning == "");
  CHECK_FALSE(frame_of(delta(R"("content":"x")")).choice.reasoning);
  for (const std::string& text :
       Texts{choice(R"("delta":null)"), choice(R"("finish_reason":null)"), choice(R"("delta":{})"), R"({"choices":[]})",
             R"({"choices":null})", R"({"choices":[{}]})", "{}"}) {
    CAPTURE(text);
    const auto& frame = frame_of(text);
    CHECK_FALSE(frame.malformed);
    CHECK_FALSE(frame.choice.content);
    CHECK_FALSE(frame.choice.reasoning);
    CHECK(frame.choice.finish_reason.empty());
    CHECK(frame.choice.tool_calls.empty());
  }
  CHECK_FALSE(frame_of(R"({"choices":[]})").has_choices);
}

TEST_CASE("values of the wrong kind are ignored, not fatal") {
  const auto& frame = frame_of(
      R"({"id":7,"model":{},"choices":[{"index":"x","delta":{"content":5,"reasoning":[],"tool_calls":"no"},"finish_reason":3}]})");
  CHECK_FALSE(frame.malformed);
  CHECK_FALSE(frame.choice.content);
  CHECK(frame.choice.tool_calls.empty());
  CHECK(frame.choice.finish_reason.empty());
}

TEST_CASE("reasoning is found under each of its names") {
  CHECK(frame_of(delta(R"("reasoning_content":"a")")).choice.reasoning == "a");
  CHECK(frame_of(delta(R"("reasoning":"b")")).choice.reasoning == "b");
  CHECK(frame_of(delta(R"("reasoning_details":[{"type":"reasoning.text","text":"c"},{"summary":"d"},{"data":"x"}])"))
            .choice.reasoning == "cd");
}

TEST_CASE("the same reasoning under two names counts once") {
  CHECK(frame_of(delta(R"("reasoning":"a","reasoning_content":"a")")).choice.reasoning == "a");
  CHECK(frame_of(delta(R"("reasoning_content":"a","reasoning":"a")")).choice.reasoning == "a");
  CHECK(frame_of(delta(R"("reasoning":"a","reasoning_details":[{"text":"a"}])")).choice.reasoning == "a");
  CHECK(frame_of(delta(R"("reasoning_details":[{"text":"a"}],"reasoning_content":"a")")).choice.reasoning == "a");
}

TEST_CASE("an empty or null reasoning does not hide the one under another name") {
  CHECK(frame_of(delta(R"("reasoning_content":"","reasoning":"b")")).choice.reasoning == "b");
  CHECK(frame_of(delta(R"("reasoning":"b","reasoning_content":null)")).choice.reasoning == "b");
  CHECK(frame_of(delta(R"("reasoning":"","reasoning_details":[{"text":"c"}])")).choice.reasoning == "c");
}

TEST_CASE("content may be a list of parts") {
  CHECK(
      frame_of(delta(R"("content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}},"b",{"text":"c"}])"))
          .choice.content == "abc");
  CHECK(frame_of(delta(R"("content":[])")).choice.content == "");
}

TEST_CASE("keys may be written with escapes, at every level") {
  CHECK(frame_of(delta(R"("c\u006fntent":"x")")).choice.content == "x");
  CHECK(frame_of(R"({"ch\u006fices":[{"d\u0065lta":{"\u0063ontent":"y"},"finish\u005freason":"stop"}]})")
            .choice.finish_reason == "stop");
  CHECK(usage_of(R"({"us\u0061ge":{"prompt\u005ftokens":3}})").prompt_tokens == 3);
  const auto& frame = frame_of(delta(
      R"("tool\u005fcalls":[{"ind\u0065x":2,"i\u0064":"c","functi\u006fn":{"n\u0061me":"f","\u0061rguments":"{}"}}])"));
  REQUIRE(frame.choice.tool_calls.size() == 1);
  CHECK(frame.choice.tool_calls[0].index == 2);
  CHECK(frame.choice.tool_calls[0].id == "c");
  CHECK(frame.choice.tool_calls[0].name == "f");
  CHECK(frame.choice.tool_calls[0].arguments == "{}");
}

TEST_CASE("the last of duplicate keys counts") {
  CHECK(frame_of(delta(R"("content":"a","content":"b")")).choice.content == "b");
  CHECK(frame_of(R"({"choices":[{"delta":{"content":"a"}}],"choices":[{"delta":{"content":"b"}}]})").choice.content ==
        "b");
}

TEST_CASE("usage is found at the top and inside the choice, in each of its spellings") {
  const ks::Usage expected{
      .prompt_tokens = 10, .completion_tokens = 5, .total_tokens = 15, .cached_tokens = 4, .reasoning_tokens = 3};
  for (const std::string& usage : Texts{
           R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"cached_tokens":4,"reasoning_tokens":3})",
           R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},)"
           R"("completion_tokens_details":{"reasoning_tokens":3}})"}) {
    CHECK(usage_of(R"({"choices":[],"usage":)" + usage + "}") == expected);
    CHECK(usage_of(choice(R"("delta":{},"usage":)" + usage)) == expected);
    CHECK(usage_of(R"({"choices":[{"usage":)" + usage + R"(}],"usage":)" + usage + "}") == expected);  // not added up
  }
  CHECK_FALSE(frame_of(R"({"usage":null})").usage);
  CHECK_FALSE(frame_of(R"({"usage":{}})").usage);
  CHECK(frame_of(R"({"usage":{"prompt_tokens":0,"cost":0.0125}})").usage->cost == 0.0125);
  CHECK(frame_of(R"({"usage":{"prompt_tokens":0}})").usage->prompt_tokens == 0);
  CHECK(frame_of(R"({"usage":{"prompt_tokens":1.0,"completion_tokens":null,"prompt_tokens_details":null}})")
            .usage->prompt_tokens == 1);
}

TEST_CASE("counters that no machine can count are left out") {
  CHECK_FALSE(frame_of(R"({"usage":{"prompt_tokens":123456789012345678901234567890}})").usage);
  CHECK_FALSE(frame_of(R"({"usage":{"prompt_tokens":-5}})").usage);
  CHECK_FALSE(frame_of(R"({"usage":{"prompt_tokens":1e300}})").usage);
  CHECK_FALSE(frame_of(R"({"usage":{"prompt_tokens":"many"}})").usage);
}

TEST_CASE("tool call fragments are read with what they have") {
  const auto& calls =
      frame_of(delta(R"("tool_calls":[{"index":0,"id":"c0","type":"function","function":{"name":"f","arguments":""}},)"
                     R"({"index":1,"id":null,"type":null,"function":{"name":null,"arguments":"{\"a\":"}},{}])"))
          .choice.tool_calls;
  REQUIRE(calls.size() == 3);
  CHECK(calls[0].index == 0);
  CHECK(calls[0].id == "c0");
  CHECK(calls[0].type == "function");
  CHECK(calls[0].name == "f");
  CHECK(calls[0].arguments.empty());
  CHECK(calls[1].index == 1);
  CHECK(calls[1].id.empty());
  CHECK(calls[1].name.empty());
  CHECK(calls[1].arguments == "{\"a\":");
  CHECK_FALSE(calls[2].index);
}

TEST_CASE("an index may be a number, a text or nothing that counts") {
  const auto index_of = [](const std::string& index) {
    return frame_of(delta(R"("tool_calls":[{"index":)" + index + "}]")).choice.tool_calls.at(0).index;
  };
  CHECK(index_of("7") == 7);
  CHECK(index_of("\"3\"") == 3);
  CHECK(index_of("1000000000") == 1'000'000'000);
  CHECK(index_of("1.0") == 1);
  for (const std::string& none :
       Texts{"-1", "null", "\"x\"", "\"\"", "{}", "123456789012345678901234567890", "\"-1\"", "1e300"}) {
    CAPTURE(none);
    CHECK_FALSE(index_of(none));
  }
}

TEST_CASE("arguments may be an object instead of a text") {
  const auto& frame =
      frame_of(delta(R"("tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":{"a": [1, "x"]}}}])"));
  REQUIRE(frame.choice.tool_calls.size() == 1);
  CHECK(ks::json::is_whole_object(frame.choice.tool_calls[0].arguments));
  CHECK(frame.choice.tool_calls[0].arguments.find("[1, \"x\"]") != std::string_view::npos);
}

TEST_CASE("the older function_call is one call") {
  const auto& frame = frame_of(delta(R"("function_call":{"name":"f","arguments":"{}"})"));
  REQUIRE(frame.choice.tool_calls.size() == 1);
  CHECK(frame.choice.tool_calls[0].name == "f");
  CHECK(frame_of(delta(R"("function_call":null)")).choice.tool_calls.empty());
}

TEST_CASE("errors are seen in every shape, and only where there is one") {
  for (const std::string& text :
       Texts{R"({"error":{"message":"m"}})", R"({"error":"text"})", R"({"error":true})", R"({"error":{"code":429}})",
             R"({"object":"error","message":"m"})", R"({"choices":[{"error":{"code":502},"finish_reason":"error"}]})",
             R"({"id":"x","choices":[],"error":{"code":502}})"}) {
    CAPTURE(text);
    CHECK(frame_of(text).has_error);
  }
  for (const std::string& text : Texts{R"({"error":null})", R"({"error":false})", R"({"error":""})", R"({"error":{}})",
                                       R"({"error":0})", R"({"object":"chat.completion.chunk"})"}) {
    CAPTURE(text);
    CHECK_FALSE(frame_of(text).has_error);
  }
}

TEST_CASE("the choice that was asked for is read, wherever its index stands") {
  const std::string text =
      R"({"choices":[{"delta":{"content":"b"},"index":1},{"index":0,"delta":{"content":"a"}},{"delta":{"content":"c"},"index":2}]})";
  CHECK(frame_of(text, {.choice_index = 0}).choice.content == "a");
  CHECK(frame_of(text, {.choice_index = 2}).choice.content == "c");
  CHECK(frame_of(text).choice.content == "b");
  CHECK(frame_of(text).other_choices);
  CHECK_FALSE(frame_of(R"({"choices":[{"index":1,"delta":{"content":"b"}}]})", {.choice_index = 0}).choice.content);
  CHECK_FALSE(frame_of(delta("")).other_choices);
}

TEST_CASE("texts in parts of several choices do not mix") {
  const std::string text =
      R"({"choices":[{"index":0,"delta":{"content":[{"text":"first"}],"reasoning_details":[{"text":"one"}]}},)"
      R"({"index":1,"delta":{"content":[{"text":"second, and longer than the first"}],"reasoning_details":[{"text":"two"}]}}]})";
  CHECK(frame_of(text, {.choice_index = 0}).choice.content == "first");
  CHECK(frame_of(text, {.choice_index = 0}).choice.reasoning == "one");
  CHECK(frame_of(text, {.choice_index = 1}).choice.reasoning == "two");
}

TEST_CASE("a beginning of a frame is never taken for a frame") {
  const std::string text =
      R"({"id":"c1","choices":[{"index":0,"delta":{"content":"a\u00e9","tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},)"
      R"("finish_reason":null}],"usage":{"prompt_tokens":12}})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(frame_of(text.substr(0, size)).malformed);
  }
  CHECK_FALSE(frame_of(text).malformed);
}

TEST_CASE("brackets that do not match make a frame malformed, whatever was read before it") {
  for (const std::string& before : Texts{",", "]", "}", "}]", ":1,", "],["}) {
    std::string filler;
    while (filler.size() < 800) filler += before;
    for (const std::string& bad :
         Texts{R"({"choices":[{"index":0,"delta":{"role":]"assistant","content":"x"},"finish_reason":null}]})",
               R"({"choices":[{"delta":{"content":"x"}})", R"({"choices":[[{"delta":{"content":"x"}}]})",
               R"({"usage":{"prompt_tokens":1})", R"({"choices":[{"delta":{"tool_calls":[{"index":0}}]})"}) {
      CAPTURE(bad);
      CHECK(frame_of(ks::testing::text(filler)).choice.content == filler);
      const bool malformed = frame_of(bad).malformed;
      CHECK(frame_of(ks::testing::text(std::string(2000, 'y'))).choice.content->size() == 2000);
      CHECK(frame_of(bad).malformed == malformed);
      if (bad.find(":]") == std::string::npos) CHECK(malformed);
    }
  }
}

TEST_CASE("what is no JSON object is malformed") {
  for (const std::string& text :
       Texts{"", "[]", "1", "null", "\"x\"", "{", "}", "x", "{}}", "{\"choices\":[}", "{\"choices\":[{]}", "{\"a\" 1}",
             "{\"choices\":[{\"delta\":{\"content\":\"a\"}}", "<html>"}) {
    CAPTURE(text);
    CHECK(frame_of(text).malformed);
  }
}

TEST_CASE("a text with an escape that JSON does not have makes its frame malformed, it is not lost in silence") {
  for (const std::string& text :
       Texts{R"("content":"bad \x41 escape")", R"("reasoning":"\u12G4")", R"("content":"\u12")"}) {
    CAPTURE(text);
    CHECK(frame_of(delta(text)).malformed);
  }
}

TEST_CASE("bytes that are not UTF-8 and raw control characters are mended") {
  CHECK(frame_of(delta("\"content\":\"a\xFF"
                       "b\""))
            .choice.content ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(ks::json::Reader::local().mended());
  CHECK(frame_of(delta("\"content\":\"line\nend\t\"")).choice.content == "line\nend\t");
  CHECK(frame_of(delta("\"content\":\"fine\"")).choice.content == "fine");
  CHECK_FALSE(ks::json::Reader::local().mended());
}

TEST_CASE("no text at all is malformed") {
  wire::Frame frame;
  wire::read_frame(ks::json::Reader::local(), std::string_view(), {}, frame);
  CHECK(frame.malformed);
}

TEST_CASE("unknown fields may nest as deep as they like") {
  std::string deep(100'000, '[');
  deep.append(100'000, ']');
  const std::string text = R"({"extra":)" + deep + R"(,"choices":[{"delta":{"content":"x"}}]})";
  const auto& frame = frame_of(text);
  CHECK((frame.malformed || frame.choice.content == "x"));
}
