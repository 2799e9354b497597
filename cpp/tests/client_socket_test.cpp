// Streams over real sockets: how they end, break, stall, and what becomes of their connections.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

const Script::Headers event_stream = {{"Content-Type", "text/event-stream"}};

Outcome answer_of(FaultServer& server, const Script& script, int max_retries = 0) {
  ks::Client client(options_for(server.base_url(script), max_retries));
  return read_stream(client);
}

void check_whole(const Outcome& outcome, std::string_view content = "Hello") {
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.text() == content);
  CHECK(outcome.message.finish_reason == "stop");
}

void check_incomplete(const Outcome& outcome, std::string_view content) {
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(outcome.error->retryable);
  CHECK((outcome.error->partial ? outcome.error->partial->text() : "") == content);
}

}  // namespace

TEST_CASE("thirty streams in a row use one connection, however late the terminator comes") {
  for (const double late : {0.0, 2.0, 20.0}) {
    CAPTURE(late);
    FaultServer server;
    const std::string url = server.base_url(Script().event_stream(whole_frames(), late));
    ks::Client client(options_for(url));
    for (int i = 0; i < 30; ++i) check_whole(read_stream(client));
    CHECK(server.connections() <= 1 + server.late_sends(url));  // a busy machine's terminator is not waited for
    CHECK(server.requests() == 30);
  }
}

TEST_CASE("a terminator that came while nobody looked leaves the connection fit for use") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames(), 5))));
  check_whole(read_stream(client));
  std::this_thread::sleep_for(milliseconds(1200));  // longer than a terminator is waited for
  check_whole(read_stream(client));
  CHECK(server.connections() == 1);
}

TEST_CASE("whole answers reuse their connection too, and so do refusals") {
  FaultServer server;
  Script script = Script().json(200, whole_body());
  script.attempt().json(400, "{}").attempt().json(200, whole_body());
  ks::Client client(options_for(server.base_url(script)));
  CHECK(client.complete(one_plus_one).content == "Hello");
  CHECK_THROWS_AS((void)client.complete(one_plus_one), ks::Exception);
  CHECK(client.complete(one_plus_one).content == "Hello");
  CHECK(server.connections() == 1);
}

TEST_CASE("a terminator that never comes keeps nobody waiting, neither the reader nor the next request") {
  FaultServer server;
  Script script = stream_head();
  for (const auto& frame : whole_frames()) script.chunk(frame);
  script.wait_close().attempt().event_stream(whole_frames());
  ks::Client client(options_for(server.base_url(script)));
  check_whole(read_stream(client));
  check_whole(read_stream(client));
  CHECK(server.requests() == 2);
}

TEST_CASE("an end marker that never comes is not waited for long, and the connection is closed") {
  FaultServer server;
  const Outcome outcome = answer_of(
      server, stream_head().chunk(sse(text("Hello"))).chunk(sse(finish("stop"))).chunk(sse(usage(1, 2))).wait_close());
  check_whole(outcome);
  CHECK(outcome.warned("missing_end_marker"));
  CHECK(server.wait_for_closes(1));
}

TEST_CASE("a body that ends with its connection is complete behind the end marker or the finish reason only") {
  FaultServer server;
  const std::string start = sse(text("Hel")) + sse(text("lo"));
  check_whole(answer_of(
      server, Script().head(200, event_stream).send(start + sse(finish("stop")) + std::string(done)).close()));
  check_whole(answer_of(server, Script().head(200, event_stream).send(start + sse(finish("stop"))).close()));
  check_incomplete(answer_of(server, Script().head(200, event_stream).send(start).close()), "Hello");
  check_whole(answer_of(
      server, Script().head(200, event_stream).send(start + "data: " + finish("stop")).close()));  // no last blank line
}

TEST_CASE("a chunked body that is cut is a broken stream with what had come") {
  FaultServer server;
  check_incomplete(answer_of(server, stream_head().chunk(sse(text("Hello"))).close()), "Hello");
  check_incomplete(answer_of(server, stream_head().chunk(sse(text("Hello"))).reset()), "Hello");
  check_incomplete(answer_of(server, stream_head().chunk(sse(text("Hello"))).send("50\r\ndata: {\"choi").close()),
                   "Hello");
  check_incomplete(answer_of(server, stream_head().chunk(sse(text("Hello"))).send("not a chunk size\r\n").close()),
                   "Hello");
  check_incomplete(answer_of(server, stream_head().close()), "");
  check_whole(answer_of(server, stream_head().chunk(sse(text("Hello"))).chunk(sse(finish("stop"))).reset()));
}

