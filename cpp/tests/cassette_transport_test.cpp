// How a recorded exchange is played: as it went, and at once.
#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/cassettes.hpp"
#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::testing::Script;
using Mode = ks::CassetteMode;
using std::chrono::milliseconds;

namespace {

/// What a reader sees of the first answer, recorded and played.
struct Twice {
  Outcome recorded, played;
};

Twice twice(const Script& script, int max_retries = 0, const ks::Request& request = one_plus_one) {
  const Folder folder;
  FaultServer server;
  ks::ClientOptions options = options_for(server.base_url(script), max_retries);
  options.transport = ks::cassette_transport(folder.file(), Mode::record);
  Twice seen;
  {
    ks::Client client(options);
    seen.recorded = read_stream(client, request);
  }
  options.transport = ks::cassette_transport(folder.file(), Mode::replay);
  ks::Client client(options);
  seen.played = read_stream(client, request);
  return seen;
}

void check_same(const Twice& seen) {
  CHECK(seen.played.events == seen.recorded.events);
  CHECK(seen.played.message == seen.recorded.message);
  REQUIRE(seen.played.error.has_value() == seen.recorded.error.has_value());
  if (!seen.played.error) return;
  CHECK(seen.played.error->kind == seen.recorded.error->kind);
  CHECK(seen.played.error->status_code == seen.recorded.error->status_code);
  CHECK(seen.played.error->retryable == seen.recorded.error->retryable);
  CHECK(seen.played.error->type == seen.recorded.error->type);
  CHECK(seen.played.error->message == seen.recorded.error->message);
}

/// A file with one exchange.
std::string write_exchange(const Folder& folder, const std::string& pieces, const std::string& end) {
  Offline offline;
  offline.answer({whole_stream()});
  {
    ks::Client client(taped(offline, ks::Cassette(folder.file())));
    ks::Stream stream = client.stream(one_plus_one);
    (void)stream.message();
  }
  std::string line = lines_of(folder.file())[1];
  const std::size_t at = line.find("\"pieces\":");
  write_file(folder.file(), std::string(header_line) + line.substr(0, at) + "\"pieces\":" + pieces + "," + end + "}\n");
  return folder.file();
}

}  // namespace

TEST_CASE("an answer is played as it came") {
  Script script = stream_head();
  for (const std::string& frame : whole_frames("Hel\xE4\xBD\xA0lo")) script.chunk(frame);
  const Twice seen = twice(script.last_chunk().keep());
  check_same(seen);
  CHECK(seen.played.message.content == "Hel\xE4\xBD\xA0lo");
}

TEST_CASE("cuts and resets are played as cuts, with what had come before") {
  for (const bool reset : {false, true}) {
    Script script = stream_head().chunk(sse(thinking("Hm"))).chunk(sse(text("Hel")));
    const Twice seen = twice(reset ? script.reset() : script.close());
    check_same(seen);
    REQUIRE(seen.played.error);
    CHECK(seen.played.error->kind == ks::ErrorKind::incomplete_stream);
    CHECK(seen.played.message.content == "Hel");
  }
}

TEST_CASE("refusals are played, and a connection that was refused") {
  check_same(twice(Script().json(401, R"({"error":{"message":"no","type":"invalid_authentication_error"}})")));
  const Folder folder;
  ks::ClientOptions options = options_for("http://127.0.0.1:1/v1");
  std::vector<ks::Error> errors;
  for (const Mode mode : {Mode::record, Mode::replay}) {
    options.transport = ks::cassette_transport(folder.file(), mode);
    ks::Client client(options);
    errors.push_back(*read_stream(client).error);
  }
  CHECK(errors[0].message == errors[1].message);
  CHECK(errors[1].kind == ks::ErrorKind::connection);
  CHECK(errors[1].retryable);
}

TEST_CASE("each attempt is played, without the pauses between them") {
  const Folder folder;
  FaultServer server;
  Script script = Script().json(503, R"({"error":{"message":"busy"}})", {{"Retry-After", "0"}});
  script.attempt().head(200, {{"Content-Type", "text/event-stream"}}, true);
  for (const std::string& frame : whole_frames()) script.chunk(frame);
  script.last_chunk().keep();
  ks::ClientOptions options = options_for(server.base_url(script), 1);
  {
    options.transport = ks::cassette_transport(folder.file(), Mode::record);
    ks::Client client(options);
    CHECK_FALSE(read_stream(client).error);
  }
  CHECK(lines_of(folder.file()).size() == 3);
  // A pause that nobody would wait for: it is as long as the hint says, which the file may say, too.
  std::string content = content_of(folder.file());
  content.replace(content.find("\"Retry-After\":\"0\""), 17, "\"Retry-After\":\"99\"");
  write_file(folder.file(), content);
  options.transport = ks::cassette_transport(folder.file(), Mode::replay);
  ks::Client client(options);
  const auto begin = std::chrono::steady_clock::now();
  const Outcome played = read_stream(client);
  CHECK_FALSE(played.error);
  CHECK(played.message.content == "Hello");
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(90));
}

