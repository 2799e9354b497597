// From frames to events: what a stream's content may look like (tests.md T48 to T58, T70).
#include "wire/decoder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using namespace ks::testing;
using State = wire::Decoder::State;

namespace {

using Texts = std::vector<std::string>;

std::string tool_call(const std::string& arguments) {
  return delta(R"("tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":")" +
               arguments + "\"}}]");
}

}  // namespace

TEST_CASE("a stream gives thinking, text, usage and one finish, in order") {
  const Decoded decoded = decode({delta(R"("role":"assistant","content":"")"), thinking("Well."), text("Hel"),
                                  text("lo"), finish("stop"), usage(3, 4), "[DONE]"});
  const std::vector<ks::Event> expected = {ks::Thinking{"Well."}, ks::Text{"Hel"}, ks::Text{"lo"}, ks::Finish{"stop"},
                                           ks::Usage{.prompt_tokens = 3, .completion_tokens = 4, .total_tokens = 7}};
  CHECK(decoded.events == expected);
  CHECK(decoded.state == State::ended);
  CHECK(decoded.complete);
  CHECK(decoded.message.warnings.empty());
}

TEST_CASE("empty texts give no event, texts keep their white space") {
  const Decoded decoded = decode({delta(R"("role":"assistant","content":"")"), delta(R"("content":null)"),
                                  thinking(" The"), text(" a"), text(""), text("\n"), finish("stop"), "[DONE]"});
  CHECK(decoded.count("text") == 2);
  CHECK(decoded.message.content == " a\n");
  CHECK(decoded.message.reasoning == " The");
}

TEST_CASE("content that is empty beside reasoning does not break it up") {
  const Decoded decoded = decode({delta(R"("content":"","reasoning":"a","reasoning_details":[{"text":"a"}])"),
                                  delta(R"("content":"","reasoning":"b")"), text("c"), finish("stop"), "[DONE]"});
  CHECK(decoded.message.reasoning == "ab");
  CHECK(decoded.message.content == "c");
}

TEST_CASE("fragments come as they arrive, in any order of kinds") {
  const Decoded decoded = decode(
      {text("a"), thinking("b"), text("c"), tool_call("{}"), thinking("d"), text("e"), finish("tool_calls"), "[DONE]"});
  Texts order;
  for (const ks::Event& event : decoded.events) order.emplace_back(type_of(event));
  CHECK(order == Texts{"text", "thinking", "text", "tool_call_start", "tool_call_delta", "thinking", "text",
                       "tool_call", "finish", "notice"});
  CHECK(decoded.message.content == "ace");
  CHECK(decoded.message.reasoning == "bd");
}

TEST_CASE("usage may come anywhere and more than once; the larger counters stay") {
  const std::string in_choice =
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":3,"completion_tokens":4,"cached_tokens":2}}]})";
  Decoded decoded =
      decode({text("a"), in_choice,
              R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"cached_tokens":0}})", "[DONE]"});
  REQUIRE(decoded.message.usage);
  CHECK(decoded.message.usage->cached_tokens == 2);
  CHECK(decoded.count("usage") == 1);
  decoded =
      decode({R"({"choices":[{"delta":{"content":"a"}}],"usage":{"completion_tokens":1}})",
              R"({"choices":[{"delta":{"content":"b"}}],"usage":{"completion_tokens":2}})", finish("stop"), "[DONE]"});
  CHECK(decoded.message.usage->completion_tokens == 2);
}

TEST_CASE("usage that never comes is a warning") {
  CHECK(decode({text("a"), finish("stop"), "[DONE]"}).warned("missing_usage"));
  CHECK_FALSE(decode({text("a"), finish("stop"), usage(1, 1), "[DONE]"}).warned("missing_usage"));
}

TEST_CASE("a frame of usage alone, or of filter results, is no answer and no error") {
  const Decoded decoded =
      decode({R"({"choices":[],"prompt_filter_results":[{}]})", R"({"meta":{"usage":{"usd_spent":0.1}}})", text("a"),
              finish("stop"), usage(1, 1), "[DONE]"});
  CHECK(decoded.complete);
  CHECK(decoded.message.content == "a");
}