TEST_CASE("a body shorter than its Content-Length is a broken stream") {
  FaultServer server;
  check_incomplete(answer_of(server, Script()
                                         .head(200, {{"Content-Type", "text/event-stream"}, {"Content-Length", "5000"}})
                                         .send(sse(text("Hello")))
                                         .close()),
                   "Hello");
}

TEST_CASE("a connection that breaks before an answer began is tried again, with the whole request") {
  for (const bool reset : {true, false}) {
    FaultServer server;
    Script script;
    reset ? script.reset() : script.close();
    script.attempt().send("HTTP/1.1 200 OK\r\nContent-").close().attempt().event_stream(whole_frames());
    ks::Client client(options_for(server.base_url(script), 2));
    ks::Request request{.messages = {ks::user(std::string(300'000, 'x'))}};
    const Outcome outcome = read_stream(client, request);
    check_whole(outcome);
    const auto received = server.received();
    REQUIRE(received.size() == 3);
    CHECK(received[0].request.body_bytes > 300'000);
    CHECK(received[1].request.body_crc32 == received[0].request.body_crc32);
    CHECK(received[2].request.body_crc32 == received[0].request.body_crc32);
    CHECK(outcome.warned("retried"));
  }
}

TEST_CASE("a connection that breaks before an answer began, and once too often, is a connection error") {
  FaultServer server;
  const Outcome outcome = answer_of(server, Script().reset(), 1);
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::connection);
  CHECK(outcome.error->retryable);
  CHECK_FALSE(outcome.error->status_code);
  CHECK_FALSE(outcome.error->partial);
  CHECK(server.requests() == 2);
}

TEST_CASE("a refused connection is tried again and then a connection error that names the host") {
  std::string url;
  {
    const FaultServer server;
    url = server.origin() + "/v1";
  }
  ks::Client client(options_for(url, 2));
  const Outcome outcome = read_stream(client);
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::connection);
  CHECK(outcome.error->message.find("127.0.0.1") != std::string::npos);
  CHECK(outcome.message.warnings.size() == 2);
}

TEST_CASE("a kept connection that the server has closed does not disturb the next request") {
  FaultServer server;
  Script script =
      Script()
          .head(200, {{"Content-Type", "application/json"}, {"Content-Length", std::to_string(whole_body().size())}})
          .send(whole_body())
          .close();
  ks::Client client(options_for(server.base_url(script)));
  for (int i = 0; i < 3; ++i) {
    CHECK(client.complete(one_plus_one).content == "Hello");
    while (server.open_connections() > 0) std::this_thread::sleep_for(milliseconds(1));
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("a kept connection that the server resets as the next request comes costs another attempt at most") {
  FaultServer server;
  Script script = Script().json(200, whole_body());
  script.attempt().reset().attempt().json(200, whole_body());
  ks::Client client(options_for(server.base_url(script), 1));
  CHECK(client.complete(one_plus_one).content == "Hello");
  CHECK(client.complete(one_plus_one).content == "Hello");
}

TEST_CASE("a silent server runs into the clock of the phase it is in") {
  FaultServer server;
  Script pings = stream_head();
  for (int i = 0; i < 1500; ++i) pings.chunk(": ping\n\n").sleep(20);
  Script pings_after_text = stream_head().chunk(sse(text("Hello")));
  for (int i = 0; i < 1500; ++i) pings_after_text.chunk(": ping\n\n").sleep(20);
  struct Case {
    Script script;
    const char* type;
    const char* partial;
  };
  const Case cases[] = {
      {Script().stall(), "first_event_timeout", ""},
      {Script().send("HTTP/1.1 200 OK\r\n").stall(), "first_event_timeout", ""},
      {stream_head().stall(), "first_event_timeout", ""},
      {stream_head().chunk(sse(delta(R"("role":"assistant","content":"")"))).stall(), "first_event_timeout", ""},
      {stream_head().chunk(sse(text("Hello"))).stall(), "idle_timeout", "Hello"},
      {pings, "first_event_timeout", ""},
      {pings_after_text, "idle_timeout", "Hello"}};
  for (const Case& each : cases) {
    CAPTURE(std::string(each.type));
    const std::string url = server.base_url(each.script);
    const auto partial = [](const Outcome& outcome) {
      return outcome.error->partial ? outcome.error->partial->text() : std::string_view();
    };
    const Outcome outcome = with_patience(
        milliseconds(200),
        [&](milliseconds limit) {
          ks::ClientOptions options = options_for(url);
          options.timeout = limit;
          ks::Client client(options);
          return read_stream(client);
        },
        [&](const Outcome& seen) {
          return seen.error && seen.error->type == each.type && partial(seen) == each.partial;
        });
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind == ks::ErrorKind::timeout);
    CHECK(outcome.error->type == each.type);
    CHECK(partial(outcome) == each.partial);
  }
  CHECK(server.wait_for_closes(std::size(cases)));
}

TEST_CASE("a request may have a timeout of its own") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().stall())));  // its own clocks are minutes
  ks::Request request = one_plus_one;
  request.timeout = milliseconds(100);
  const Outcome outcome = read_stream(client, request);
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::timeout);
}

