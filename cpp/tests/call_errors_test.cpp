// What is tried again before an answer has begun, what is not, and what is said of it.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "json/tree.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::json::Tree;

namespace {

using Texts = std::vector<std::string>;

const ks::Headers at_once = {{"Content-Type", "text/event-stream"}, {"retry-after-ms", "1"}};

ks::Client retrying(const Offline& offline, int retries = 2) {
  ks::ClientOptions options = offline.options();
  options.max_retries = retries;
  return ks::Client(options);
}

Outcome play(const Offline& offline, ks::Shape shape = ks::Shape::events) {
  ks::Client client = retrying(offline);
  ks::Stream stream = client.start(one_plus_one, true, shape);
  if (shape == ks::Shape::events) return read_all(stream);
  Outcome outcome;
  try {
    outcome.message = stream.message();
  } catch (const ks::Exception& exception) {
    outcome.error = exception.error();
  }
  return outcome;
}

std::string role_alone() { return delta(R"("role":"assistant","content":"")"); }

std::string sent(const Offline& offline, std::size_t attempt) {
  std::string text;
  for (const auto& segment : offline.script->requests.at(attempt).body->segments) text += segment.text;
  return text;
}

}  // namespace

TEST_CASE("a stream that ended before its first event is asked for again, in both shapes") {
  for (const std::string first :
       Texts{"", ": ping\n\n", sse(role_alone()), std::string(done), sse(role_alone()) + std::string(done),
             sse(R"({"error":{"message":"m","code":503}})"), sse(R"({"error":{"message":"m","type":"stream_error"}})"),
             sse(R"({"code":500,"message":"m"})"), "data: upstream gone\n\n"})
    for (const ks::Shape shape : {ks::Shape::events, ks::Shape::chunks}) {
      CAPTURE(first);
      Offline offline;
      offline.answer({first}, 200, at_once).answer({whole_stream()});
      const Outcome outcome = play(offline, shape);
      if (outcome.error) FAIL_CHECK(outcome.error->message);
      CHECK(outcome.message.content == "Hello");
      CHECK(offline.script->requests.size() == 2);
    }
}

TEST_CASE("a connection that was lost before the first event is made again") {
  Offline offline;
  offline.answer({sse(role_alone())}, 200, at_once).answer({whole_stream()});
  offline.script->responses.front().error = ks::Error{.kind = ks::ErrorKind::connection, .message = "reset by peer"};
  CHECK(play(offline).message.content == "Hello");
  CHECK(offline.script->requests.size() == 2);
}

TEST_CASE("once a piece has come nothing is asked again, and what is the request's fault never is") {
  for (const std::string first :
       Texts{sse(thinking("Well")), sse(text("Hi")) + std::string(done),
             sse(text("Hi")) + sse(R"({"error":{"message":"m","code":503}})"),
             sse(R"({"error":{"message":"bad role","code":400}})"), sse(R"({"error":{"message":"Invalid role"}})")}) {
    CAPTURE(first);
    Offline offline;
    offline.answer({first}, 200, at_once).answer({whole_stream()});
    CHECK(play(offline).error);
    CHECK(offline.script->requests.size() == 1);
  }
}

TEST_CASE("an error speaks of .partial only where there is one") {
  CHECK(stream_of({}).error->message.find(".partial") == std::string::npos);
  CHECK(stream_of({sse(text("Hi"))}).error->message.find(".partial") != std::string::npos);
}

TEST_CASE("what could not be read is quoted where the answer ends without a word") {
  const Outcome outcome = stream_of({sse(text("Hi")) + "data: upstream timed out\n\n"});
  REQUIRE(outcome.error);
  CHECK(outcome.error->message.find("upstream timed out") != std::string::npos);
  CHECK(outcome.warned("skipped_line"));
}

TEST_CASE("an empty body is asked for again") {
  Offline offline;
  offline.answer_json("", 200, {{"retry-after-ms", "1"}}).answer_json(whole_body());
  ks::Client client = retrying(offline);
  CHECK(client.complete(one_plus_one).content == "Hello");
}