TEST_CASE("a clock that ran out runs out again, at once, by its name and with what had come") {
  struct Case {
    const char* clock;
    ks::Timeout timeout;
    bool begun;
  };
  for (const Case& each :
       {Case{"first_event", {.first_event = milliseconds(50)}, false}, Case{"idle", {.idle = milliseconds(50)}, true},
        Case{"total", {.total = milliseconds(200)}, true}, Case{"total", {.total = milliseconds(200)}, false}}) {
    CAPTURE(each.clock);
    Script script = stream_head();
    if (each.begun) script.chunk(sse(text("Hel")));
    ks::Request request = one_plus_one;
    request.timeout = each.timeout;
    const Twice seen = twice(script.wait_close(), 0, request);
    check_same(seen);
    REQUIRE(seen.played.error);
    CHECK(seen.played.error->kind == ks::ErrorKind::timeout);
    CHECK(seen.played.error->clock == seen.recorded.error->clock);
    if (seen.recorded.error->clock == each.clock && each.begun) CHECK(seen.played.message.content == "Hel");
  }
}

TEST_CASE("in real time pieces come when they came") {
  const Folder folder;
  const std::string path = write_exchange(
      folder,
      R"([[0.0,"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"],)"
      R"([0.3,"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"]])",
      R"("end":"clean","clock":null)");
  for (const bool realtime : {false, true}) {
    const ks::Cassette cassette(path, Mode::replay, {.realtime = realtime});
    ks::Client client(taped(Offline(), cassette));
    const auto begin = std::chrono::steady_clock::now();
    ks::Stream stream = client.stream(one_plus_one);
    CHECK(stream.message().content == "a");
    if (realtime) CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(300));
  }
}

TEST_CASE("a reader who stays longer than the one who left is told so, and does not wait") {
  const Folder folder;
  const std::string path =
      write_exchange(folder, R"([[0.0,"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"]])",
                     R"("end":"left","clock":null)");
  ks::Client client(taped(Offline(), ks::Cassette(path, Mode::replay)));
  const Outcome outcome = read_stream(client);
  REQUIRE(outcome.error);
  CHECK(outcome.error->message.find("the recording ends here") != std::string::npos);
  CHECK(outcome.message.content == "a");
}

TEST_CASE("a slow reader gets all of a long answer") {
  const Folder folder;
  Offline offline;
  std::vector<std::string> blocks;
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    blocks.push_back(sse(text(std::to_string(i) + " ")));
    all += std::to_string(i) + " ";
  }
  blocks.push_back(sse(finish("stop")) + std::string(done));
  offline.answer(blocks);
  {
    ks::Client client(taped(offline, ks::Cassette(folder.file())));
    ks::Stream stream = client.stream(one_plus_one);
    (void)stream.message();
  }
  ks::Client client(taped(Offline(), ks::Cassette(folder.file())));
  ks::Stream stream = client.stream(one_plus_one);
  std::string read;
  while (const auto event = stream.next())
    if (const auto* piece = std::get_if<ks::Text>(&*event)) read += piece->text;
  CHECK(read == all);
}

TEST_CASE("on a reactor the descriptor asks to be pumped, and many play side by side") {
  const Folder folder;
  Offline offline;
  for (int i = 0; i < 20; ++i) offline.answer({whole_stream(std::to_string(i))});
  {
    ks::Client client(taped(offline, ks::Cassette(folder.file())));
    for (int i = 0; i < 20; ++i) (void)client.stream(asking(std::to_string(i))).message();
  }
  for (const Mode mode : {Mode::replay, Mode::append}) {
    ks::ClientOptions options = Offline().options();
    options.transport = ks::Cassette(folder.file(), mode).transport();
    ks::Client client(options);
    ks::Reactor reactor(client);
    std::vector<std::unique_ptr<ks::Stream>> streams;
    for (int i = 0; i < 20; ++i)
      streams.push_back(
          std::make_unique<ks::Stream>(reactor.start(asking(std::to_string(i)), true, ks::Shape::events)));
    const auto over = [](const auto& stream) { return stream->state() == ks::Stream::State::ended; };
    ks::Event event;
    while (!std::all_of(streams.begin(), streams.end(), over)) {
      if (reactor.descriptor() >= 0) {
        ::pollfd polled{reactor.descriptor(), POLLIN, 0};
        REQUIRE(::poll(&polled, 1, 60'000) == 1);
      }
      reactor.pump();
      for (const auto& stream : streams)
        while (stream->take(event)) continue;
    }
    for (int i = 0; i < 20; ++i) CHECK(streams[static_cast<std::size_t>(i)]->partial().content == std::to_string(i));
  }
}

TEST_CASE("a stream may go before its end, and after its client") {
  const Folder folder;
  Offline offline;
  offline.answer({whole_stream()}).answer({whole_stream()});
  {
    ks::Client client(taped(offline, ks::Cassette(folder.file())));
    for (int i = 0; i < 2; ++i) (void)client.stream(one_plus_one).message();
  }
  std::optional<ks::Stream> stream;
  {
    ks::Client client(taped(Offline(), ks::Cassette(folder.file())));
    { ks::Stream left = client.stream(one_plus_one); }
    stream.emplace(client.stream(one_plus_one));
  }
  CHECK(stream->message().content == "Hello");
}
