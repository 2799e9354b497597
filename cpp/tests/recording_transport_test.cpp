// What a recording says of an exchange, whoever ends it.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "kimistream/recording.hpp"
#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view key = "sk-test-0123456789";

/// A client without a network whose exchanges are written down.
struct Recorded : Offline {
  std::shared_ptr<std::vector<std::string>> lines = std::make_shared<std::vector<std::string>>();

  [[nodiscard]] ks::ClientOptions recorded() const {
    ks::ClientOptions given = options();
    given.api_key = key;
    given.transport = ks::recording_transport(
        given.transport, [lines = lines](const ks::RecordedExchange& exchange) { lines->push_back(exchange.line()); });
    return given;
  }
  [[nodiscard]] const std::string& line() const {
    REQUIRE(lines->size() == 1);
    return lines->front();
  }
};

std::string at(const std::string& line, std::string_view pointer) {
  return ks::json::text_at(line, pointer).value_or("(nothing)");
}

}  // namespace

TEST_CASE("an answer is a line: what was asked, what came, and that it ended well") {
  Recorded recorded;
  recorded.answer(
      {sse(thinking("Hm")), sse(text("Hello")) + sse(finish("stop")) + sse(usage(3, 4)) + std::string(done)}, 200,
      {{"Content-Type", "text/event-stream"}, {"X-Twice", "a"}, {"x-twice", "b"}});
  ks::Client client(recorded.recorded());
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.message().content == "Hello");
  const std::string& line = recorded.line();
  CHECK(at(line, "/request/method") == "POST");
  CHECK(at(line, "/request/path") == "/v1/chat/completions");
  CHECK(at(line, "/request/headers/Content-Type") == "application/json");
  CHECK(at(line, "/request/body/messages/0/content") == "1+1?");
  CHECK(ks::json::integer_at(line, "/response/status") == 200);
  CHECK(at(line, "/response/headers/X-Twice") == "a, b");
  CHECK(ks::json::size_at(line, "/pieces") == 2);
  CHECK(at(line, "/pieces/0/1") == sse(thinking("Hm")));
  CHECK(ks::json::number_at(line, "/pieces/1/0").value_or(-1) >= 0);
  CHECK(at(line, "/end") == "clean");
  CHECK(ks::json::value_at(line, "/clock").text == "null");
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find(key) == std::string::npos);
  CHECK(line.find("Authorization") == std::string::npos);
}

TEST_CASE("who lets go of an answer has left") {
  Recorded recorded;
  recorded.answer({sse(text("Hello"))});
  recorded.script->responses.back().never_ends = true;
  ks::Client client(recorded.recorded());
  {
    ks::Stream stream = client.stream(one_plus_one);
    CHECK(stream.next());
    CHECK(recorded.lines->empty());
  }
  CHECK(at(recorded.line(), "/end") == "left");
  CHECK(ks::json::size_at(recorded.line(), "/pieces") == 1);
}

TEST_CASE("at the end of a process what is under way is told as it stands, once") {
  Recorded recorded;
  recorded.answer({sse(text("Hello")), sse(text(" world"))});
  recorded.script->responses.back().never_ends = true;
  ks::Client client(recorded.recorded());
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(stream.next());
  ks::tell_open_exchanges();
  CHECK(at(recorded.line(), "/end") == "left");
  CHECK(ks::json::size_at(recorded.line(), "/pieces") == 1);
  CHECK(stream.next());
  stream.close();
  ks::tell_open_exchanges();
  CHECK(recorded.lines->size() == 1);
}

