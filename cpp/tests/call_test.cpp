// One answer's life without a network: what is no answer, and what an error keeps.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a page in an answer's place is told by its title and its sender") {
  const Outcome outcome =
      stream_of({"<html><title>Sign in</title></html>"}, {{"Content-Type", "text/html"}, {"Server", "nginx"}});
  CHECK(says(outcome, "Sign in (a page of nginx, not of the API)"));
}

TEST_CASE("what is no answer is an error with the status and the beginning of the body") {
  for (const ks::Headers& headers : {html, no_type}) {
    const Outcome outcome = stream_of({"<html><body>It works!</body></html>"}, headers);
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind == ks::ErrorKind::response);
    CHECK(outcome.error->status_code == 200);
    CHECK(says(outcome, "It works!"));
    CHECK(outcome.error->body.find("It works!") != std::string::npos);
    CHECK_FALSE(outcome.error->partial);
  }
  CHECK(says(stream_of({"{\"hello\":1}"}, json), "not a chat completion"));
  CHECK(says(stream_of({"[]"}, json), "not a chat completion"));
  CHECK(says(stream_of({"data"}, no_type), "neither"));
}

TEST_CASE("an empty body is an error") {
  for (const ks::Headers& headers : {no_type, json, html}) {
    CHECK(says(stream_of({}, headers), "empty"));
    CHECK(says(stream_of({" \n", "\n"}, headers), "empty"));
    CHECK(says(stream_of({}, headers, 204), "empty"));
  }
  REQUIRE(stream_of({}).error);
  CHECK(stream_of({}).error->kind == ks::ErrorKind::incomplete_stream);
}

TEST_CASE("an error that comes as JSON with status 200 is the server's error, whatever the content type says") {
  const std::string body = R"({"error":{"message":"no capacity","type":"engine_overloaded_error"}})";
  for (const ks::Headers& headers : {json, no_type, html, ks::Headers{{"Content-Type", "text/event-stream"}}})
    for (const Texts& blocks : {Texts{body}, bytes_of(body), Texts{"\n ", body}}) {
      const Outcome outcome = stream_of(blocks, headers);
      REQUIRE(outcome.error);
      CHECK(outcome.error->kind == ks::ErrorKind::status);
      CHECK(outcome.error->status_code == 429);
      CHECK(says(outcome, "no capacity"));
    }
}

TEST_CASE("an error status with an event stream for a body is that status") {
  for (const std::string body :
       Texts{sse(R"({"error":{"message":"slow down","type":"rate_limit_reached_error"}})"),
             "event: error\n" + sse(R"({"error":{"message":"slow down","type":"rate_limit_reached_error"}})"),
             R"(data: {"error":{"message":"slow down","type":"rate_limit_reached_error"}})"}) {
    const Outcome outcome = stream_of({body}, {{"Content-Type", "text/event-stream"}, {"Retry-After", "3"}}, 429);
    REQUIRE(outcome.error);
    CHECK(outcome.error->status_code == 429);
    CHECK(outcome.error->type == "rate_limit_reached_error");
    CHECK(outcome.error->retry_after == 3);
    CHECK(says(outcome, "slow down"));
  }
}

TEST_CASE("a connection that breaks is an error with what had come, unless the answer was whole") {
  ks::Error broken;
  broken.kind = ks::ErrorKind::connection;
  broken.message = "reset by peer";
  const auto play = [&](const std::string& body) {
    Offline offline;
    offline.answer({body});
    offline.script->responses.back().error = broken;
    ks::Client client = offline.client();
    ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
    return read_all(stream);
  };
  Outcome outcome = play(sse(text("Hi")));
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(says(outcome, "reset by peer"));
  REQUIRE(outcome.error->partial);
  CHECK(outcome.error->partial->content == "Hi");
  CHECK_FALSE(play(sse(text("Hi")) + sse(finish("stop"))).error);
  CHECK(play(sse(text("Hi")) + "data: [DONE]").error);  // the connection did not end cleanly
}

TEST_CASE("an error frame in the middle carries what had come, and is thrown again by each further call") {
  Offline offline;
  offline.answer(
      {sse(text("Hi")) + sse(R"({"error":{"message":"boom","type":"server_error","code":"x"}})") + std::string(done)});
  ks::Client client = offline.client();
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next() == ks::Event(ks::Text{"Hi"}));
  for (int again = 0; again < 3; ++again) {
    try {
      (void)stream.next();
      FAIL("no exception");
    } catch (const ks::Exception& exception) {
      CHECK(exception.error().status_code == 500);
      CHECK(exception.error().code == "x");
      REQUIRE(exception.error().partial);
      CHECK(exception.error().partial->content == "Hi");
    }
  }
  CHECK(stream.state() == ks::Stream::State::failed);
}
