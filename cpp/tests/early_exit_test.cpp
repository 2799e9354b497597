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
  CHECK(here.server.wait_for_closes(1, milliseconds(5000)));
}

TEST_CASE("closing a stream closes its connection, while the stream lives on") {
  Situation here;
  ks::Stream stream = here.client.stream(one_plus_one);
  CHECK(stream.next());
  stream.close();
  CHECK(here.server.wait_for_closes(1, milliseconds(5000)));
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
  CHECK(here.server.wait_for_closes(2, milliseconds(5000)));
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
  CHECK(here.server.wait_for_closes(1, milliseconds(5000)));
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
  CHECK(server.wait_for_closes(1, milliseconds(5000)));
}

TEST_CASE("an error frame closes the connection") {
  FaultServer server;
  ks::Client client(
      options_for(server.base_url(stream_head().chunk(sse(R"({"error":{"message":"m","code":500}})")).wait_close())));
  CHECK(read_stream(client).error);
  CHECK(server.wait_for_closes(1, milliseconds(5000)));
}

TEST_CASE("closing the client closes the connections that it kept, and it can go on") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames()))));
  CHECK_FALSE(read_stream(client).error);
  client.close();
  CHECK(server.wait_for_closes(1, milliseconds(5000)));
  CHECK_FALSE(read_stream(client).error);
  CHECK(server.connections() == 2);
}

TEST_CASE("many streams on one reactor are each told of") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames(), 2))));
  ks::Reactor reactor(client);
  struct Reader {
    std::optional<ks::Stream> stream;
    int events = 0;
    bool over = false;
  };
  std::vector<Reader> readers(50);
  for (Reader& reader : readers) {
    reader.stream.emplace(reactor.start(one_plus_one, true, ks::Shape::events));
    reader.stream->set_tag(&reader);
  }
  std::size_t over = 0;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (over < readers.size() && std::chrono::steady_clock::now() < give_up) {
    ::pollfd polled{reactor.descriptor(), POLLIN, 0};
    ::poll(&polled, 1, 1000);
    for (void* tag : reactor.pump()) {
      auto* reader = static_cast<Reader*>(tag);
      if (!reader) continue;
      ks::Event event;
      while (reader->stream->take(event)) ++reader->events;
      if (!reader->over && reader->stream->state() == ks::Stream::State::ended) {
        reader->over = true;
        ++over;
      }
    }
  }
  CHECK(over == readers.size());
  for (const Reader& reader : readers) CHECK(reader.events == 4);
}

TEST_CASE("streams of a reactor may be dropped while it tells of others, and may outlive it") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames()))));
  std::optional<ks::Stream> survivor;
  {
    ks::Reactor reactor(client);
    std::vector<std::unique_ptr<ks::Stream>> streams;
    for (int i = 0; i < 30; ++i) {
      streams.push_back(std::make_unique<ks::Stream>(reactor.start(one_plus_one, true, ks::Shape::events)));
      streams.back()->set_tag(streams.back().get());
    }
    survivor.emplace(reactor.start(one_plus_one, true, ks::Shape::events));
    while (!streams.empty())
      for (void* tag : reactor.pump(milliseconds(1000)))
        if (tag)
          std::erase_if(streams, [&](const auto& stream) {
            return stream.get() == tag || stream.get() == streams.front().get();
          });
  }
  CHECK((survivor->state() == ks::Stream::State::ended || survivor->state() == ks::Stream::State::ready));
}

TEST_CASE("a reactor's clocks and retries run while it is pumped") {
  FaultServer server;
  const std::string stalls = server.base_url(Script().stall());
  Script flaky = Script().json(503, "{}", {{"retry-after-ms", "20"}});
  flaky.attempt().event_stream(whole_frames());
  const auto run = [&](ks::ClientOptions options) {
    ks::Client client(options);
    ks::Reactor reactor(client);
    ks::Stream stream = reactor.start(one_plus_one, true, ks::Shape::events);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    ks::Event event;
    while (std::chrono::steady_clock::now() < give_up) {
      ::pollfd polled{reactor.descriptor(), POLLIN, 0};
      ::poll(&polled, 1, 20'000);  // only the descriptor may wake this
      (void)reactor.pump();
      while (stream.take(event)) continue;
      const auto state = stream.state();
      if (state == ks::Stream::State::ended || state == ks::Stream::State::failed) return state;
    }
    return ks::Stream::State::waiting;
  };
  ks::ClientOptions options = options_for(stalls);
  options.timeout = milliseconds(100);
  CHECK(run(options) == ks::Stream::State::failed);
  CHECK(run(options_for(server.base_url(flaky), 1)) == ks::Stream::State::ended);
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
    for (int quiet = 0; quiet < 20; quiet = sent == last ? quiet + 1 : 0) {
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
