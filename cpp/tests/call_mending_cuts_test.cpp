// Streams that are cut at every byte, and what becomes of them: as they are, asked for anew, gone on with.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/accumulator.hpp"
#include "support/answers.hpp"
#include "support/play.hpp"
#include "white.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::OnBreak;
using ks::json::Tree;

namespace {

/// What the model has to say, and the stream that says it.
struct Answer {
  const char* name;
  std::string reasoning, content;
  std::string stream;
};

/// One frame for each few characters.
std::string texts(std::string_view said, std::size_t step, std::string (*frame)(std::string_view)) {
  std::string body;
  while (!said.empty()) {
    std::size_t size = std::min(step, said.size());
    while (size < said.size() && (said[size] & 0xC0) == 0x80) ++size;
    body += sse(frame(said.substr(0, size)));
    said.remove_prefix(size);
  }
  return body;
}

std::string stop(const char* reason = "stop") { return sse(finish(reason)) + sse(usage(5, 6)) + std::string(done); }

const std::string thoughts = "Two lines,\n\nand \xF0\x9F\x90\xB6.";
const std::string prose =
    "Here:\n\n```python\ndef f():\n    return 1\n```\n  \xE4\xBD\xA0\xE5\xA5\xBD, "
    "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA7! "
    "And so on, and so on.";

std::vector<Answer> answers() {
  const std::string call =
      sse(delta(R"("tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}])")) +
      sse(delta(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}])")) +
      sse(delta(R"("tool_calls":[{"index":0,"function":{"arguments":":1}"}}])"));
  return {{"a thinking answer", thoughts, "Hello there.",
           texts(thoughts, 9, thinking) + texts("Hello there.", 5, text) + stop()},
          {"a call", "", "I ask.", texts("I ask.", 3, text) + call + stop("tool_calls")},
          {"a long text", "", prose, texts(prose, 7, text) + stop()}};
}

/// Cut behind that many bytes, by a reset or a clean end, then these answers.
Outcome play(OnBreak on_break, const std::string& stream, std::size_t size, bool resets,
             const std::vector<std::string>& then, std::vector<ks::HttpRequest>* requests = nullptr) {
  Offline offline;
  offline.answer({stream.substr(0, size)});
  if (resets) offline.script->responses.back().error = reset();
  for (const std::string& answer : then) offline.answer({answer});
  ks::ClientOptions options = offline.options();
  options.on_break = on_break;
  ks::Client client(options);
  ks::Stream reading = client.start(one_plus_one, true, ks::Shape::events);
  Outcome outcome = read_all(reading);
  if (requests) *requests = offline.script->requests;
  return outcome;
}

void check_whole(const Outcome& outcome, const Answer& answer) {
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.text() == answer.content);
  CHECK(outcome.message.reasoning.value_or("") == answer.reasoning);
  CHECK(count(outcome, "finish") == 1);
  ks::Accumulator heeding;  // what a reader has who heeds Restarted
  for (const ks::Event& event : outcome.events) heeding.add(event);
  CHECK(heeding.message().text() == answer.content);
  CHECK(heeding.message().reasoning.value_or("") == answer.reasoning);
  CHECK(heeding.message().tool_calls == outcome.message.tool_calls);
}

}  // namespace

TEST_CASE("cut at every byte: raise gives exactly what had come, restart and continue the whole") {
  for (const Answer& answer : answers())
    for (const bool resets : {false, true})
      for (std::size_t size = 0; size <= answer.stream.size(); ++size) {
        CAPTURE(answer.name);
        CAPTURE(size);
        const Outcome raised = play(OnBreak::raise, answer.stream, size, resets, {});
        if (!raised.error) {  // cut behind the finish reason
          check_whole(raised, answer);
          continue;
        }
        const ks::Message nothing;
        const ks::Message& partial = raised.error->partial ? *raised.error->partial : nothing;
        CHECK(std::string_view(answer.content).starts_with(partial.text()));
        CHECK(std::string_view(answer.reasoning).starts_with(partial.reasoning.value_or("")));
        CHECK(joined<ks::Text>(raised.events) == partial.text());
        for (const ks::ToolCall& call : partial.tool_calls) CHECK_FALSE(call.complete);
        const bool began = partial.content || partial.reasoning || !partial.tool_calls.empty();

        Outcome outcome = play(OnBreak::restart, answer.stream, size, resets, {answer.stream});
        if (!began) {  // a retry's business
          CHECK(outcome.error);
          continue;
        }
        check_whole(outcome, answer);
        CHECK(count(outcome, "restarted") == 1);
        CHECK(outcome.message.resumed == 1);

        const std::string prefix(ks::without_white_end(partial.text()));
        const bool goes_on = !prefix.empty() && partial.tool_calls.empty();
        const std::string rest =
            goes_on ? texts(std::string_view(answer.content).substr(prefix.size()), 4, text) + stop() : answer.stream;
        std::vector<ks::HttpRequest> requests;
        // What had come is all of a text before a call: the model is not asked for the call again in this play.
        outcome = play(OnBreak::continue_, answer.stream, size, resets, {rest}, &requests);
        check_whole(outcome, answer);
        CHECK(count(outcome, "restarted") == (goes_on ? 0 : 1));
        CHECK(outcome.message.resumed == 1);
        REQUIRE(requests.size() == 2);
        const Tree body = Tree::parse(requests[1].body->segments.at(0).text);
        const Tree& last = body.find("messages")->items().back();
        CHECK(last.text_of("content") == (goes_on ? prefix : "1+1?"));
        for (const ks::ToolCall& call : outcome.message.tool_calls) CHECK(call.complete);
      }
}

