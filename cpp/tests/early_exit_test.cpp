// Leaving a stream early closes its connection at once; a slow reader holds up the server, not memory.
#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

/// Says a word and then waits for the client to go.
Script word_and_silence() { return stream_head().chunk(sse(text("Hello"))).wait_close(); }

struct Situation {
  FaultServer server;
  ks::Client client{options_for(server.base_url(word_and_silence()))};
};

}  // namespace

TEST_CASE("leaving a loop over a stream closes its connection") {
  Situation here;
  for (const ks::Event& event : here.client.stream(one_plus_one)) {
    CHECK(event == ks::Event(ks::Text{"Hello"}));
    break;
  }
  CHECK(here.server.wait_for_closes(1));
}

TEST_CASE("closing a stream closes its connection, while the stream lives on") {
  Situation here;
  ks::Stream stream = here.client.stream(one_plus_one);
  CHECK(stream.next());
  stream.close();
  CHECK(here.server.wait_for_closes(1));
  CHECK_FALSE(stream.next());
  CHECK(stream.partial().content == "Hello");
}

TEST_CASE("dropping a stream closes its connection, before its first event too") {
  Situation here;
  { ks::Stream stream = here.client.start(one_plus_one, true, ks::Shape::events); }
  {
    ks::Stream stream = here.client.stream(one_plus_one);
    CHECK(stream.next());
    stream = here.client.stream(one_plus_one);  // the first is dropped here
  }
  CHECK(here.server.wait_for_closes(2));
}

TEST_CASE("a close from another thread wakes a reader that waits") {
  Situation here;
  ks::Stream stream = here.client.stream(one_plus_one);
  CHECK(stream.next());
  std::thread other([&] {
    while (!stream.busy()) std::this_thread::yield();
    std::this_thread::sleep_for(milliseconds(20));
    stream.close();
  });
  CHECK_FALSE(stream.next());  // nothing else would end this
  other.join();
  CHECK(here.server.wait_for_closes(1));
}

TEST_CASE("a close from another thread ends the wait for a response head") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().wait_close())));
  ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
  std::thread other([&] {
    while (server.requests() == 0) std::this_thread::sleep_for(milliseconds(1));
    stream.close();
  });
  CHECK_FALSE(stream.next());
  other.join();
  CHECK(server.wait_for_closes(1));
}

TEST_CASE("an error frame closes the connection") {
  FaultServer server;
  ks::Client client(
      options_for(server.base_url(stream_head().chunk(sse(R"({"error":{"message":"m","code":500}})")).wait_close())));
  CHECK(read_stream(client).error);
  CHECK(server.wait_for_closes(1));
}

TEST_CASE("closing the client closes the connections that it kept, and it can go on") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames()))));
  CHECK_FALSE(read_stream(client).error);
  client.close();
  CHECK(server.wait_for_closes(1));
  CHECK_FALSE(read_stream(client).error);
  CHECK(server.connections() == 2);
}

TEST_CASE("a reader that stops taking stops the reading; what lies unread is bounded") {
  // 512 MiB in events of about 64 kB, many more than any buffer of the system takes.
  const std::string frame = sse(text(std::string(64 * 1024, 'x')));
  FaultServer server;
  const std::string url = server.base_url(stream_head().repeat_chunk(8192, frame).last_chunk());
  ks::Client client(options_for(url));
  for (const ks::Shape shape : {ks::Shape::events, ks::Shape::chunks}) {
    ks::Reactor reactor(client);
    ks::Stream stream = reactor.start(one_plus_one, true, shape);
    const std::size_t before = server.bytes_sent(url);
    std::size_t last = 0, sent = 1;
    for (int quiet = 0; quiet < 20; quiet = sent != 0 && sent == last ? quiet + 1 : 0) {
      last = server.bytes_sent(url) - before;
      for (int i = 0; i < 5; ++i) (void)reactor.pump(milliseconds(4));
      sent = server.bytes_sent(url) - before;
      REQUIRE(sent < (std::size_t{64} << 20));
    }
    CHECK(stream.state() == ks::Stream::State::ready);
    // Taking lets it go on.
    ks::Event event;
    ks::Chunk chunk;
    std::size_t taken = 0;
    while (taken < 2000) {
      while (stream.take(event) || stream.take(chunk)) ++taken;
      (void)reactor.pump(milliseconds(100));
      REQUIRE(stream.state() != ks::Stream::State::failed);
    }
    CHECK(server.bytes_sent(url) - before > sent);
  }
}
