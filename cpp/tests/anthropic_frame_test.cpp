// The messages protocol, event by event and as a whole, into the frame that both protocols share.
#include "wire/anthropic_frame.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "kimistream/provider.hpp"
#include "kimistream/sse.hpp"
#include "support/golden.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;

namespace {

/// What a reader makes of the events of an answer, piece by piece.
struct Answer {
  struct Call {
    std::string id, name, arguments, type;
  };

  const wire::Frame& read(std::string_view data, std::string_view type = "message") {
    reader.read(ks::json::Reader::local(), data, type, frame);
    if (!frame.id.empty()) id = frame.id;
    if (!frame.model.empty()) model = frame.model;
    if (frame.choice.reasoning) reasoning = reasoning.value_or("").append(*frame.choice.reasoning);
    if (frame.choice.content) content = content.value_or("").append(*frame.choice.content);
    for (const wire::ToolFragment& fragment : frame.choice.tool_calls) {
      const auto index = static_cast<std::size_t>(fragment.index.value());
      if (calls.size() <= index) calls.resize(index + 1);
      calls[index].id.append(fragment.id);
      calls[index].name.append(fragment.name);
      calls[index].type.append(fragment.type);
      calls[index].arguments.append(fragment.arguments);
    }
    for (const std::string_view block : frame.opaque) opaque.emplace_back(block);
    signature.append(frame.signature);
    if (frame.usage) usage = *frame.usage;
    if (!frame.choice.finish_reason.empty()) finish = frame.choice.finish_reason;
    ended = ended || frame.ended;
    failed = failed || frame.has_error;
    malformed = malformed || frame.malformed;
    return frame;
  }

  wire::AnthropicReader reader;
  wire::Frame frame;
  std::string id, model, signature, finish;
  std::optional<std::string> reasoning, content;
  std::vector<Call> calls;
  std::vector<std::string> opaque;
  std::optional<ks::Usage> usage;
  bool ended = false, failed = false, malformed = false;
};

std::string start(int index, const std::string& block) {
  return R"({"type":"content_block_start","index":)" + std::to_string(index) + R"(,"content_block":)" + block + "}";
}
std::string delta(int index, const std::string& delta) {
  return R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" + delta + "}";
}
std::string stop(int index) { return R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}"; }
std::string arguments(int index, const std::string& text) {
  return delta(index, R"({"type":"input_json_delta","partial_json":")" + text + "\"}");
}
std::string message_start(const std::string& usage) {
  return R"({"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","content":[],)"
         R"("model":"k","stop_reason":null,"usage":)" +
         usage + "}}";
}
std::string message_delta(const std::string& reason, const std::string& usage) {
  return R"({"type":"message_delta","delta":{"stop_reason":")" + reason + R"(","stop_sequence":null},"usage":)" +
         usage + "}";
}

}  // namespace

TEST_CASE("golden transcripts of the messages protocol mean what they should, frame by frame") {
  int seen = 0;
  for (const ks::testing::Golden& golden : ks::testing::load_golden()) {
    if (!golden.is_stream || ks::find_provider(golden.provider)->protocol != ks::Protocol::anthropic_messages) continue;
    CAPTURE(golden.name);
    ++seen;
    Answer answer;
    ks::sse::Parser parser;
    parser.feed(golden.wire);
    while (const auto event = parser.next()) answer.read(event->data, event->type);
    while (const auto event = parser.finish()) answer.read(event->data, event->type);
    CHECK_FALSE(answer.malformed);
    CHECK(answer.ended);
    CHECK(answer.reasoning == golden.reasoning);
    CHECK(answer.content == golden.content);
    CHECK(answer.finish == golden.finish_reason);
    CHECK(answer.model == "kimi-k2.6");
    CHECK(answer.id.starts_with("msg_"));
    REQUIRE(answer.usage);
    CHECK(answer.usage->prompt_tokens == golden.prompt_tokens);
    CHECK(answer.usage->completion_tokens == golden.completion_tokens);
    CHECK(answer.usage->total_tokens == golden.total_tokens);
    REQUIRE(answer.calls.size() == golden.tool_calls.size());
    for (std::size_t i = 0; i < answer.calls.size(); ++i) {
      CHECK(answer.calls[i].name == golden.tool_calls[i].first);
      CHECK(ks::testing::canonical_json(answer.calls[i].arguments) == golden.tool_calls[i].second);
      CHECK(answer.calls[i].id.starts_with("tool_"));
    }
  }
  CHECK(seen >= 2);
}

