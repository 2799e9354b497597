// Reading an answer by pulling.
#include "kimistream/stream.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using State = ks::Stream::State;
using std::chrono::milliseconds;

namespace {

/// A stream that says one text and then nothing, for ever.
Offline silent_after_text() {
  Offline offline;
  offline.answer({sse(text("Hi"))});
  offline.script->responses.back().never_ends = true;
  return offline;
}

}  // namespace

TEST_CASE("a stream is a range of events") {
  Offline offline;
  offline.answer({whole_stream()});
  ks::Client client = offline.client();
  std::vector<std::string> types;
  for (const ks::Event& event : client.stream(one_plus_one)) types.emplace_back(type_of(event));
  CHECK(types == std::vector<std::string>{"thinking", "text", "text", "finish", "usage"});
}

TEST_CASE("after the last event there is nothing, for ever") {
  Offline offline;
  offline.answer({whole_stream()});
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  while (stream.next()) continue;
  CHECK_FALSE(stream.next());
  CHECK_FALSE(stream.next());
  CHECK(stream.state() == State::ended);
  CHECK(stream.error() == nullptr);
}

TEST_CASE("the message reads to the end, the partial one does not wait") {
  Offline offline;
  offline.answer({sse(thinking("Hm")), sse(text("Hel")),
                  sse(text("lo")) + sse(finish("stop")) + sse(usage(3, 4)) + std::string(done)},
                 200, {{"Content-Type", "text/event-stream"}, {"Msh-Request-Id", "req-7"}});
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.status_code() == 200);
  CHECK(stream.request_id() == "req-7");
  CHECK(stream.headers().find("msh-request-id") == "req-7");
  CHECK_FALSE(stream.partial().content);
  CHECK_FALSE(stream.usage());
  CHECK(stream.next() == ks::Event(ks::Thinking{"Hm"}));
  CHECK(stream.partial().reasoning == "Hm");
  CHECK_FALSE(stream.partial().finish_reason);
  CHECK(stream.message().content == "Hello");
  CHECK(stream.message().request_id == "req-7");
  CHECK(stream.usage()->total_tokens == 7);
  CHECK_FALSE(stream.next());
}

TEST_CASE("a stream that was opened for chunks gives frames as they came") {
  Offline offline;
  const std::string frame =
      R"({"id":"x","choices":[{"index":0,"delta":{"content":"Hi","extra":1},"finish_reason":null}],"more":[]})";
  offline.answer({": c\n\n" + sse(frame) + sse(" ") + sse(finish("stop")) + sse(usage(1, 2)) + std::string(done)});
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one, ks::Shape::chunks);
  std::vector<ks::Chunk> chunks;
  while (auto chunk = stream.next_chunk()) chunks.push_back(*chunk);
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[0].json() == frame);
  CHECK(chunks[0].content == "Hi");
  CHECK(chunks[0].plain);
  CHECK(chunks[0].has_choices);
  CHECK(chunks[1].finish_reason == "stop");
  CHECK_FALSE(chunks[2].has_choices);
  CHECK(stream.message().content == "Hi");
  CHECK_FALSE(stream.next());
}

TEST_CASE("the chunk of a glued frame is the one that can be read") {
  Offline offline;
  offline.answer({sse(R"({"id":"chatcmpl-jQugNdata:)" + text("b")) + sse(finish("stop")) + std::string(done)});
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one, ks::Shape::chunks);
  const auto chunk = stream.next_chunk();
  REQUIRE(chunk);
  CHECK(chunk->json() == text("b"));
}

TEST_CASE("a stream of which the reader sees only the end of a wait keeps its clocks") {
  Offline offline = silent_after_text();
  ks::ClientOptions options = offline.options();
  options.timeout = milliseconds(60);
  ks::Client client(options);
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  const auto begin = std::chrono::steady_clock::now();
  while (stream.state() != State::failed && std::chrono::steady_clock::now() - begin < std::chrono::seconds(60))
    stream.wait(milliseconds(5));
  REQUIRE(stream.error());
  CHECK(stream.error()->kind == ks::ErrorKind::timeout);
}

TEST_CASE("a reader that was away does not find its stream timed out") {
  Offline offline;
  offline.answer({sse(text("a")), sse(text("b")) + sse(finish("stop")) + std::string(done)});
  ks::ClientOptions options = offline.options();
  options.timeout = milliseconds(50);
  ks::Client client(options);
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  std::this_thread::sleep_for(milliseconds(120));
  CHECK_NOTHROW((void)stream.message());
  CHECK(stream.message().content == "ab");
}

TEST_CASE("closing ends the answer; closing again, reading and waiting do no harm") {
  Offline offline = silent_after_text();
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  stream.close();
  stream.close();
  CHECK_FALSE(stream.next());
  CHECK(stream.wait(milliseconds(10)) == State::ended);
  CHECK(stream.partial().content == "Hi");
  CHECK_FALSE(stream.partial().finish_reason);
}

TEST_CASE("what was queued is gone after a close") {
  Offline offline;
  offline.answer({sse(text("a")) + sse(text("b")) + sse(text("c"))});
  offline.script->responses.back().never_ends = true;
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  stream.close();
  CHECK_FALSE(stream.next());
}

TEST_CASE("a close from another thread ends a wait") {
  Offline offline = silent_after_text();
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(20));
    stream.close();
  });
  CHECK_FALSE(stream.next());
  other.join();
  CHECK(stream.state() == State::ended);
}