TEST_CASE("cut twice: the continuation is cut at every byte as well") {
  const std::string content = prose;
  const std::string first = texts(content, 7, text);
  const Outcome partial = play(OnBreak::raise, first, first.size() / 2, true, {});
  const std::string_view rest = std::string_view(content).substr(ks::without_white_end(partial.message.text()).size());
  const std::string second = texts(rest, 5, text) + stop();
  for (std::size_t size = 0; size < second.size(); ++size) {
    CAPTURE(size);
    const Outcome raised = play(OnBreak::raise, second, size, true, {});
    if (!raised.error || raised.message.text().empty()) continue;
    // Where all of it is white space that had been shown, the prefix stays what it was.
    const std::string_view said = ks::without_white_end(raised.message.text());
    Offline offline;
    for (const std::string& body : {first.substr(0, first.size() / 2), second.substr(0, size)}) {
      offline.answer({body});
      offline.script->responses.back().error = reset();
    }
    offline.answer({texts(rest.substr(said.size()), 5, text) + stop()});
    ks::ClientOptions options = offline.options();
    options.on_break = OnBreak::continue_;
    ks::Client client(options);
    ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
    const Outcome outcome = read_all(stream);
    if (outcome.error) FAIL_CHECK(outcome.error->message);
    CHECK(outcome.message.text() == content);
    CHECK(joined<ks::Text>(outcome.events) == content);
    CHECK(outcome.message.resumed == 2);
  }
}

TEST_CASE("cut at every byte in the OpenAI shape: the chunks of both attempts say the whole, once") {
  const std::string stream = texts(prose, 7, text) + stop();
  for (std::size_t size = 0; size < stream.size(); ++size) {
    CAPTURE(size);
    const Outcome raised = play(OnBreak::raise, stream, size, true, {});
    if (!raised.error || raised.message.text().empty()) continue;
    const std::string_view prefix = ks::without_white_end(raised.message.text());
    Offline offline;
    offline.answer({stream.substr(0, size)});
    offline.script->responses.back().error = reset();
    offline.answer({texts(std::string_view(prose).substr(prefix.size()), 4, text) + stop()});
    ks::ClientOptions options = offline.options();
    options.on_break = OnBreak::continue_;
    ks::Client client(options);
    ks::Stream reading = client.start(one_plus_one, true, ks::Shape::chunks);
    std::string said, ends;
    while (const auto chunk = reading.next_chunk()) {
      said += chunk->content.value_or("");
      ends += chunk->finish_reason;
      const Tree frame = Tree::parse(chunk->json());
      if (const Tree* choices = frame.find("choices"); choices && !choices->items().empty())
        CHECK(choices->items()[0].find("delta")->text_of("content") == chunk->content.value_or(""));
    }
    CHECK(said == prose);
    CHECK(ends == "stop");
    CHECK(reading.partial().content == prose);
  }
}

TEST_CASE("cut at every byte by the messages protocol") {
  const auto event = [](std::string_view type, const std::string& rest) {
    return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"" + rest + "}\n\n";
  };
  const auto block = [&](std::string_view said, std::string_view kind, int index) {
    std::string body =
        event("content_block_start", R"(,"index":)" + std::to_string(index) + R"(,"content_block":{"type":")" +
                                         std::string(kind) + R"(",")" + std::string(kind) + R"(":""})");
    for (std::size_t at = 0; at < said.size(); at += 4) {
      std::string piece;
      Tree::string(said.substr(at, 4)).write(piece);
      body += event("content_block_delta", R"(,"index":)" + std::to_string(index) + R"(,"delta":{"type":")" +
                                               std::string(kind) + R"(_delta",")" + std::string(kind) + R"(":)" +
                                               piece + "}");
    }
    return body + event("content_block_stop", R"(,"index":)" + std::to_string(index));
  };
  const std::string begin = event(
      "message_start", R"(,"message":{"id":"msg_1","model":"kimi-k2.6","usage":{"input_tokens":7,"output_tokens":1}})");
  const std::string end = event("message_delta", R"(,"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9})") +
                          event("message_stop", "");
  const Answer answer{"", "Let me see.", "One. Two, and three.", ""};
  const std::string stream = begin + block(answer.reasoning, "thinking", 0) + block(answer.content, "text", 1) + end;
  for (std::size_t size = 0; size < stream.size(); ++size) {
    CAPTURE(size);
    Offline offline;
    const auto ask = [&](OnBreak on_break, const std::string& then) {
      offline.script->responses.clear();
      offline.answer({stream.substr(0, size)});
      offline.script->responses.back().error = reset();
      offline.answer({then});
      ks::ClientOptions options = offline.options();
      options.provider = "moonshot-anthropic";
      options.on_break = on_break;
      ks::Client client(options);
      ks::Stream reading = client.start(one_plus_one, true, ks::Shape::events);
      return read_all(reading);
    };
    const Outcome raised = ask(OnBreak::raise, "");
    if (!raised.error || !raised.error->partial) continue;
    const std::string_view prefix = ks::without_white_end(raised.message.text());
    const Outcome outcome =
        ask(OnBreak::continue_,
            prefix.empty() ? stream
                           : begin + block(std::string_view(answer.content).substr(prefix.size()), "text", 0) + end);
    check_whole(outcome, answer);
    CHECK(outcome.message.resumed == 1);
    CHECK(outcome.message.usage.value_or(ks::Usage{}).prompt_tokens == 14);
    CHECK(outcome.message.id == "msg_1");
    CHECK(count(outcome, "restarted") == (prefix.empty() && !raised.message.reasoning.value_or("").empty() ? 1 : 0));
  }
}