TEST_CASE("a finish reason counts once, from wherever it stands, and an empty one not at all") {
  const Decoded decoded =
      decode({delta(R"("content":"a")"), R"({"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":""}]})",
              R"({"choices":[{"index":0,"delta":{"content":"c"},"finish_reason":"length"}]})", finish("stop"),
              usage(1, 1), "[DONE]"});
  CHECK(decoded.message.content == "abc");
  CHECK(decoded.message.finish_reason == "length");
  CHECK(decoded.count("finish") == 1);
}

TEST_CASE("unknown finish reasons are passed on as they came") {
  CHECK(decode({text("a"), finish("content_filter"), "[DONE]"}).message.finish_reason == "content_filter");
  CHECK(decode({text("a"), finish("a_new_one"), "[DONE]"}).message.finish_reason == "a_new_one");
}

TEST_CASE("the finish reasons error and abort are errors") {
  for (const std::string reason : Texts{"error", "abort"}) {
    CAPTURE(reason);
    const Decoded decoded = decode({text("a"), finish(reason), "[DONE]"});
    CHECK(decoded.state == State::failed);
    CHECK_FALSE(decoded.unreadable);
    CHECK(decoded.message.content == "a");
    CHECK_FALSE(decoded.message.finish_reason);
  }
}

TEST_CASE("the end marker ends, with spaces or without, and only when it is all of the data") {
  for (const std::string marker : Texts{"[DONE]", " [DONE]", "[DONE] ", "[DONE]\n"}) {
    CAPTURE(marker);
    CHECK(decode({text("a"), finish("stop"), marker}).state == State::ended);
  }
  const Decoded decoded = decode({text("[DONE]"), text("data: [DONE]"), finish("stop"), "[DONE]"});
  CHECK(decoded.message.content == "[DONE]data: [DONE]");
}

TEST_CASE("a finish reason without an end marker is complete, with a warning") {
  const Decoded decoded = decode({text("a"), finish("stop"), usage(1, 1)});
  CHECK(decoded.complete);
  CHECK(decoded.warned("missing_end_marker"));
}

TEST_CASE("an end marker proves nothing: gateways of the one-api family send it after a cut as well") {
  for (const Texts& frames : {Texts{"[DONE]"}, Texts{text("a"), "[DONE]"}, Texts{tool_call("{}"), "[DONE]"}}) {
    const Decoded decoded = decode(frames);
    CHECK(decoded.state == State::cut);
    CHECK_FALSE(decoded.complete);
    CHECK_FALSE(decoded.message.finish_reason);
    for (const ks::ToolCall& call : decoded.message.tool_calls) CHECK_FALSE(call.complete);
  }
}

TEST_CASE("a blank finish reason behind an answer, with the end marker, is an end; what was cut is none") {
  const auto frame = [](const char* delta, const char* finish) {
    return R"({"choices":[{"index":0,"delta":)" + std::string(delta) + R"(,"finish_reason":)" + finish + "}]}";
  };
  for (const char* blank : {R"("")", R"(" ")"}) {
    const Decoded ended = decode({frame(R"({"content":"hi"})", blank), frame("{}", blank), "[DONE]"});
    CHECK(ended.complete);
    CHECK(ended.message.finish_reason == "stop");
    CHECK_FALSE(decode({frame(R"({"content":"hi"})", blank), "[DONE]"}).complete);  // such a gateway, cut
    CHECK_FALSE(decode({frame(R"({"role":"assistant","content":""})", blank), "[DONE]"}).complete);
    CHECK_FALSE(decode({frame(R"({"content":"hi"})", blank), frame("{}", blank)}).complete);
  }
  CHECK_FALSE(decode({frame(R"({"content":"hi"})", "null"), frame("{}", "null"), "[DONE]"}).complete);
}

TEST_CASE("Q36: Workers AI's native frames have no finish reasons: there the end marker is the end") {
  const Texts frames = {R"({"response":"he"})", R"({"response":"llo"})"};
  CHECK_FALSE(decode(frames, "cloudflare").complete);
  const Decoded decoded = decode({frames[0], frames[1], "[DONE]"}, "cloudflare");
  CHECK(decoded.complete);
  CHECK(decoded.message.content == "hello");
}

