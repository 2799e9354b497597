// How an answer is read, without a network: what counts as one, how it ends, its limits.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/golden.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

using Texts = std::vector<std::string>;

void check_whole(const Outcome& outcome) {
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.content == "Hello");
  CHECK(outcome.message.reasoning == "Well.");
  CHECK(outcome.message.finish_reason == "stop");
  CHECK(outcome.message.usage.value_or(ks::Usage{}).total_tokens == 7);
  CHECK(outcome.message.id == "chatcmpl-1");
  CHECK(outcome.message.model == "kimi-k2.6");
}

}  // namespace

TEST_CASE("a stream is read whatever its content type, where its first bytes are those of one") {
  for (const ks::Headers& headers :
       {ks::Headers{{"Content-Type", "text/event-stream"}},
        ks::Headers{{"content-type", "Text/Event-Stream; charset=windows-1252"}}, no_type,
        ks::Headers{{"Content-Type", "text/plain"}}, ks::Headers{{"Content-Type", "application/octet-stream"}}})
    for (const std::string before :
         Texts{"", ": hello\n\n", "\n\n", "\xEF\xBB\xBF", "event: message\n", "id: 1\n", "retry: 5\n"}) {
      CAPTURE(before);
      check_whole(stream_of({before + whole_stream()}, headers));
      check_whole(stream_of(bytes_of(before + whole_stream()), headers));
    }
}

TEST_CASE("a whole JSON body in answer to a stream is read as one") {
  for (const ks::Headers& headers : {json, no_type, ks::Headers{{"Content-Type", "text/plain"}},
                                     ks::Headers{{"Content-Type", "application/problem+json"}}})
    for (const std::string before : Texts{"", " \n\n ", "\xEF\xBB\xBF"}) {
      CAPTURE(before);
      check_whole(stream_of({before + whole_body()}, headers));
      check_whole(stream_of(bytes_of(before + whole_body()), headers));
    }
}

TEST_CASE("a stream that is labelled as JSON is read as one") {
  for (const std::string before : Texts{"", ": hello\n\n", "\xEF\xBB\xBF", "id: 1\n"}) {
    CAPTURE(before);
    check_whole(stream_of({before + whole_stream()}, json));
    check_whole(stream_of(bytes_of(before + whole_stream()), json));
  }
}

TEST_CASE("a stream without the names of its fields is read line by line") {
  std::string stream;
  for (const std::string& frame : {thinking("Well."), text("Hel"), text("lo"), finish("stop")}) stream += frame + "\n";
  for (const ks::Headers& headers : {json, no_type, ks::Headers{{"Content-Type", "text/event-stream"}}}) {
    const Outcome outcome = stream_of({stream}, headers);
    if (outcome.error) FAIL_CHECK(outcome.error->message);
    CHECK(outcome.message.content == "Hello");
    CHECK(outcome.message.finish_reason == "stop");
  }
}

TEST_CASE("the end of a stream is known by its finish reason, and nothing else stands for it") {
  const std::string start = sse(text("Hel")) + sse(text("lo"));
  Outcome outcome = stream_of({start + std::string(done)});
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
  REQUIRE(outcome.error->partial);
  CHECK(outcome.error->partial->content == "Hello");
  outcome = stream_of({start + sse(finish("stop"))});
  CHECK_FALSE(outcome.error);
  CHECK(outcome.message.content == "Hello");
  CHECK(outcome.warned("missing_end_marker"));
  outcome = stream_of({start});
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(outcome.error->retryable);
  REQUIRE(outcome.error->partial);
  CHECK(outcome.error->partial->content == "Hello");
  CHECK_FALSE(outcome.error->partial->finish_reason);
}

TEST_CASE("a stream cut at every byte is complete only behind its finish reason") {
  const std::string stream = sse(text("Hi")) + sse(finish("stop")) + std::string(done);
  const std::size_t whole =
      (sse(text("Hi")) + sse(finish("stop"))).size() - 2;  // the last event may lack its blank line
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    CAPTURE(size);
    const Outcome outcome = stream_of({stream.substr(0, size)});
    CHECK(outcome.error.has_value() == (size < whole));
    if (outcome.error)
      CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
    else
      CHECK(outcome.message.content == "Hi");
  }
}