TEST_CASE("a clock that runs out is told by its name") {
  for (const bool begun : {false, true}) {
    Recorded recorded;
    recorded.answer(begun ? std::vector<std::string>{sse(text("Hello"))} : std::vector<std::string>{});
    recorded.script->responses.back().never_ends = true;
    ks::ClientOptions options = recorded.recorded();
    options.timeout = milliseconds(20);
    ks::Client client(options);
    CHECK_THROWS_AS(client.stream(one_plus_one).message(), ks::Exception);
    CHECK(at(recorded.line(), "/end") == "timeout");
    CHECK(at(recorded.line(), "/clock") == (begun ? "idle" : "first_event"));
    CHECK(at(recorded.line(), "/error/message").find("0.02 s") != std::string::npos);
  }
}

TEST_CASE("a connection that breaks behind its head was reset, one without an answer refused") {
  ks::Error broken;
  broken.kind = ks::ErrorKind::connection;
  broken.message = std::string("broken, said ") + std::string(key);
  broken.retryable = true;
  for (const bool answered : {true, false}) {
    Recorded recorded;
    recorded.answer(answered ? std::vector<std::string>{sse(text("Hello"))} : std::vector<std::string>{},
                    answered ? 200 : 0);
    recorded.script->responses.back().error = broken;
    ks::Client client(recorded.recorded());
    CHECK_THROWS_AS(client.stream(one_plus_one).message(), ks::Exception);
    const std::string& line = recorded.line();
    CHECK(at(line, "/end") == (answered ? "reset" : "refused"));
    CHECK(ks::json::value_at(line, "/response").text.starts_with(answered ? "{" : "null"));
    CHECK(at(line, "/error/message") == "broken, said [key]");
    CHECK(ks::json::bool_at(line, "/error/retryable") == true);
  }
}

TEST_CASE("each attempt is an exchange of its own") {
  Recorded recorded;
  recorded.answer_json(R"({"error":{"message":"busy"}})", 503, {{"Retry-After", "0"}});
  recorded.answer({whole_stream()});
  ks::ClientOptions options = recorded.recorded();
  options.max_retries = 2;
  ks::Client client(options);
  CHECK(client.stream(one_plus_one).message().content == "Hello");
  REQUIRE(recorded.lines->size() == 2);
  CHECK(ks::json::integer_at(recorded.lines->front(), "/response/status") == 503);
  CHECK(ks::json::integer_at(recorded.lines->back(), "/response/status") == 200);
}

TEST_CASE("bytes that a slow reader refuses are written down once") {
  std::vector<std::string> blocks;
  for (int i = 0; i < 2000; ++i) blocks.push_back(sse(text(std::to_string(i) + " ")));
  blocks.push_back(sse(finish("stop")) + std::string(done));
  std::string all;
  for (const std::string& block : blocks) all += block;
  Recorded recorded;
  recorded.answer({all.substr(0, all.size() / 2), all.substr(all.size() / 2)});
  ks::Client client(recorded.recorded());
  ks::Stream stream = client.stream(one_plus_one);
  while (stream.next()) continue;
  CHECK(at(recorded.line(), "/pieces/0/1") + at(recorded.line(), "/pieces/1/1") == all);
  CHECK(ks::json::size_at(recorded.line(), "/pieces") == 2);
}

TEST_CASE("over a real connection the pieces are the answer's bytes, and a cut is one") {
  FaultServer server;
  std::vector<std::string> lines;
  ks::ClientOptions options = options_for(server.base_url(stream_head().chunk(sse(text("Hel\xC3\xA4"))).close()));
  options.transport = ks::recording_transport(
      ks::network_transport(), [&](const ks::RecordedExchange& exchange) { lines.push_back(exchange.line()); });
  ks::Client client(options);
  CHECK(read_stream(client).error);
  REQUIRE(lines.size() == 1);
  CHECK(at(lines[0], "/end") == "reset");
  CHECK(at(lines[0], "/pieces/0/1") == sse(text("Hel\xC3\xA4")));
  client = ks::Client([&] {
    options.base_url = "http://127.0.0.1:1";
    return options;
  }());
  CHECK(read_stream(client).error);
  REQUIRE(lines.size() == 2);
  CHECK(at(lines[1], "/end") == "refused");
}