TEST_CASE("slow but steady events run into no clock") {
  FaultServer server;
  const auto attempt = [&](milliseconds limit) {
    Script script = stream_head();
    for (int i = 0; i < 10; ++i) script.chunk(sse(text("x"))).sleep(static_cast<double>(limit.count()) / 5);
    script.chunk(sse(finish("stop"))).chunk(done).last_chunk().keep();
    ks::ClientOptions options = options_for(server.base_url(script));
    options.timeout = limit;
    ks::Client client(options);
    return read_stream(client);
  };
  check_whole(with_patience(milliseconds(300), attempt, [](const Outcome& seen) { return !seen.error; }), "xxxxxxxxxx");
}

TEST_CASE("what is no stream is an error over sockets too") {
  FaultServer server;
  Outcome outcome = answer_of(server, Script().respond(200, "text/html", "<h1>Welcome</h1>"));
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::response);
  CHECK(outcome.error->message.find("Welcome") != std::string::npos);
  outcome = answer_of(server, Script().json(200, R"({"error":{"message":"no","code":503}})"));
  REQUIRE(outcome.error);
  CHECK(outcome.error->status_code == 503);
  CHECK(answer_of(server, Script().respond(200, "text/event-stream", "")).error->kind ==
        ks::ErrorKind::incomplete_stream);
  CHECK(answer_of(server, Script().head(204).keep()).error->kind == ks::ErrorKind::response);
  outcome = answer_of(server, Script().send("SSH-2.0-OpenSSH_9.2\r\n").close());
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::connection);
  CHECK_FALSE(outcome.error->retryable);
  check_whole(answer_of(server, Script().json(200, whole_body())));
}

TEST_CASE("streams are read in gzip, in single bytes, and behind interim responses") {
  FaultServer server;
  std::string body;
  for (const auto& frame : whole_frames()) body += frame;
  check_whole(answer_of(server, Script().gzip_event_stream(whole_frames(), 7)));
  check_whole(answer_of(server, Script().head(200, event_stream).drip(0, body)));
  Script chunks = stream_head();
  for (const char byte : body) chunks.chunk({&byte, 1});
  check_whole(answer_of(server, chunks.last_chunk().keep()));
  check_whole(answer_of(server, Script()
                                    .send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
                                    .event_stream(whole_frames())));
  check_whole(answer_of(server, stream_head().chunk(body).send("0\r\nX-Trailer: 1\r\n\r\n").keep()));
}

TEST_CASE("a stream is never asked for compressed, a whole answer may be") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames()))));
  check_whole(read_stream(client));
  CHECK(server.last_request()->header("accept-encoding").find("gzip") == std::string_view::npos);
  CHECK(server.last_request()->header("authorization") == "Bearer sk-test-0123456789");
  CHECK(server.last_request()->header("expect").empty());
}

TEST_CASE("a redirect is never followed, so the key goes nowhere else") {
  FaultServer server, other;
  const std::string elsewhere = other.base_url(Script().event_stream(whole_frames()));
  for (const int status : {301, 302, 303, 307, 308}) {
    CAPTURE(status);
    const Outcome outcome = answer_of(
        server, Script().respond(status, "text/plain", "", {{"Location", elsewhere + "/chat/completions"}}), 3);
    REQUIRE(outcome.error);
    CHECK(outcome.error->status_code == status);
    CHECK(outcome.error->message.find(elsewhere) != std::string::npos);
    CHECK_FALSE(outcome.error->retryable);
  }
  CHECK(other.connections() == 0);
  CHECK(server.requests() == 5);
}

TEST_CASE("more than 1 MiB of headers is an error, not memory") {
  FaultServer server;
  std::string many = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
  while (many.size() < (std::size_t{2} << 20)) many += "X-Fill: " + std::string(1000, 'x') + "\r\n";
  const std::string one = "HTTP/1.1 200 OK\r\nX-Fill: " + std::string(2 << 20, 'x') + "\r\n\r\n";
  for (const std::string& head : {many + "\r\n", one}) {
    const Outcome outcome = answer_of(server, Script().send(head).send(sse(text("Hello"))).close());
    REQUIRE(outcome.error);
    CHECK_FALSE(outcome.error->partial);
    CHECK(outcome.error->headers.size() < 2000);
  }
}