TEST_CASE("a call that was cut keeps its raw arguments and is never complete") {
  const Outcome outcome = stream_of({sse(delta(
      R"("tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}])"))});
  REQUIRE(outcome.error);
  REQUIRE(outcome.error->partial);
  REQUIRE(outcome.error->partial->tool_calls.size() == 1);
  CHECK(outcome.error->partial->tool_calls[0].arguments == R"({"a":1})");
  CHECK_FALSE(outcome.error->partial->tool_calls[0].complete);
  for (const ks::Event& event : outcome.events) CHECK(type_of(event) != "tool_call");
}

TEST_CASE("nothing behind the end marker is read") {
  check_whole(stream_of({whole_stream() + "data: {broken\n\n" + sse(R"({"error":"late"})") + sse(text("more"))}));
  check_whole(stream_of({whole_stream(), "data: {broken\n\n"}));
}

TEST_CASE("a frame that is not JSON ends the stream with what had come") {
  const Outcome outcome = stream_of({sse(text("Hi")) + sse("{\"choices\":[{\"delta\":{\"content\":\"lo")});
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(outcome.error->type == "malformed_frame");
  REQUIRE(outcome.error->partial);
  CHECK(outcome.error->partial->content == "Hi");
}

TEST_CASE("garbage between the finish reason and the end does not undo a complete answer") {
  const Outcome outcome = stream_of({sse(text("Hi")) + sse(finish("stop")) + sse("{broken") + std::string(done)});
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.content == "Hi");
  CHECK_FALSE(outcome.message.warnings.empty());
}

TEST_CASE("events, bodies and refusals beyond their limits are errors, not memory") {
  const std::string block(1 << 20, 'x');
  Offline offline;
  offline.answer(Texts(70, block));
  offline.script->responses.back().blocks.front().insert(0, "data: ");
  offline.answer(Texts(20, block), 200, json);
  offline.answer(Texts(20, block), 500, json);
  offline.answer(Texts(20, block), 200, html);
  offline.answer(Texts(20, std::string(1 << 20, ' ')), 200, no_type);
  ks::ClientOptions options = offline.options();
  options.max_body_bytes = 4 << 20;
  ks::Client client(options);
  const auto play = [&] {
    ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
    return read_all(stream);
  };
  Outcome outcome = play();
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(says(outcome, "max_event_bytes"));
  CHECK_FALSE(outcome.error->retryable);
  outcome = play();
  CHECK(says(outcome, "max_body_bytes"));
  outcome = play();
  REQUIRE(outcome.error);
  CHECK(outcome.error->status_code == 500);
  CHECK(outcome.error->body.size() <= 64 * 1024);
  outcome = play();
  REQUIRE(outcome.error);
  CHECK(outcome.error->body.size() <= 64 * 1024);
  outcome = play();
  CHECK(outcome.error);
}

TEST_CASE("white space without end from a server that names no content type is refused at the limit") {
  Offline offline;
  offline.answer(Texts(20, std::string(1 << 20, ' ')), 200, no_type);
  offline.script->responses.back().never_ends = true;
  ks::ClientOptions options = offline.options();
  options.max_body_bytes = 4 << 20;
  options.timeout = std::chrono::seconds(2);
  ks::Client client(options);
  ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
  const Outcome outcome = read_all(stream);
  REQUIRE(outcome.error);
  CHECK((says(outcome, "max_body_bytes") || outcome.error->kind == ks::ErrorKind::timeout));
}

TEST_CASE("random streams give the same however they are chopped") {
  const Texts frames = {text("a"),
                        text("é🙂"),
                        text("<|tool_call_begin|>f:0<|tool_call_argument_begin|>{}<|tool_call_end|>"),
                        text("<|tool"),
                        thinking("b"),
                        delta(R"("content":"\ud83d")"),
                        delta(R"("content":"\ude00")"),
                        finish("stop"),
                        finish("abort"),
                        usage(1, 2),
                        delta(R"("tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}])"),
                        delta(R"("tool_calls":[{"index":0,"function":{"arguments":"}"}}])"),
                        R"({"error":"x"})",
                        "{broken",
                        "[DONE]",
                        "",
                        "{\"choices\":[{\"delta\":{\"content\":\"\xFF\"}}]}"};
  std::mt19937 random(8);
  std::uniform_int_distribution<std::size_t> count(0, 10), frame(0, frames.size() - 1), ending(0, 5);
  for (int round = 0; round < 1500; ++round) {
    std::string stream;
    for (std::size_t left = count(random); left > 0; --left)
      stream += "data: " + frames[frame(random)] +
                Texts{"\n\n", "\r\n\r\n", "\r\r", "\n", "\n: c\n\n", "\n\n"}[ending(random)];
    CAPTURE(stream);
    const Outcome whole = stream_of({stream}), pieces = stream_of(chopped(stream, random, 40));
    REQUIRE(pieces.events == whole.events);
    REQUIRE(pieces.message == whole.message);
    REQUIRE(pieces.error.has_value() == whole.error.has_value());
    if (whole.error) REQUIRE(pieces.error->message == whole.error->message);
    REQUIRE(is_utf8(whole.events));
  }
}
