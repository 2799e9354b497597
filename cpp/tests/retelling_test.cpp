// A recorded exchange tells the same a second time.
#include "kimistream/retelling.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out + '"';
}

std::string line(const std::string& pieces, const std::string& end = "clean", const std::string& more = "",
                 int status = 200) {
  return R"({"request":{"method":"POST","path":"/v1/chat/completions","headers":{},"body":{"model":"m","messages":[]}},)"
         R"("response":{"status":)" +
         std::to_string(status) + R"(,"headers":{"Content-Type":"text/event-stream"}},"pieces":[)" + pieces +
         R"(],"end":")" + end + R"(","clock":null)" + more + "}";
}

std::string piece(const std::string& seconds, const std::string& text) {
  return "[" + seconds + "," + json_string(text) + "]";
}

}  // namespace

TEST_CASE("events come with the time of their piece") {
  const std::string kept = line(piece("0.5", sse(thinking("Hm"))) + "," +
                                piece("1.5", sse(text("Hel")) + sse(text("lo")) + sse(finish("stop"))));
  const ks::Retold retold = ks::retell("moonshot", kept, true);
  CHECK(!retold.error);
  CHECK(retold.message.content == "Hello");
  CHECK(retold.message.reasoning == "Hm");
  REQUIRE(retold.events.size() >= 4);
  CHECK(retold.events[0].first == 0.5);
  CHECK(std::get<ks::Thinking>(retold.events[0].second).text == "Hm");
  for (const std::size_t place : {1, 2, 3}) CHECK(retold.events[place].first == 1.5);
  CHECK(ks::retell("moonshot", kept).events.empty());
}

TEST_CASE("a cut has its error and what had come; a reader who left has none") {
  const std::string half = piece("0.5", sse(text("Half")));
  const ks::Retold cut = ks::retell("moonshot", line(half, "reset"));
  REQUIRE(cut.error);
  CHECK(cut.error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(cut.error->message.find("the connection broke") != std::string::npos);
  CHECK(cut.message.content == "Half");
  const ks::Retold said = ks::retell("moonshot", line(half, "reset", R"(,"error":{"message":"RST","retryable":true})"));
  CHECK(said.error->message.find("RST") != std::string::npos);
  const ks::Retold left = ks::retell("moonshot", line(half, "left"));
  CHECK(!left.error);
  CHECK(left.message.content == "Half");
}

TEST_CASE("a refusal is the error that the client raised") {
  const ks::Retold refused =
      ks::retell("moonshot", line(piece("0.1", R"({"error":{"message":"bad key"}})"), "clean", "", 401));
  REQUIRE(refused.error);
  CHECK(refused.error->status_code == 401);
  CHECK(refused.error->message.find("bad key") != std::string::npos);
}

TEST_CASE("what is no exchange, and a provider that nobody knows, are refused") {
  for (const char* wrong : {"", "{}", "[1]", R"({"kimistream_cassette":1})"})
    CHECK_THROWS_WITH_AS((void)ks::retell("moonshot", wrong), "this is no exchange as a recording has it",
                         ks::Exception);
  CHECK_THROWS_AS((void)ks::without_pieces("{}"), ks::Exception);
  CHECK_THROWS_AS((void)ks::retell("nobody", line("")), ks::Exception);
}

TEST_CASE("without its pieces a line says the same of the request") {
  const std::string kept = line(piece("0.5", sse(text("Half"))), "reset", R"(,"error":{"message":"RST"})");
  const std::string head = ks::without_pieces(kept);
  CHECK(ks::json::size_at(head, "/pieces") == 0);
  for (const char* place : {"/request", "/response", "/end", "/clock", "/error/message"})
    CHECK(ks::json::value_at(head, place) == ks::json::value_at(kept, place));
}

TEST_CASE("a request's body can be seen without sending it") {
  const std::string body = ks::body_of("moonshot", one_plus_one, true);
  CHECK(ks::json::text_at(body, "/messages/0/content") == "1+1?");
  CHECK(ks::json::bool_at(body, "/stream") == true);
  CHECK_THROWS_AS((void)ks::body_of("moonshot", {}, true), ks::Exception);
}