TEST_CASE("the start of a message names it and says who speaks; a ping says nothing") {
  Answer answer;
  const wire::Frame& frame = answer.read(message_start(R"({"input_tokens":0,"output_tokens":0})"));
  CHECK(frame.begins);
  CHECK(frame.has_choices);
  CHECK(frame.id == "m1");
  CHECK(frame.model == "k");
  CHECK_FALSE(frame.usage);  // all zeros: not known yet
  answer.read(R"({"type":"ping"})", "ping");
  CHECK_FALSE(frame.has_choices);
  CHECK_FALSE(frame.begins);
  CHECK(frame.id.empty());
}

TEST_CASE("an event without a name has its data's type, and data without a type the event's name") {
  Answer answer;
  answer.read(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})", "message");
  answer.read(R"({"index":0,"delta":{"type":"text_delta","text":"b"}})", "content_block_delta");
  answer.read(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"c"}})", "ping");
  CHECK(answer.content == "abc");
  answer.read("{}", "message_stop");
  CHECK(answer.ended);
}

TEST_CASE("the order of the fields does not matter, nor do keys with escapes") {
  Answer answer;
  answer.read(R"({"delta":{"text":"a","type":"text_delta"},"index":0,"type":"content_block_delta"})");
  answer.read(R"({"content_block":{"name":"f","id":"c","type":"tool_use"},"index":1,"type":"content_block_start"})");
  answer.read(R"({"delta":{"partial_json":"{}","type":"input_json_delta"},"index":1,"type":"content_block_delta"})");
  answer.read(R"({"ty\u0070e":"content_block_delta","index":0,"delta":{"t\u0079pe":"text_delta","te\u0078t":"b\n"}})");
  CHECK(answer.content == "ab\n");
  REQUIRE(answer.calls.size() == 1);
  CHECK(answer.calls[0].arguments == "{}");
}

TEST_CASE("a thinking block is reasoning, be it empty, and its signature comes in pieces") {
  Answer answer;
  answer.read(start(0, R"({"type":"thinking","thinking":"","signature":"s0"})"));
  CHECK(answer.reasoning == "");
  answer.read(delta(0, R"({"type":"thinking_delta","thinking":"a"})"));
  answer.read(delta(0, R"({"type":"signature_delta","signature":"s1"})"));
  answer.read(delta(0, R"({"type":"signature_delta","signature":"s2"})"));
  answer.read(stop(0));
  CHECK(answer.reasoning == "a");
  CHECK(answer.signature == "s0s1s2");
  CHECK_FALSE(answer.content);
}

TEST_CASE("text that stands in the start of a block counts") {
  Answer answer;
  answer.read(start(0, R"({"type":"text","text":"a"})"));
  answer.read(delta(0, R"({"type":"text_delta","text":"b"})"));
  CHECK(answer.content == "ab");
}

TEST_CASE("redacted thinking is kept as it came") {
  Answer answer;
  answer.read(start(0, R"({"type":"redacted_thinking","data":"x\"y"})"));
  REQUIRE(answer.opaque.size() == 1);
  CHECK(answer.opaque[0] == R"({"type":"redacted_thinking","data":"x\"y"})");
  CHECK_FALSE(answer.reasoning);
}

TEST_CASE("tool calls are counted from 0 whatever the indexes of their blocks") {
  Answer answer;
  answer.read(start(1, R"({"type":"tool_use","id":"a","name":"f","input":{}})"));
  answer.read(arguments(1, "{\\\"x\\\":"));
  answer.read(start(4, R"({"type":"tool_use","id":"b","name":"g","input":{}})"));
  answer.read(arguments(4, "{}"));
  answer.read(arguments(1, "1}"));
  answer.read(stop(1));
  answer.read(stop(4));
  REQUIRE(answer.calls.size() == 2);
  CHECK(answer.calls[0].id == "a");
  CHECK(answer.calls[0].name == "f");
  CHECK(answer.calls[0].type == "function");
  CHECK(answer.calls[0].arguments == R"({"x":1})");
  CHECK(answer.calls[1].arguments == "{}");
}

TEST_CASE("a call without fragments has the input of its start, or {}") {
  for (const char* end :
       {R"({"type":"content_block_stop","index":0})", R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})",
        R"({"type":"message_stop"})"}) {
    CAPTURE(std::string(end));
    Answer none, whole, text, filled;
    none.read(start(0, R"({"type":"tool_use","id":"a","name":"f","input":{}})"));
    none.read(arguments(0, ""));  // a legal fragment
    none.read(end);
    none.read(R"({"type":"message_stop"})");
    CHECK(none.calls.at(0).arguments == "{}");
    whole.read(start(0, R"({"type":"tool_use","id":"a","name":"f","input":{"x": 1}})"));
    whole.read(end);
    whole.read(R"({"type":"message_stop"})");
    CHECK(whole.calls.at(0).arguments == R"({"x": 1})");
    text.read(start(0, R"({"type":"tool_use","id":"a","name":"f","input":"{\"x\":2}"})"));
    text.read(end);
    CHECK(text.calls.at(0).arguments == R"({"x":2})");
    filled.read(start(0, R"({"type":"tool_use","id":"a","name":"f","input":{"x":1}})"));
    filled.read(arguments(0, "{\\\"x\\\":3}"));
    filled.read(end);
    CHECK(filled.calls.at(0).arguments == R"({"x":3})");
  }
}

