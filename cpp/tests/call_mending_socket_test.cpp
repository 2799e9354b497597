// Answers that are mended over real sockets: how connections break, silence, and a reader who goes away meanwhile.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::OnBreak;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

const Script::Headers event_stream = {{"Content-Type", "text/event-stream"}};

/// The rest of an answer that began with "Hello".
std::vector<std::string> rest_frames() {
  return {sse(text(" ")), sse(text("world")), sse(finish("stop")), sse(usage(3, 4)), std::string(done)};
}

ks::ClientOptions mending(const std::string& url, OnBreak on_break = OnBreak::continue_) {
  ks::ClientOptions options = options_for(url, 2);
  options.on_break = on_break;
  return options;
}

/// An error frame that asks for a pause that no test waits for.
Script busy_for_long() {
  return Script()
      .head(200, {{"Content-Type", "text/event-stream"}, {"Retry-After", "100"}}, true)
      .chunk(sse(text("Hello")))
      .chunk(sse(R"({"error":{"message":"busy","type":"engine_overloaded_error"}})"))
      .last_chunk()
      .keep();
}

}  // namespace

TEST_CASE("however a connection breaks, the answer is gone on with") {
  const std::string hello = Script::as_chunk(sse(text("Hello")));
  const std::string half = Script::as_chunk(sse(text(" world"))).substr(0, 20);
  const std::vector<Script> breaks = {
      Script(stream_head()).send(hello).reset(),
      Script(stream_head()).send(hello).close(),
      Script(stream_head()).send(hello + "1").close(),   // within a chunk's head
      Script(stream_head()).send(hello + half).reset(),  // and within its body
      Script(stream_head()).send(hello + half).close(),
      Script(stream_head()).send(hello).last_chunk().keep(),
      Script().head(200, event_stream).send(sse(text("Hello"))).close(),
      Script(stream_head()).send(hello + Script::as_chunk(std::string(done))).last_chunk().keep(),
  };
  for (const Script& script : breaks) {
    CAPTURE(script.text());
    FaultServer server;
    ks::Client client(mending(server.base_url(Script(script).attempt().event_stream(rest_frames()))));
    const Outcome outcome = read_stream(client);
    if (outcome.error) FAIL_CHECK(outcome.error->message);
    CHECK(outcome.message.content == "Hello world");
    CHECK(joined<ks::Text>(outcome.events) == "Hello world");
    CHECK(outcome.message.resumed == 1);
    CHECK(server.requests() == 2);
  }
}

TEST_CASE("a stream that falls silent is gone on with") {
  const auto attempt = [](milliseconds limit) {
    FaultServer server;
    ks::ClientOptions options = mending(
        server.base_url(stream_head().chunk(sse(text("Hello"))).wait_close().attempt().event_stream(rest_frames())));
    options.timeout = limit;
    ks::Client client(options);
    return read_stream(client);
  };
  const Outcome outcome = with_patience(milliseconds(200), attempt, [](const Outcome& seen) { return !seen.error; });
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.content == "Hello world");
  CHECK(outcome.message.resumed == 1);
}

TEST_CASE("a close from another thread ends the pause before the next attempt") {
  FaultServer server;
  ks::Client client(mending(server.base_url(busy_for_long())));
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  std::thread other([&] {
    while (!stream.busy()) std::this_thread::yield();
    stream.close();
  });
  CHECK_FALSE(stream.next());  // nothing else would end this for a hundred seconds
  other.join();
  CHECK(stream.partial().content == "Hello");
  CHECK(server.requests() == 1);
}

TEST_CASE("a close from another thread ends the pause on a reactor, too") {
  FaultServer server;
  ks::Client client(mending(server.base_url(busy_for_long())));
  ks::Reactor reactor(client);
  ks::Stream stream = reactor.start(one_plus_one, true, ks::Shape::events);
  stream.set_tag(&stream);
  while (stream.partial().text().empty()) reactor.pump(milliseconds(50));
  ks::Event event;
  while (stream.take(event)) continue;
  std::thread other([&] { stream.close(); });
  while (stream.state() != ks::Stream::State::ended) reactor.pump(milliseconds(50));
  other.join();
  CHECK(stream.partial().content == "Hello");
  CHECK(server.requests() == 1);
}

TEST_CASE("closing while a continuation comes closes its connection") {
  FaultServer server;
  ks::Client client(mending(server.base_url(stream_head()
                                                .chunk(sse(text("Hello")))
                                                .reset()
                                                .attempt()
                                                .head(200, event_stream, true)
                                                .chunk(sse(text(" world")))
                                                .wait_close())));
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  CHECK(stream.next());
  stream.close();
  CHECK(server.wait_for_closes(1));
  CHECK(stream.partial().content == "Hello world");
}

TEST_CASE("many answers at once are mended on one thread") {
  FaultServer server;
  ks::Client client(
      mending(server.base_url(
                  stream_head().chunk(sse(text("Hello"))).reset().attempt().event_stream(whole_frames("Hello world"))),
              OnBreak::restart));
  std::vector<ks::Request> requests(20, one_plus_one);
  std::size_t whole = 0;
  client.run_all(requests, [&](const ks::Result& result) {
    whole += result.message && result.message->content == "Hello world" && result.message->finish_reason == "stop";
  });
  CHECK(whole == requests.size());
}