TEST_CASE("where a row says so, an end marker without a finish reason is complete, with a warning") {
  ks::Provider row = *ks::find_provider("moonshot");
  row.name = "test-marker-completes";
  row.end_marker_completes = true;
  ks::register_provider(row);
  const auto decode = [](const Texts& frames) { return ks::testing::decode(frames, "test-marker-completes"); };
  Decoded decoded = decode({text("a"), "[DONE]"});
  CHECK(decoded.complete);
  CHECK(decoded.message.finish_reason == "stop");
  CHECK(decoded.warned("missing_finish_reason"));
  decoded = decode({tool_call("{}"), "[DONE]"});
  CHECK(decoded.message.finish_reason == "tool_calls");
  decoded = decode({tool_call(R"({\"a\":)"), "[DONE]"});
  CHECK(decoded.message.finish_reason == "stop");  // Q8: tool_calls only when a call can be used
  CHECK(decoded.warned("invalid_arguments"));
}

TEST_CASE("neither a finish reason nor an end marker is not complete") {
  const Decoded decoded = decode({text("a"), usage(1, 1)});
  CHECK_FALSE(decoded.complete);
  CHECK(decoded.message.content == "a");
  CHECK_FALSE(decoded.message.finish_reason);
}

TEST_CASE("an answer that is only reasoning, or nothing, is warned of") {
  CHECK(decode({thinking("Hm"), finish("stop"), "[DONE]"}).warned("empty_answer"));
  CHECK(decode({finish("stop"), "[DONE]"}).warned("empty_answer"));
  CHECK(decode({thinking("Hm"), finish("length"), "[DONE]"}).warned("truncated_reasoning"));
  CHECK_FALSE(decode({text("a"), finish("stop"), "[DONE]"}).warned("empty_answer"));
  CHECK_FALSE(decode({tool_call("{}"), finish("tool_calls"), "[DONE]"}).warned("empty_answer"));
}

TEST_CASE("one of several choices is read, with a warning") {
  const Decoded decoded =
      decode({R"({"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"x"}}]})",
              R"({"choices":[{"index":1,"delta":{"content":"y"},"finish_reason":"stop"}]})",
              R"({"choices":[{"index":0,"delta":{"content":"b"}}]})", finish("length"), "[DONE]"});
  CHECK(decoded.message.content == "ab");
  CHECK(decoded.message.finish_reason == "length");
  CHECK(decoded.warned("other_choices"));
}

TEST_CASE("the first id and model count, however the later ones change") {
  wire::Decoder decoder(*ks::find_provider("moonshot"));
  std::vector<ks::Event> events;
  decoder.feed(R"({"id":"","choices":[]})", "message", events);
  decoder.feed(R"({"id":"first","model":"m","choices":[]})", "message", events);
  decoder.feed(R"({"id":"second","model":"n","choices":[]})", "message", events);
  CHECK(decoder.id() == "first");
  CHECK(decoder.model() == "m");
}

TEST_CASE("halves of a surrogate pair in two fragments are joined, lone ones replaced") {
  const Decoded decoded =
      decode({delta(R"("content":"a\ud83d")"), delta(R"("content":"\ude00b\ud83d")"), delta(R"("content":"c")"),
              delta(R"("reasoning_content":"x\ud83d")"), delta(R"("content":"\ude00")"), finish("stop"), "[DONE]"});
  CHECK(decoded.message.content ==
        "a😀b\xEF\xBF\xBD"
        "c\xEF\xBF\xBD");
  CHECK(decoded.message.reasoning == "x\xEF\xBF\xBD");
  CHECK(is_utf8(decoded.events));
}

TEST_CASE("NUL, control characters and big fragments are text") {
  using namespace std::string_literals;
  const std::string big(1 << 20, 'x');
  const Decoded decoded = decode(
      {delta(R"("content":"a\u0000b")"), delta("\"content\":\"raw\ttab\""), text(big), finish("stop"), "[DONE]"});
  CHECK(decoded.message.content == "a\0braw\ttab"s + big);
  CHECK(decoded.warned("mended_text"));
}

