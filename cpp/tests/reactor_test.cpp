// Many streams on one descriptor: who is told of what, clocks, and closes from wherever they come.
#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

/// One stream whose reader waits on the reactor's descriptor alone, as an event loop does.
class Waiting {
 public:
  explicit Waiting(const Script& script, int max_retries = 0, const ks::Request& request = one_plus_one)
      : client_(options_for(server.base_url(script), max_retries)),
        reactor_(client_),
        stream(reactor_.start(request, true, ks::Shape::events)) {
    stream.set_tag(this);
  }

  /// Pumps whenever the descriptor asks for it. @return whether it did within the time
  bool turn(int milliseconds) {
    ::pollfd polled{reactor_.descriptor(), POLLIN, 0};
    if (::poll(&polled, 1, milliseconds) != 1) return false;
    const auto tags = reactor_.pump();
    named = std::find(tags.begin(), tags.end(), this) != tags.end();
    while (stream.take(event_)) ++events;
    return true;
  }

  /// Till nothing is due any more, no timer of libcurl either. That the server has read what was sent makes nothing
  /// readable here, so it is asked now and then.
  template <class Condition>
  void fall_silent(Condition&& condition) {
    for (int left = 1000; !condition(); --left) {
      REQUIRE(left > 0);
      (void)turn(20);
    }
    while (turn(500)) continue;
    named = false;
  }

  /// What a reader sees after a close: it is woken, and it is the end.
  void check_woken() {
    while (!named) REQUIRE(turn(20'000));
    CHECK(stream.state() == ks::Stream::State::ended);
    CHECK_FALSE(stream.next());
    CHECK(server.wait_for_closes(1));
  }

  FaultServer server;

 private:
  ks::Client client_;
  ks::Reactor reactor_;
  ks::Event event_;

 public:
  ks::Stream stream;
  int events = 0;
  bool named = false;
};

/// Ends the stream on this thread or on another.
void close(ks::Stream& stream, bool elsewhere) {
  if (!elsewhere) return stream.close();
  std::thread other([&] { stream.close(); });
  other.join();
}

/// More than any connection takes at once.
struct Endless final : ks::BodySource {
  [[nodiscard]] std::uint64_t size() const override { return std::uint64_t{1} << 40; }
  bool rewind() override { return true; }
  std::size_t read(char* to, std::size_t capacity) override {
    std::fill_n(to, capacity, 'x');
    return capacity;
  }
};

}  // namespace

TEST_CASE("a close wakes whoever waits on the descriptor, from this thread and from others") {
  for (const bool elsewhere : {false, true}) {
    CAPTURE(elsewhere);
    Waiting reader(stream_head().chunk(sse(text("Hello"))).wait_close());
    reader.fall_silent([&] { return reader.events > 0; });
    close(reader.stream, elsewhere);
    reader.check_woken();
    CHECK(reader.stream.partial().content == "Hello");
  }
}

TEST_CASE("a close wakes whoever waits for the response head") {
  for (const bool elsewhere : {false, true}) {
    CAPTURE(elsewhere);
    Waiting reader(Script().wait_close());
    reader.fall_silent([&] { return reader.server.requests() == 1; });
    close(reader.stream, elsewhere);
    reader.check_woken();
  }
}

TEST_CASE("a close ends the pause before a retry") {
  for (const bool elsewhere : {false, true}) {
    CAPTURE(elsewhere);
    Waiting reader(Script().json(503, "{}", {{"retry-after", "30"}}), 1);
    reader.fall_silent([&] { return reader.named; });
    CHECK(reader.stream.state() == ks::Stream::State::opening);
    close(reader.stream, elsewhere);
    while (!reader.named) REQUIRE(reader.turn(20'000));
    CHECK(reader.stream.state() == ks::Stream::State::ended);
    CHECK(reader.server.requests() == 1);
  }
}

TEST_CASE("a close ends an upload") {
  for (const bool elsewhere : {false, true}) {
    CAPTURE(elsewhere);
    FaultServer server;
    ks::Client client(options_for(server.base_url(Script().read_nothing().wait_close())));
    ks::Reactor reactor(client);
    auto body = std::make_shared<ks::Body>();
    body->segments.push_back({.source = std::make_shared<Endless>()});
    std::uint64_t sent = 0;
    ks::Stream stream = reactor.start(
        {.path = "/files", .method = "POST", .body = body, .on_upload = [&](std::uint64_t now, std::uint64_t) {
           sent = now;
         }});
    stream.set_tag(&stream);
    ::pollfd polled{reactor.descriptor(), POLLIN, 0};
    while (::poll(&polled, 1, sent > 0 ? 500 : 20'000) == 1) (void)reactor.pump();
    REQUIRE(sent > 0);  // and the connection is full
    close(stream, elsewhere);
    REQUIRE(::poll(&polled, 1, 20'000) == 1);
    const auto tags = reactor.pump();
    CHECK(std::find(tags.begin(), tags.end(), &stream) != tags.end());
    CHECK(stream.state() == ks::Stream::State::ended);
  }
}

TEST_CASE("a close by another thread of a stream that is gone is forgotten") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().wait_close())));
  ks::Reactor reactor(client);
  {
    ks::Stream stream = reactor.start(one_plus_one, true, ks::Shape::events);
    close(stream, true);
  }
  CHECK(reactor.pump(milliseconds(100)).empty());
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
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
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
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
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

TEST_CASE("what had come to many streams while nobody drove them is not late") {
  FaultServer server;
  constexpr int many = 600;  // more than one look tells of
  const auto attempt = [&](milliseconds limit) {
    const std::string url = server.base_url(stream_head()
                                                .chunk(sse(text("a")))
                                                .gate()
                                                .chunk(sse(text("b")))
                                                .chunk(sse(finish("stop")))
                                                .chunk(done)
                                                .last_chunk());
    ks::ClientOptions options = options_for(url);
    options.timeout = ks::Timeout{.idle = limit};
    ks::Client client(options);
    ks::Reactor reactor(client);
    std::vector<ks::Stream> streams;
    for (int i = 0; i < many; ++i) streams.push_back(reactor.start(one_plus_one, true, ks::Shape::events));
    const auto all = [&](auto condition) { return std::all_of(streams.begin(), streams.end(), condition); };
    while (!all([](const ks::Stream& stream) { return stream.partial().text() == "a" || stream.error(); }))
      (void)reactor.pump(milliseconds(100));
    server.open(url, many);
    std::this_thread::sleep_for(limit + limit / 2);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto over = [](const ks::Stream& stream) { return stream.partial().finish_reason || stream.error(); };
    while (!all(over) && std::chrono::steady_clock::now() < give_up) (void)reactor.pump(milliseconds(100));
    return std::count_if(streams.begin(), streams.end(), [](const ks::Stream& stream) { return stream.error(); });
  };
  CHECK(with_patience(milliseconds(500), attempt, [](auto failed) { return failed == 0; }) == 0);
}