TEST_CASE("a close from another thread may come at any moment") {
  std::string body;
  for (int i = 0; i < 2000; ++i) body += sse(text("x"));
  for (int round = 0; round < 40; ++round) {
    Offline offline;
    offline.answer({body, body, body});
    offline.script->responses.back().never_ends = true;
    ks::Client client = offline.client();
    ks::Stream stream = client.stream(one_plus_one);
    std::atomic<int> seen{0};
    std::thread other([&] {
      while (seen < round * 50) std::this_thread::yield();
      stream.close();
    });
    while (stream.next()) ++seen;
    other.join();
    CHECK(seen >= round * 50);
    CHECK_FALSE(stream.next());
  }
}

TEST_CASE("only one thread may wait on a stream") {
  Offline offline = silent_after_text();
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  std::thread other([&] { (void)stream.next(); });
  while (!stream.busy()) std::this_thread::yield();
  CHECK_THROWS_AS(stream.wait(milliseconds(1)), ks::Exception);
  stream.close();
  other.join();
}

TEST_CASE("a stream outlives its client and can be moved") {
  Offline offline;
  offline.answer({sse(text("a")), sse(text("b")) + sse(finish("stop")) + std::string(done)});
  std::optional<ks::Client> client(offline.client());
  ks::Stream first = client->stream(one_plus_one);
  CHECK(first.next());
  ks::Stream second = std::move(first);
  client.reset();
  CHECK(second.message().content == "ab");
}

TEST_CASE("a silent server runs into the clock that was on") {
  const auto error_of = [](std::vector<std::string> blocks, bool json = false) {
    Offline offline;
    offline.answer(std::move(blocks), 200, {{"Content-Type", json ? "application/json" : "text/event-stream"}});
    offline.script->responses.back().never_ends = true;
    ks::ClientOptions options = offline.options();
    options.timeout = milliseconds(40);
    ks::Client client(options);
    ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
    const Outcome outcome = read_all(stream);
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind == ks::ErrorKind::timeout);
    CHECK(outcome.error->retryable);
    return *outcome.error;
  };
  CHECK(error_of({}).type == "first_event_timeout");
  CHECK(error_of({": ping\n\n", ": ping\n\n"}).type == "first_event_timeout");
  CHECK(error_of({sse(delta(R"("role":"assistant","content":"")"))}).type == "first_event_timeout");
  const ks::Error error = error_of({sse(text("Hi")), ": ping\n\n"});
  CHECK(error.type == "idle_timeout");
  REQUIRE(error.partial);
  CHECK(error.partial->content == "Hi");
  CHECK_FALSE(error_of({": ping\n\n"}).partial);
  error_of({"{\"choices\""}, true);
}

TEST_CASE("comments do not count as an answer's going on") {
  Offline offline;
  offline.answer({sse(text("Hi"))});
  for (int i = 0; i < 200'000; ++i) offline.script->responses.back().blocks.emplace_back(": ping\n\n");
  offline.script->responses.back().never_ends = true;
  ks::ClientOptions options = offline.options();
  options.timeout = milliseconds(20);
  ks::Client client(options);
  ks::Stream stream = client.stream(one_plus_one);
  const Outcome outcome = read_all(stream);
  REQUIRE(outcome.error);
  CHECK(outcome.error->type == "idle_timeout");
}

TEST_CASE("an error status whose body never ends is still that status") {
  Offline offline;
  offline.answer({R"({"error":{"message":"no such key"}})"}, 401, {{"Content-Type", "application/json"}});
  offline.script->responses.back().never_ends = true;
  ks::ClientOptions options = offline.options();
  options.timeout = milliseconds(40);
  ks::Client client(options);
  ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
  const Outcome outcome = read_all(stream);
  REQUIRE(outcome.error);
  CHECK(outcome.error->status_code == 401);
}

TEST_CASE("an end marker that never comes is waited for a short time only") {
  Offline offline;
  offline.answer({sse(text("Hi")) + sse(finish("stop")) + sse(usage(1, 2))});
  offline.script->responses.back().never_ends = true;
  ks::Client client = offline.client();  // its idle clock is minutes
  ks::Stream stream = client.stream(one_plus_one);
  const Outcome outcome = read_all(stream);
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.content == "Hi");
  CHECK(outcome.warned("missing_end_marker"));
}

TEST_CASE("a snapshot may be taken by another thread at any time") {
  Offline offline;
  std::vector<std::string> blocks;
  for (int i = 0; i < 500; ++i) blocks.push_back(sse(text("x")));
  blocks.push_back(sse(finish("stop")) + std::string(done));
  offline.answer(blocks);
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  std::atomic<bool> over{false};
  std::thread other([&] {
    std::size_t last = 0;
    while (!over) {
      const std::size_t size = stream.snapshot().text().size();
      CHECK(size >= last);
      last = size;
    }
  });
  while (stream.next()) continue;
  over = true;
  other.join();
  CHECK(stream.snapshot().text().size() == 500);
}

TEST_CASE("what was held back when a stream breaks is in the partial message, and no call in it is complete") {
  const std::string call = "<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|>";
  Offline offline;
  offline.answer({sse(text("So. " + call + " <")) + sse(R"({"error":{"message":"worker died","code":500}})")});
  ks::ClientOptions options = offline.options();
  options.provider = "vllm";
  ks::Request request = one_plus_one;
  request.tools.push_back({.name = "f"});
  ks::Client client(options);
  ks::Stream stream = client.start(request, true, ks::Shape::events);
  const Outcome outcome = read_all(stream);
  REQUIRE(outcome.error);
  REQUIRE(outcome.error->partial);
  CHECK(outcome.error->partial->content == "So.  <");
  REQUIRE(outcome.error->partial->tool_calls.size() == 1);
  CHECK(outcome.error->partial->tool_calls[0].name == "f");
  CHECK_FALSE(outcome.error->partial->tool_calls[0].complete);
}