TEST_CASE("bytes that are not UTF-8 are replaced with one warning, and the answer goes on") {
  const Decoded decoded =
      decode({"{\"choices\":[{\"delta\":{\"content\":\"a\xFF\"}}]}",
              "{\"choices\":[{\"delta\":{\"content\":\"\xC3\"}}]}", text("b"), finish("stop"), usage(1, 1), "[DONE]"});
  CHECK(decoded.message.content ==
        "a\xEF\xBF\xBD\xEF\xBF\xBD"
        "b");
  CHECK(decoded.message.warnings.size() == 1);
}

TEST_CASE("an error frame fails, in every shape") {
  for (const std::string frame : Texts{
           R"({"error":{"message":"m","type":"server_error","code":null}})", R"({"error":"text"})",
           R"({"object":"error","message":"m"})",
           R"({"id":"x","error":{"code":502},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})",
           R"({"choices":[{"error":{"code":502}}]})"}) {
    CAPTURE(frame);
    const Decoded decoded = decode({text("a"), frame, text("b")});
    CHECK(decoded.state == State::failed);
    CHECK_FALSE(decoded.unreadable);
    CHECK(decoded.error_body == frame);
    CHECK(decoded.message.content == "a");
  }
}

TEST_CASE("an event of the type error fails, whatever it holds") {
  for (const std::string data :
       Texts{R"({"message":"m"})", R"({"type":"error","error":{"type":"overloaded_error"}})", "out of capacity"}) {
    CAPTURE(data);
    wire::Decoder decoder(*ks::find_provider("moonshot"));
    std::vector<ks::Event> events;
    CHECK(decoder.feed(data, "error", events) == State::failed);
    CHECK_FALSE(decoder.unreadable());
    CHECK(decoder.error_body() == data);
  }
}

TEST_CASE("a frame that is not JSON fails as unreadable") {
  for (const std::string frame : Texts{"{\"choices\":[", "{}}", "{\"choices\":[{\"delta\":{\"content\":\"\\x\"}}]}"}) {
    CAPTURE(frame);
    const Decoded decoded = decode({text("a"), frame});
    CHECK(decoded.state == State::failed);
    CHECK(decoded.unreadable);
    CHECK(decoded.message.content == "a");
  }
}

TEST_CASE("data that is not JSON at all is skipped, with one notice, and the last of it is kept") {
  wire::Decoder decoder(*ks::find_provider("moonshot"));
  std::vector<ks::Event> events;
  for (const std::string data : Texts{": OPENROUTER PROCESSING", text("a"), "hello", "[1]", "null", finish("stop")})
    CHECK(decoder.feed(data, "message", events) == State::open);
  CHECK(joined<ks::Text>(events) == "a");
  CHECK(std::count_if(events.begin(), events.end(), [](const ks::Event& event) {
          const auto* notice = std::get_if<ks::Notice>(&event);
          return notice && notice->code == "skipped_line";
        }) == 1);
  CHECK(decoder.skipped() == "null");
}

TEST_CASE("a failure is told without the word error, too, and what only looks like one is not") {
  for (const std::string frame :
       Texts{R"({"code":"workflow_error","message":"the worker died","details":"ValueError"})",
             R"({"code":500,"msg":"m"})", R"({"type":"server_error","message":"m"})", R"({"status":503,"message":"m"})",
             R"({"status":"failed","message":"m"})", R"({"success":false,"message":"m"})", R"({"detail":"m"})",
             R"({"detail":[{"msg":"m"}]})", R"({"error_code":336003,"error_msg":"m"})"}) {
    CAPTURE(frame);
    const Decoded decoded = decode({text("a"), frame, "[DONE]"}, "openai-compatible");
    CHECK(decoded.state == State::failed);
    CHECK_FALSE(decoded.unreadable);
    CHECK(decoded.error_body == frame);
  }
  for (const std::string frame :
       Texts{R"({"type":"ping"})", R"({"id":"x","status":"processing","code":0,"message":""})",
             R"({"status":"queued","message":"position 3"})", R"({"choices":[],"code":5,"message":"m"})",
             R"({"code":0,"message":"ok"})", R"({"success":true,"message":"ok"})"}) {
    CAPTURE(frame);
    CHECK(decode({text("a"), frame, finish("stop")}, "openai-compatible").complete);
  }
}