TEST_CASE("a start that is sent twice begins one call; fragments whose start is lost are kept") {
  Answer answer;
  for (int i = 0; i < 2; ++i) answer.read(start(0, R"({"type":"tool_use","id":"a","name":"f"})"));
  answer.read(arguments(0, "{}"));
  CHECK(answer.calls.size() == 1);
  answer.read(arguments(7, "{}"));
  REQUIRE(answer.calls.size() == 2);
  CHECK(answer.calls[1].name.empty());
  CHECK(answer.calls[1].arguments == "{}");
}

TEST_CASE("blocks, deltas and events of unknown kinds say nothing") {
  Answer answer;
  answer.read(start(0, R"({"type":"server_tool_use","id":"s","name":"web_search","input":{}})"));
  answer.read(arguments(0, "{}"));
  answer.read(stop(0));
  answer.read(start(1, R"({"type":"hologram","text":"no","thinking":"no"})"));
  answer.read(delta(1, R"({"type":"citations_delta","citation":{"text":"no"}})"));
  answer.read(delta(1, R"({"type":"hologram_delta","text":"no"})"));
  answer.read(R"({"type":"hologram","delta":{"type":"text_delta","text":"no"}})");
  for (const char* odd :
       {"{}", R"({"type":null})", R"({"type":"content_block_delta"})", R"({"type":"message_delta"})",
        R"({"type":"content_block_start","content_block":null})", R"({"type":"message_start"})",
        R"({"type":"content_block_delta","delta":[1]})", R"({"type":"content_block_stop","index":"x"})",
        R"({"type":"content_block_delta","delta":{"type":"text_delta","text":null}})"})
    answer.read(odd);
  CHECK_FALSE(answer.malformed);
  CHECK_FALSE(answer.failed);
  CHECK_FALSE(answer.content);
  CHECK_FALSE(answer.reasoning);
  CHECK(answer.calls.empty());
}

TEST_CASE("stop reasons are said in OpenAI's words") {
  const std::vector<std::pair<std::string, std::string>> table = {{"end_turn", "stop"},
                                                                  {"max_tokens", "length"},
                                                                  {"stop_sequence", "stop"},
                                                                  {"tool_use", "tool_calls"},
                                                                  {"pause_turn", "stop"},
                                                                  {"refusal", "content_filter"},
                                                                  {"model_context_window_exceeded", "length"},
                                                                  {"something_new", "something_new"},
                                                                  {"", ""}};
  for (const auto& row : table) {
    CAPTURE(row.first);
    Answer answer;
    CHECK(answer.read(message_delta(row.first, "{}")).choice.finish_reason == row.second);
  }
  Answer null;
  CHECK(null.read(R"({"type":"message_delta","delta":{"stop_reason":null}})").choice.finish_reason.empty());
}

TEST_CASE("usage is cumulative: what comes later counts, key by key, and the input is the sum of its parts") {
  Answer answer;
  answer.read(message_start(R"({"input_tokens":100,"cache_creation_input_tokens":5,"cache_read_input_tokens":null,)"
                            R"("output_tokens":1,"prompt_tokens":999})"));
  REQUIRE(answer.usage);
  CHECK(answer.usage->prompt_tokens == 105);
  CHECK(answer.usage->completion_tokens == 1);
  answer.read(message_delta("end_turn", R"({"input_tokens":20,"cache_read_input_tokens":70,"output_tokens":9,)"
                                        R"("output_tokens_details":{"thinking_tokens":4}})"));
  CHECK(answer.frame.usage_is_whole);
  CHECK(answer.usage->prompt_tokens == 95);  // fewer than at first: never added, never the larger one
  CHECK(answer.usage->completion_tokens == 9);
  CHECK(answer.usage->total_tokens == 104);
  CHECK(answer.usage->cached_tokens == 70);
  CHECK(answer.usage->reasoning_tokens == 4);
  answer.read(message_delta("end_turn", R"({"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":9})"));
  CHECK(answer.usage->prompt_tokens == 95);  // an input of nothing is no news
  CHECK(answer.usage->cached_tokens == 70);
}