TEST_CASE("an answer that an aborting server broke off has the type abort") {
  const Outcome outcome = stream_of({sse(text("Hi")) + sse(finish("abort"))});
  REQUIRE(outcome.error);
  CHECK(outcome.error->type == "abort");
}

TEST_CASE("a whole answer for which a proxy did not wait is asked for as a stream, and gathered") {
  for (const int status : {504, 524})
    for (const ks::Shape shape : {ks::Shape::events, ks::Shape::chunks}) {
      Offline offline;
      offline.answer({"<html><title>504</title></html>"}, status,
                     {{"Content-Type", "text/html"}, {"retry-after-ms", "1"}});
      offline.answer({sse(delta(R"("role":"assistant","content":"")")) + whole_stream()});
      ks::Client client = retrying(offline);
      ks::Stream stream = client.start(one_plus_one, false, shape);
      std::vector<ks::Chunk> chunks;
      while (shape == ks::Shape::chunks) {
        auto chunk = stream.next_chunk();
        if (!chunk) break;
        chunks.push_back(*std::move(chunk));
      }
      const ks::Message message = stream.message();
      CHECK(message.content == "Hello");
      CHECK(message.reasoning == "Well.");
      CHECK(std::any_of(message.warnings.begin(), message.warnings.end(),
                        [](const ks::Notice& notice) { return notice.code == "asked_as_stream"; }));
      REQUIRE(offline.script->requests.size() == 2);
      CHECK(sent(offline, 0).find("\"stream\"") == std::string::npos);
      const Tree asked = Tree::parse(sent(offline, 1));
      CHECK(asked.find("stream")->text() == "true");
      CHECK(asked.find("stream_options"));
      CHECK(asked.find("messages"));
      CHECK(offline.script->requests[1].headers.find("accept") == "text/event-stream");
      CHECK_FALSE(offline.script->requests[1].compressed);
      if (shape == ks::Shape::events) continue;
      REQUIRE(chunks.size() == 1);
      const Tree whole = Tree::parse(chunks[0].json());
      CHECK(whole.text_of("object") == "chat.completion");
      CHECK(whole.text_of("id") == "chatcmpl-1");
      const Tree& choice = whole.find("choices")->items().front();
      CHECK(choice.find("message")->text_of("content") == "Hello");
      CHECK(choice.find("message")->text_of("reasoning_content") == "Well.");
      CHECK(choice.text_of("finish_reason") == "stop");
      CHECK(whole.find("usage")->number_of("total_tokens") == 7);
    }
}

TEST_CASE("a stream for which a proxy did not wait is asked for once more as it was") {
  Offline offline;
  offline.answer_json("{}", 504, {{"retry-after-ms", "1"}}).answer({whole_stream()});
  CHECK_FALSE(play(offline).error);
  CHECK(sent(offline, 0) == sent(offline, 1));
}

TEST_CASE("keys are taken out of what a server says, and never out of the library's own advice") {
  Offline offline;
  offline.answer_json(R"({"error":{"message":"no: platform.kimi.com sk-test-key-1","type":"t"}})", 401,
                      {{"x-echo", "sk-test-key-1"}});
  ks::ClientOptions options = offline.options();
  options.api_key = "sk-test-key-1";
  // A value that stands in the advice on keys, in a header that opens something.
  options.default_headers = {{"x-api-key", "platform.kimi.com"}};
  ks::Client client(options);
  try {
    (void)client.complete(one_plus_one);
    FAIL("no exception");
  } catch (const ks::Exception& exception) {
    const ks::Error& error = exception.error();
    CHECK(error.message.find("no: [key] [key]") != std::string::npos);
    CHECK(error.message.find("is from platform.kimi.com") != std::string::npos);
    CHECK(error.body.find("sk-test") == std::string::npos);
    CHECK(error.headers.find("x-echo") == "[key]");
  }
}