TEST_CASE("an error in an event that was left open is found on its line") {
  const std::string error = R"({"type":"error","error":{"type":"upstream_error","message":"m"}})";
  for (const std::string frame : Texts{"{\"id\":\"c\",\"choi\n" + error, "{\"id\n" + error + "\n[DONE]",
                                       "{\"id\n{\"object\":\"error\",\"message\":\"m\"}"}) {
    CAPTURE(frame);
    const Decoded decoded = decode({text("a"), frame});
    CHECK(decoded.state == State::failed);
    CHECK_FALSE(decoded.unreadable);
    CHECK(decoded.error_body.find("\"message\":\"m\"") != std::string::npos);
  }
  const Decoded decoded = decode({"{\"id\":\"c\n" + text("b"), finish("stop")});
  CHECK(decoded.message.content == "b");
  CHECK(decoded.warned("corrupt_frame"));
}

TEST_CASE("an answer that was broken off by the server is an error of the finish reason's name") {
  for (const std::string reason : Texts{"abort", "error"})
    CHECK(decode({text("a"), finish(reason)}).error_body.find("\"type\":\"" + reason + "\"") != std::string::npos);
}

TEST_CASE("behind a whole body may stand a stream's end marker, or a sentence behind an error") {
  CHECK(decode_body(whole_body() + "\n\ndata: [DONE]\n\n").message.content == "Hello");
  const Decoded decoded = decode_body(R"({"error":{"message":"m"}} Please look at this page.)");
  CHECK(decoded.error_body == R"({"error":{"message":"m"}})");
  CHECK(decode_body(whole_body() + " and more").unreadable);
}

TEST_CASE("of two frames that a gateway glued, the whole one is read, with a warning") {
  for (const std::string& glued :
       Texts{R"({"id":"chatcmpl-jQugNdata:)" + text("b"), R"({"id":"chatcmpl-jQugNdata: )" + text("b"),
             text("lost") + "data: " + text("b")}) {
    CAPTURE(glued);
    const Decoded decoded = decode({text("a"), glued, text("c"), finish("stop"), "[DONE]"});
    CHECK(decoded.message.content == "abc");
    CHECK(decoded.warned("corrupt_frame"));
  }
}

TEST_CASE("a glued frame may itself speak of data") {
  const Decoded decoded = decode({R"({"id":"x)"
                                  "data: " +
                                      text("use data: or data:{ in it"),
                                  finish("stop"), "[DONE]"});
  CHECK(decoded.message.content == "use data: or data:{ in it");
}

TEST_CASE("data that is empty or white space is a keep-alive") {
  const Decoded decoded = decode({"", " ", text("a"), "\n", finish("stop"), "[DONE]"});
  CHECK(decoded.message.content == "a");
  CHECK(decoded.state == State::ended);
}

TEST_CASE("the model's own tool tokens are read from text and reasoning, where the provider lets them leak") {
  const std::string markup =
      R"(<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"a":1}<|tool_call_end|><|tool_calls_section_end|>)";
  for (const bool in_text : {true, false}) {
    for (std::size_t size : {std::size_t{1}, std::size_t{7}, markup.size()}) {
      Texts frames = {in_text ? text("Hi") : thinking("Hi")};
      for (std::size_t at = 0; at < markup.size(); at += size)
        frames.push_back(in_text ? text(markup.substr(at, size)) : thinking(markup.substr(at, size)));
      frames.push_back(finish("stop"));
      const Decoded decoded = decode(frames, "vllm", offering());
      CHECK((in_text ? decoded.message.content : decoded.message.reasoning) == "Hi");
      REQUIRE(decoded.message.tool_calls.size() == 1);
      CHECK(decoded.message.tool_calls[0].name == "f");
      CHECK(decoded.message.tool_calls[0].arguments == R"({"a":1})");
      CHECK(decoded.message.finish_reason == "tool_calls");
      CHECK(decoded.warned("tool_markup_salvaged"));
    }
  }
  CHECK(decode({text(markup), finish("stop")}, "moonshot").message.content == markup);
}