TEST_CASE("usage that only the end knows, under OpenAI's names, or that is nonsense") {
  Answer late;
  late.read(message_start(R"({"input_tokens":0,"output_tokens":0})"));
  CHECK_FALSE(late.usage);
  late.read(message_delta("end_turn", R"({"input_tokens":12,"output_tokens":3})"));
  CHECK(late.usage.value().total_tokens == 15);

  Answer named;
  named.read(message_delta("end_turn", R"({"prompt_tokens":12,"cached_tokens":8,"output_tokens":3})"));
  CHECK(named.usage.value().prompt_tokens == 12);
  CHECK(named.usage.value().cached_tokens == 8);

  Answer odd;
  odd.read(message_delta("end_turn", R"({"input_tokens":9223372036854775807,"cache_read_input_tokens":-3,)"
                                     R"("cache_creation_input_tokens":"7","output_tokens":1e300})"));
  CHECK_FALSE(odd.usage);
  CHECK_FALSE(odd.malformed);
}

TEST_CASE("an error is one whatever stands around it") {
  for (const char* text :
       {R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})", R"({"error":{"message":"m"}})",
        R"({"type":"error"})", R"({"type":"message_stop","error":"m"})"}) {
    CAPTURE(std::string(text));
    Answer answer;
    CHECK(answer.read(text).has_error);
  }
  Answer answer;
  CHECK_FALSE(answer.read(R"({"type":"ping","error":null})").has_error);
  CHECK_FALSE(answer.read(R"({"type":"ping","error":{}})").has_error);
  CHECK(answer.read("{}", "error").has_error);
}

TEST_CASE("an end marker of the other protocol is ignored; what is no object is malformed") {
  Answer answer;
  answer.read(message_delta("end_turn", "{}"));
  answer.read("[DONE]");
  CHECK_FALSE(answer.malformed);
  CHECK_FALSE(answer.frame.ended);
  CHECK(answer.frame.choice.finish_reason.empty());
  for (const char* text :
       {"[]", "1", "", "{", R"({"type":"ping"} {})", R"({"type":"content_block_delta","delta":{"text":)",
        R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"\q"}})"}) {
    CAPTURE(std::string(text));
    Answer broken;
    CHECK(broken.read(text).malformed);
  }
}

TEST_CASE("text that had to be mended says so, and half a surrogate pair is left to be joined") {
  Answer answer;
  CHECK(answer.read(delta(0, "{\"type\":\"text_delta\",\"text\":\"a\xFF\"}")).mended);
  CHECK(answer.content == "a\xEF\xBF\xBD");
  CHECK_FALSE(answer.read(delta(0, R"({"type":"text_delta","text":"\ud83d"})")).mended);
  CHECK(answer.frame.choice.content == "\xED\xA0\xBD");
  CHECK(answer.frame.has_escapes);
}

TEST_CASE("a whole message is read in one go") {
  Answer answer;
  const wire::Frame& frame = answer.read(
      R"({"id":"m","type":"message","role":"assistant","model":"k","stop_reason":"tool_use","stop_sequence":null,)"
      R"("content":[{"type":"thinking","thinking":"a","signature":"s"},{"type":"redacted_thinking","data":"d"},)"
      R"({"type":"thinking","thinking":"b"},{"type":"text","text":"c"},{"type":"text","text":"d"},)"
      R"({"type":"tool_use","id":"t0","name":"f","input":{"x":1}},{"type":"tool_use","id":"t1","name":"g"},)"
      R"({"type":"hologram"}],"usage":{"input_tokens":4,"cache_read_input_tokens":8,"output_tokens":10}})");
  CHECK(frame.has_choices);
  CHECK(answer.id == "m");
  CHECK(answer.model == "k");
  CHECK(answer.reasoning == "ab");
  CHECK(answer.signature == "s");
  CHECK(answer.opaque == std::vector<std::string>{R"({"type":"redacted_thinking","data":"d"})"});
  CHECK(answer.content == "cd");
  CHECK(answer.finish == "tool_calls");
  REQUIRE(answer.calls.size() == 2);
  CHECK(answer.calls[0].id == "t0");
  CHECK(answer.calls[0].arguments == R"({"x":1})");
  CHECK(answer.calls[1].name == "g");
  CHECK(answer.calls[1].arguments == "{}");
  CHECK(answer.usage.value().prompt_tokens == 12);
  CHECK(answer.usage.value().total_tokens == 22);
}

TEST_CASE("a whole message without text has none, and one that is not an answer is no choice") {
  Answer answer;
  answer.read(R"({"type":"message","content":[],"stop_reason":"end_turn"})");
  CHECK_FALSE(answer.content);
  CHECK(answer.frame.has_choices);
  CHECK(answer.read(R"({"type":"message","content":[{"type":"text","text":""}]})").choice.content == "");
  CHECK_FALSE(answer.read(R"({"type":"message"})").has_choices);
  CHECK_FALSE(answer.read(R"({"object":"list","data":[]})").has_choices);
}