TEST_CASE("two leaked calls with the same id are two calls") {
  const std::string call = R"(<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|>)";
  const Decoded decoded = decode({text(call + call), finish("stop")}, "vllm", offering());
  CHECK(decoded.message.tool_calls.size() == 2);
  for (const ks::ToolCall& each : decoded.message.tool_calls) CHECK(each.complete);
}

namespace {

std::string call_of(const std::string& header, const std::string& arguments) {
  return "<|tool_call_begin|>" + header + "<|tool_call_argument_begin|>" + arguments + "<|tool_call_end|>";
}
std::string body_of(const std::string& message, const std::string& reason = "stop") {
  return R"({"choices":[{"index":0,"message":{)" + message + R"(},"finish_reason":")" + reason + "\"}]}";
}

}  // namespace

TEST_CASE("markup is read only where something was offered") {
  const std::string markup = "So: " + call_of("functions.f:0", "{}");
  const Decoded decoded = decode({text(markup), finish("stop")}, "vllm");
  CHECK(decoded.message.content == markup);
  CHECK(decoded.message.tool_calls.empty());
  CHECK(decoded.message.finish_reason == "stop");
}

TEST_CASE("a call that came structured is not taken from the text as well, whichever comes first") {
  const std::string markup = call_of("functions.f:0", R"({"a": 1})");
  const std::string structured = tool_call(R"({\"a\":1})");
  for (const Texts& frames :
       {Texts{structured, text(markup), finish("tool_calls")}, Texts{text(markup), structured, finish("tool_calls")},
        Texts{thinking("So. " + markup), structured, finish("tool_calls")},
        Texts{structured, text("<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"), finish("tool_calls")},
        Texts{structured, text("<|tool_call_end|><|tool_calls_section_end|>"), finish("tool_calls")}}) {
    const Decoded decoded = decode(frames, "vllm", offering());
    REQUIRE(decoded.message.tool_calls.size() == 1);
    CHECK(decoded.message.tool_calls[0].id == "c");
    CHECK_FALSE(decoded.message.content);
    CHECK(decoded.warned("markup_removed"));
    CHECK_FALSE(decoded.warned("tool_markup_salvaged"));
  }
  const std::string other = call_of("functions.f:1", R"({"a":2})");
  CHECK(decode({structured, text(markup + other), finish("stop")}, "vllm", offering()).message.tool_calls.size() == 2);
}

TEST_CASE("an id without a name means the only function that its arguments fit") {
  const auto name = [](const std::string& id, const std::string& arguments) {
    const Decoded decoded = decode({text(call_of(id, arguments)), finish("stop")}, "vllm", offering());
    REQUIRE(decoded.message.tool_calls.size() == 1);
    CHECK(decoded.message.tool_calls[0].complete == !decoded.message.tool_calls[0].name.empty());
    return decoded.message.tool_calls[0].name;
  };
  CHECK(name("0", R"({"a":1})") == "f");
  CHECK(name("functions.:3", R"({"a":1})") == "f");
  CHECK(name("0", R"({"b":1})").empty());
  CHECK(name("", R"({"a":1})").empty());  // no id, no name
  CHECK(name("tools.f:0", R"({"a":1})") == "f");
}

TEST_CASE("a leaked call that was cut is not complete, whatever ends the answer") {
  const std::string begun = "<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>";
  for (const std::string& arguments : Texts{"", "{\"a\":", "{\"a\":1}"}) {
    CAPTURE(arguments);
    const Decoded cut = decode({text(begun + arguments), finish("length")}, "vllm", offering());
    REQUIRE(cut.message.tool_calls.size() == 1);
    CHECK_FALSE(cut.message.tool_calls[0].complete);
    CHECK(cut.message.tool_calls[0].arguments == arguments);
    CHECK(cut.warned("cut_call"));
    const Decoded broken = decode({text(begun + arguments)}, "vllm", offering());
    CHECK_FALSE(broken.complete);
    REQUIRE(broken.message.tool_calls.size() == 1);
    CHECK_FALSE(broken.message.tool_calls[0].complete);
  }
}

TEST_CASE("an answer that was markup alone is empty, and that is told") {
  for (const std::string& markup :
       Texts{"<|close|>message<|sep|>", "<|tool_calls_section_begin|>", "<|tool_call_begin|>"}) {
    CAPTURE(markup);
    const Decoded decoded = decode({text(markup), finish("stop")}, "vllm", offering());
    CHECK_FALSE(decoded.message.content);
    CHECK(decoded.warned("empty_answer"));
    CHECK(decoded.warned("markup_removed"));
    CHECK(decode({text(markup), finish("length")}, "vllm", offering()).warned("markup_removed"));
  }
}

TEST_CASE("K3's channels part reasoning and answer, in streams, in bodies and in the reasoning's key") {
  const std::string all =
      "<|open|>think<|sep|>so<|close|>think<|sep|><|open|>response<|sep|>Yes.<|close|>response<|sep|>";
  const std::string unopened = "so<|close|>think<|sep|><|open|>response<|sep|>Yes.";
  for (const Decoded& decoded :
       {decode({text(all), finish("stop")}, "vllm"), decode({thinking(unopened), finish("stop")}, "vllm"),
        decode({text(unopened), finish("stop")}, "ktransformers"),
        decode_body(body_of(R"("content":")" + all + '"'), "vllm"),
        decode_body(body_of(R"("content":null,"reasoning":")" + unopened + '"'), "vllm")}) {
    CHECK(decoded.message.reasoning == "so");
    CHECK(decoded.message.content == "Yes.");
    CHECK(decoded.message.warnings.size() > 0);
  }
}

TEST_CASE("calls of K3 come from content and from reasoning, and what nobody offered is left out") {
  const std::string call =
      R"(<|open|>tools<|sep|><|open|>call tool="f" index="1"<|sep|><|open|>argument key="a" type="number"<|sep|>1<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>)";
  for (const std::string& frame : Texts{text(call), thinking(call)}) {
    const Decoded decoded = decode({frame, finish("stop")}, "sglang", offering());
    REQUIRE(decoded.message.tool_calls.size() == 1);
    CHECK(decoded.message.tool_calls[0].id == "call_0");
    CHECK(decoded.message.tool_calls[0].arguments == R"({"a":1})");
    CHECK(decoded.message.finish_reason == "tool_calls");
    CHECK(decoded.message.warnings.size() == 3);  // read from the text; no end marker, no usage
  }
  const Decoded none = decode({text("No.<|close|>response<|sep|>" + call), finish("stop")}, "sglang");
  CHECK(none.message.content == "No.");
  CHECK(none.message.tool_calls.empty());
  CHECK(none.warned("call_not_offered"));
}

TEST_CASE("an opening tag at the beginning of the reasoning's key is nobody's") {
  for (const Texts& frames :
       {Texts{thinking("<think>so <think>")}, Texts{thinking("<th"), thinking("ink>so <think>")}}) {
    Texts all = frames;
    all.push_back(text("Yes."));
    all.push_back(finish("stop"));
    const Decoded decoded = decode(all, "vllm");
    CHECK(decoded.message.reasoning == "so <think>");
    CHECK(decoded.message.content == "Yes.");
    CHECK(decoded.warned("markup_removed"));
    CHECK(decode(all, "moonshot").message.reasoning == "<think>so <think>");
  }
  CHECK(decode({thinking("<thi"), finish("stop")}, "vllm").message.reasoning == "<thi");
}

TEST_CASE("the other protocol's texts are read for markup as well") {
  ks::Provider row = *ks::find_provider("moonshot-anthropic");
  row.salvages_tool_markup = true;
  wire::Decoder decoder(row, true, offering());
  std::vector<ks::Event> events;
  decoder.feed_body(R"({"type":"message","role":"assistant","content":[{"type":"text","text":"Hm. )" +
                        call_of("functions.f:0", "{}") + R"("}],"stop_reason":"end_turn"})",
                    events);
  ks::Accumulator accumulator;
  for (const ks::Event& event : events) accumulator.add(event);
  CHECK(accumulator.message().content == "Hm. ");
  REQUIRE(accumulator.message().tool_calls.size() == 1);
  CHECK(accumulator.message().tool_calls[0].complete);
  CHECK(accumulator.message().finish_reason == "tool_calls");
}
