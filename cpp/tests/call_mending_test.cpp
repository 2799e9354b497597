// Answers that break and are mended, without a network.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/accumulator.hpp"
#include "support/answers.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::OnBreak;
using ks::json::Tree;

namespace {

/// A client whose pauses are short, and what it is to be answered.
struct Mended : Offline {
  ks::ClientOptions wanted = options();

  explicit Mended(OnBreak on_break, int max_retries = 0) {
    wanted.on_break = on_break;
    wanted.max_retries = max_retries;
  }
  /// An answer that breaks off behind these bytes.
  Mended& cut(std::string body, std::optional<ks::Error> how = std::nullopt) {
    answer({std::move(body)});
    script->responses.back().error = std::move(how);
    return *this;
  }
  Mended& whole(std::string body) { return cut(std::move(body)); }
  Mended& refuse(int status, std::string message = "no") {
    answer_json(R"({"error":{"message":")" + message + R"(","type":"x"}})", status, {{"Retry-After", "0.01"}});
    return *this;
  }
  Outcome read(const ks::Request& request = one_plus_one) {
    ks::Client client(wanted);
    ks::Stream stream = client.start(request, true, ks::Shape::events);
    return read_all(stream);
  }
  std::vector<ks::Chunk> chunks(std::optional<ks::Error>& error, const ks::Request& request = one_plus_one) {
    ks::Client client(wanted);
    ks::Stream stream = client.start(request, true, ks::Shape::chunks);
    std::vector<ks::Chunk> all;
    try {
      while (auto chunk = stream.next_chunk()) all.push_back(std::move(*chunk));
    } catch (const ks::Exception& exception) {
      error = exception.error();
    }
    return all;
  }
  [[nodiscard]] Tree sent(std::size_t which) const {
    return Tree::parse(script->requests.at(which).body->segments.at(0).text);
  }
  [[nodiscard]] std::string prefix(std::size_t which) const {
    const Tree body = sent(which);
    const Tree& last = body.find("messages")->items().back();
    return last.find("partial") ? last.text_of("content") : "(none)";
  }
};

std::string frames(const std::vector<std::string>& all) {
  std::string body;
  for (const std::string& frame : all) body += sse(frame);
  return body;
}

const std::string rest_of = sse(finish("stop")) + sse(usage(5, 6)) + std::string(done);

/// What a reader who heeds `Restarted` has at the end.
ks::Message folded(const Outcome& outcome) {
  ks::Accumulator all;
  for (const ks::Event& event : outcome.events) all.add(event);
  return all.message();
}

void check_ended(const Outcome& outcome, std::string_view content) {
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.content == content);
  CHECK(outcome.message.finish_reason == "stop");
  CHECK(folded(outcome).content == content);
  CHECK(count(outcome, "finish") == 1);
}

}  // namespace

TEST_CASE("a break is an error with what had come, unless it is to be mended") {
  Mended server(OnBreak::raise);
  const Outcome outcome = server.cut(frames({text("Hel")}), reset()).read();
  REQUIRE(outcome.error);
  CHECK(outcome.error->partial->content == "Hel");
  CHECK(server.script->requests.size() == 1);
}

TEST_CASE("a break is gone on with: the reader sees one answer") {
  Mended server(OnBreak::continue_);
  server.cut(frames({thinking("Well."), text("Hello ")}), reset()).whole(frames({text(" wor"), text("ld")}) + rest_of);
  const Outcome outcome = server.read();
  check_ended(outcome, "Hello world");
  CHECK(outcome.message.reasoning == "Well.");
  CHECK(outcome.message.resumed == 1);
  CHECK(outcome.warned("broken_and_continued"));
  CHECK(count(outcome, "restarted") == 0);
  CHECK(outcome.message.usage == ks::Usage{.prompt_tokens = 5, .completion_tokens = 6, .total_tokens = 11});
  CHECK(server.prefix(1) == "Hello");
  CHECK(server.sent(1).find("thinking")->text_of("type") == "disabled");
}

TEST_CASE("all kinds of breaks") {
  const std::string said = frames({text("Hello")});
  const std::string overloaded = sse(R"({"error":{"message":"busy","type":"engine_overloaded_error"}})");
  struct Row {
    const char* what;
    std::string body;
    std::optional<ks::Error> error;
  };
  for (const Row& row :
       {Row{"reset", said, reset()}, Row{"closed", said, {}}, Row{"cut in a frame", said + "data: {\"i", {}},
        Row{"an end marker alone", said + std::string(done), {}}, Row{"an error frame", said + overloaded, {}},
        Row{"an error event", said + "event: error\n" + overloaded, {}}}) {
    CAPTURE(row.what);
    for (const OnBreak on_break : {OnBreak::restart, OnBreak::continue_}) {
      Mended server(on_break);
      const bool goes_on = on_break == OnBreak::continue_;
      server.cut(row.body, row.error).whole(frames({text(goes_on ? " world" : "Hello world")}) + rest_of);
      const Outcome outcome = server.read();
      check_ended(outcome, "Hello world");
      CHECK(outcome.message.resumed == 1);
      CHECK(count(outcome, "restarted") == (goes_on ? 0 : 1));
      CHECK(outcome.warned(goes_on ? "broken_and_continued" : "broken_and_restarted"));
    }
  }
}

TEST_CASE("what the server ended on purpose is not mended") {
  for (const char* error : {R"({"error":{"message":"no","type":"content_filter"}})",
                            R"({"error":{"message":"no","type":"exceeded_current_quota_error"}})"}) {
    Mended server(OnBreak::continue_);
    const Outcome outcome = server.cut(frames({text("Hello"), error})).read();
    REQUIRE(outcome.error);
    CHECK(outcome.error->partial->content == "Hello");
    CHECK(server.script->requests.size() == 1);
  }
  Mended server(OnBreak::continue_);
  CHECK(server.whole(frames({text("Hi"), finish("content_filter")})).read().message.finish_reason == "content_filter");
}

TEST_CASE("a restart voids what was shown, and says so where something was") {
  Mended server(OnBreak::restart);
  server.cut(frames({thinking("Hm"), text("Hel")}), reset()).whole(whole_stream());
  const Outcome outcome = server.read();
  check_ended(outcome, "Hello");
  CHECK(outcome.message.reasoning == "Well.");
  CHECK(folded(outcome).reasoning == "Well.");
  bool seen = false;
  for (const ks::Event& event : outcome.events)
    if (const auto* restarted = std::get_if<ks::Restarted>(&event)) {
      seen = true;
      CHECK(restarted->attempt == 2);
      CHECK(restarted->reason.find("reset by peer") != std::string::npos);
    }
  CHECK(seen);
  CHECK(server.sent(1).find("messages")->items().size() == 1);
}

TEST_CASE("before the first event a break is a retry, whatever on_break says") {
  const std::string role = frames({delta(R"("role":"assistant","content":"")")});
  for (const OnBreak on_break : {OnBreak::restart, OnBreak::continue_}) {
    Mended server(on_break, 1);
    server.cut(role, reset()).whole(whole_stream());
    const Outcome outcome = server.read();
    check_ended(outcome, "Hello");
    CHECK(outcome.message.resumed == 0);
    CHECK(count(outcome, "restarted") == 0);
    CHECK(outcome.warned("retried"));
    Mended again(on_break, 0);
    CHECK(again.cut(role, reset()).read().error);
  }
}

TEST_CASE("breaks in the reasoning, in a call, and at rows without prefill are restarts") {
  const std::string call =
      delta(R"("tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}])");
  struct Row {
    const char* provider;
    std::vector<std::string> comes;
  };
  for (const Row& row : {Row{"moonshot", {thinking("Hm")}}, Row{"moonshot", {text("Hi"), call}},
                         Row{"moonshot", {text(" \n")}}, Row{"tokenhub", {text("Hel")}}}) {
    Mended server(OnBreak::continue_);
    server.wanted.provider = row.provider;
    server.cut(frames(row.comes), reset()).whole(whole_stream());
    const Outcome outcome = server.read();
    check_ended(outcome, "Hello");
    CHECK(outcome.message.tool_calls.empty());
    CHECK(count(outcome, "restarted") == 1);
    CHECK(outcome.warned("broken_and_restarted"));
    CHECK(count(outcome, "tool_call") == 0);
  }
}

TEST_CASE("max_breaks are mended, and the next one is raised with what counts") {
  Mended server(OnBreak::continue_);
  server.wanted.max_breaks = 2;
  server.cut(frames({text("a")}), reset()).cut(frames({text("b")}), reset()).cut(frames({text("c")}), reset());
  const Outcome outcome = server.read();
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(outcome.error->partial->content == "abc");
  CHECK(outcome.error->partial->resumed == 2);
  CHECK(server.script->requests.size() == 3);
  CHECK(server.prefix(2) == "ab");
}

TEST_CASE("a later attempt that brings nothing leaves what had been shown") {
  Mended server(OnBreak::restart);
  server.cut(frames({text("Hel")}), reset()).refuse(400);
  Outcome outcome = server.read();
  REQUIRE(outcome.error);
  CHECK(outcome.error->status_code == 400);
  REQUIRE(outcome.error->partial);
  CHECK(outcome.error->partial->content == "Hel");
  CHECK(outcome.error->partial->resumed == 0);
  CHECK(count(outcome, "restarted") == 0);
}

TEST_CASE("a later attempt that only counts tokens leaves what had been shown, and its tokens count") {
  Mended server(OnBreak::restart);
  server.wanted.max_breaks = 1;
  const Outcome outcome = server.cut(frames({text("Hel")}), reset()).cut(frames({usage(5, 1)}), reset()).read();
  REQUIRE(outcome.error);
  CHECK(outcome.error->partial->content == "Hel");
  CHECK(outcome.error->partial->usage.value_or(ks::Usage{}).prompt_tokens == 5);
  CHECK(count(outcome, "restarted") == 0);
}

TEST_CASE("a refused continuation becomes a restart, and counts as the same break") {
  Mended server(OnBreak::continue_);
  server.wanted.max_breaks = 1;
  server.cut(frames({text("Hel")}), reset()).refuse(400, "partial is not taken").whole(whole_stream());
  const Outcome outcome = server.read();
  check_ended(outcome, "Hello");
  CHECK(outcome.message.resumed == 1);
  CHECK(outcome.warned("continuation_refused"));
  CHECK(outcome.warned("broken_and_restarted"));
  CHECK_FALSE(outcome.warned("broken_and_continued"));
  CHECK(count(outcome, "restarted") == 1);
  CHECK(server.prefix(1) == "Hel");
  CHECK(server.prefix(2) == "(none)");
}

TEST_CASE("a continuation that cannot be answered now is tried again as retries are, then raised with what had come") {
  Mended server(OnBreak::continue_, 2);
  server.cut(frames({text("Hello")}), reset()).refuse(429).refuse(503).whole(frames({text(" world")}) + rest_of);
  Outcome outcome = server.read();
  check_ended(outcome, "Hello world");
  CHECK(outcome.message.resumed == 1);
  CHECK(server.prefix(3) == "Hello");
  Mended again(OnBreak::continue_, 1);
  again.cut(frames({text("Hello")}), reset()).refuse(429).refuse(429);
  outcome = again.read();
  REQUIRE(outcome.error);
  CHECK(outcome.error->status_code == 429);
  CHECK(outcome.error->partial->content == "Hello");
  Mended gone(OnBreak::continue_);
  gone.cut(frames({text("Hello")}), reset());  // and then nobody is there
  outcome = gone.read();
  REQUIRE(outcome.error);
  CHECK(outcome.error->kind == ks::ErrorKind::connection);
  CHECK(outcome.error->partial->content == "Hello");
}

TEST_CASE("an echo, reasoning, and half of an emoji at the joint") {
  const std::string said = "The quick brown fox jumps over the lazy dog";
  Mended server(OnBreak::continue_);
  server.cut(frames({text(said)}) + sse(R"({"choices":[{"index":0,"delta":{"content":"\ud83d"}}]})"), reset());
  server.whole(frames({thinking("Again"), text(said.substr(0, 9)), text(said.substr(9) + " \xF0\x9F\x90\xB6")}) +
               rest_of);
  const Outcome outcome = server.read();
  check_ended(outcome, said + " \xF0\x9F\x90\xB6");
  CHECK_FALSE(outcome.message.reasoning);
  CHECK(count(outcome, "thinking") == 0);
  CHECK(outcome.warned("reasoning_left_out"));
  CHECK(server.prefix(1) == said);
}

TEST_CASE("a new <think> at the joint, where the row's answers have it in the text and where they do not") {
  for (const char* provider : {"moonshot", "vllm", "ktransformers"}) {
    CAPTURE(provider);
    Mended server(OnBreak::continue_);
    server.wanted.provider = provider;
    server.wanted.base_url = "http://localhost:1/v1";
    server.cut(frames({text("<think>Hm</think>Ten, 11,")}), reset());
    server.whole(frames({text("<thi"), text("nk>So.</think> 12"), text(".")}) + rest_of);
    const Outcome outcome = server.read();
    const bool parts = std::string(provider) != "moonshot";
    check_ended(outcome, std::string(parts ? "" : "<think>Hm</think>") + "Ten, 11, 12.");
    CHECK(outcome.message.reasoning.value_or("") == (parts ? "Hm" : ""));
    CHECK(outcome.warned("reasoning_left_out"));
  }
}

TEST_CASE("an attempt that brings nothing but an echo is a break of its own") {
  const std::string said = "The quick brown fox jumps over the lazy dog";
  Mended server(OnBreak::continue_);
  server.cut(frames({text(said)}), reset()).cut(frames({text(said.substr(0, 20))}), reset());
  server.whole(frames({text("!")}) + rest_of);
  const Outcome outcome = server.read();
  check_ended(outcome, said + "!");
  CHECK(outcome.message.resumed == 2);
  CHECK(server.prefix(2) == said);
}

TEST_CASE("tokens are summed over all attempts, as far as they are told") {
  const std::string told = sse(usage(10, 2));
  for (const OnBreak on_break : {OnBreak::restart, OnBreak::continue_}) {
    Mended server(on_break);
    server.cut(frames({text("Hello")}) + told, reset()).cut(frames({text("!")}), reset());
    server.whole(frames({text("?")}) + rest_of);
    const Outcome outcome = server.read();
    if (outcome.error) FAIL_CHECK(outcome.error->message);
    CHECK(outcome.message.usage == ks::Usage{.prompt_tokens = 15, .completion_tokens = 8, .total_tokens = 23});
    CHECK(folded(outcome).usage == outcome.message.usage);
  }
}

TEST_CASE("max tokens shrink where an answer is gone on with") {
  ks::Request request = one_plus_one;
  request.max_tokens = 100;
  Mended server(OnBreak::continue_);
  server.cut(frames({thinking(std::string(40, 'x')), text(std::string(80, 'y'))}), reset());
  server.cut(frames({text("z")}) + sse(usage(9, 50)), reset()).whole(frames({text("!")}) + rest_of);
  CHECK_FALSE(server.read(request).error);
  CHECK(server.sent(1).text_of("max_completion_tokens") == "70");  // four bytes a token
  CHECK(server.sent(2).text_of("max_completion_tokens") == "50");  // as the provider has counted
}

TEST_CASE("an answer that max_tokens has cut is continued as often as wanted, with one Finish") {
  ks::Request request = one_plus_one;
  request.max_tokens = 4;
  const auto part = [](std::string said, const char* reason) {
    return frames({text(std::move(said)), finish(reason), usage(1, 4)}) + std::string(done);
  };
  Mended server(OnBreak::raise);
  server.wanted.continue_on_length = 2;
  server.whole(part("One ", "length")).whole(part(" two", "length")).whole(part(" three", "stop"));
  Outcome outcome = server.read(request);
  check_ended(outcome, "One two three");
  CHECK(outcome.message.resumed == 0);
  CHECK(outcome.message.usage == ks::Usage{.prompt_tokens = 3, .completion_tokens = 12, .total_tokens = 15});
  CHECK(server.sent(2).text_of("max_completion_tokens") == "4");
  CHECK(server.prefix(2) == "One two");

  Mended once(OnBreak::raise);
  once.wanted.continue_on_length = 1;
  outcome = once.whole(part("One", "length")).whole(part(" two", "length")).read(request);
  CHECK_FALSE(outcome.error);
  CHECK(outcome.message.content == "One two");
  CHECK(outcome.message.finish_reason == "length");
  CHECK(count(outcome, "finish") == 1);
}

TEST_CASE("not continued: reasoning alone, a call that was cut, a row without prefill, a refusal") {
  const std::string call =
      delta(R"("tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\""}}])");
  for (const auto& [provider, comes] :
       {std::pair("moonshot", thinking("Hm")), std::pair("moonshot", call), std::pair("tokenhub", text("Hi"))}) {
    Mended server(OnBreak::raise);
    server.wanted.provider = provider;
    server.wanted.continue_on_length = 3;
    const Outcome outcome = server.whole(frames({comes, finish("length")}) + std::string(done)).read();
    if (outcome.error) FAIL_CHECK(outcome.error->message);
    CHECK(outcome.message.finish_reason == "length");
    CHECK(server.script->requests.size() == 1);
    CHECK(outcome.warned("not_continued") == (std::string(provider) == "tokenhub"));
  }
  Mended server(OnBreak::raise);
  server.wanted.continue_on_length = 1;
  const Outcome outcome = server.whole(frames({text("Hi"), finish("length")}) + std::string(done)).refuse(400).read();
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  CHECK(outcome.message.content == "Hi");
  CHECK(outcome.message.finish_reason == "length");
  CHECK(count(outcome, "finish") == 1);
  CHECK(outcome.warned("continuation_refused"));
}

TEST_CASE("a break within what max_tokens had cut is mended like others, and counts the tokens of its own part") {
  ks::Request request = one_plus_one;
  request.max_tokens = 10;
  Mended server(OnBreak::continue_);
  server.wanted.continue_on_length = 1;
  server.whole(frames({text("One"), finish("length"), usage(1, 10)}) + std::string(done));
  server.cut(frames({text(" two three")}), reset()).whole(frames({text(" four")}) + rest_of);
  const Outcome outcome = server.read(request);
  check_ended(outcome, "One two three four");
  CHECK(outcome.message.resumed == 1);
  CHECK(server.sent(2).text_of("max_completion_tokens") == "8");
}

TEST_CASE("a stop word that had begun before the break ends the answer") {
  ks::Request request = one_plus_one;
  request.stop = {"STOP"};
  Mended server(OnBreak::continue_);
  server.cut(frames({text("Hello ST")}), reset()).whole(frames({text("OP and on"), text(" and on")}) + rest_of);
  check_ended(server.read(request), "Hello ST");
}

TEST_CASE("the OpenAI shape goes on with the same id, and is not restarted behind what it has shown") {
  const auto other = [](std::string frame) {
    for (std::size_t at; (at = frame.find("chatcmpl-1")) != std::string::npos;) frame.replace(at, 10, "chatcmpl-2");
    return frame;
  };
  std::optional<ks::Error> error;
  Mended server(OnBreak::continue_);
  server.cut(frames({delta(R"("role":"assistant","content":"")"), text("Hello ")}) + sse(usage(1, 2)), reset());
  server.whole(
      other(frames({delta(R"("role":"assistant","content":"")"), thinking("Hm"), text(" wor"), text("ld")}) + rest_of));
  std::string said, finish_reason;
  const std::vector<ks::Chunk> chunks = server.chunks(error);
  CHECK_FALSE(error);
  std::size_t roles = 0, usages = 0;
  for (const ks::Chunk& chunk : chunks) {
    const Tree frame = Tree::parse(chunk.json());
    CHECK(frame.text_of("id") == "chatcmpl-1");
    roles += chunk.json().find("\"role\"") != std::string::npos;
    said += chunk.content.value_or("");
    CHECK(chunk.reasoning.value_or("").empty());
    if (!chunk.finish_reason.empty()) finish_reason = chunk.finish_reason;
    if (const Tree* usage = frame.find("usage"); usage && usage->is(Tree::Kind::object) && ++usages == 2)
      CHECK(usage->text_of("total_tokens") == "14");
  }
  CHECK(said == "Hello world");
  CHECK(finish_reason == "stop");
  CHECK(roles == 1);
  CHECK(usages == 2);

  for (const std::string& said_before : {text("Hello"), thinking("Hm")}) {
    Mended restarting(OnBreak::restart);
    error.reset();
    (void)restarting.cut(frames({said_before}), reset()).chunks(error);
    REQUIRE(error);
    CHECK(error->kind == ks::ErrorKind::incomplete_stream);
    REQUIRE(error->partial);
    CHECK(restarting.script->requests.size() == 1);
  }
}

TEST_CASE("a refused continuation that cannot become a restart is an error with what had come") {
  std::optional<ks::Error> error;
  Mended server(OnBreak::continue_);
  server.cut(frames({text("Hello")}), reset()).refuse(400, "partial is not taken");
  (void)server.chunks(error);
  REQUIRE(error);
  CHECK(error->kind == ks::ErrorKind::incomplete_stream);
  CHECK(error->message.find("partial is not taken") != std::string::npos);
  CHECK(error->message.find("reset by peer") != std::string::npos);
  REQUIRE(error->partial);
  CHECK(error->partial->content == "Hello");
  CHECK(server.script->requests.size() == 2);
}

TEST_CASE("where a refused continuation of a chunked answer was one of max_tokens, the answer ends as it was") {
  std::optional<ks::Error> error;
  Mended server(OnBreak::raise);
  server.wanted.continue_on_length = 1;
  server.whole(frames({text("Hi"), finish("length")}) + std::string(done)).refuse(400);
  const std::vector<ks::Chunk> chunks = server.chunks(error);
  CHECK_FALSE(error);
  REQUIRE_FALSE(chunks.empty());
  CHECK(chunks.front().content == "Hi");
  CHECK(chunks.back().finish_reason == "length");
}

TEST_CASE("whole answers are asked for as streams where they may be mended") {
  for (const OnBreak on_break : {OnBreak::restart, OnBreak::continue_}) {
    Mended server(on_break);
    const bool goes_on = on_break == OnBreak::continue_;
    server.cut(frames({text("Hello")}), reset()).whole(frames({text(goes_on ? " world" : "Hello world")}) + rest_of);
    ks::Client client(server.wanted);
    const ks::Message message = client.complete(one_plus_one);
    CHECK(message.content == "Hello world");
    CHECK(message.resumed == 1);
    CHECK(server.sent(0).contains(Tree::parse(R"({"stream":true})")));
    CHECK(server.script->requests[0].headers.find("accept") == "text/event-stream");

    server.cut(frames({text("Hello")}) + sse(usage(1, 2)), reset());
    server.whole(frames({text(goes_on ? " world" : "Hello world")}) + rest_of);
    ks::Stream stream = client.start(one_plus_one, false, ks::Shape::chunks);
    const auto chunk = stream.next_chunk();
    REQUIRE(chunk);
    const Tree whole = Tree::parse(chunk->json());
    CHECK(whole.text_of("object") == "chat.completion");
    CHECK(whole.find("choices")->items().at(0).find("message")->text_of("content") == "Hello world");
    CHECK(whole.find("usage")->text_of("total_tokens") == "14");
    CHECK_FALSE(stream.next_chunk());
  }
  Mended server(OnBreak::restart);
  server.answer_json(whole_body());  // some servers answer as they like
  ks::Client client(server.wanted);
  CHECK(client.complete(one_plus_one).content == "Hello");
}

TEST_CASE("a whole body that max_tokens has cut is continued") {
  for (const ks::Shape shape : {ks::Shape::events, ks::Shape::chunks}) {
    Mended server(OnBreak::raise);
    server.wanted.continue_on_length = 1;
    std::string cut = whole_body("Hello");
    cut.replace(cut.find("\"stop\""), 6, "\"length\"");
    server.answer_json(cut).answer_json(whole_body(" world"));
    ks::Client client(server.wanted);
    ks::Stream stream = client.start(one_plus_one, false, shape);
    const auto chunk = shape == ks::Shape::chunks ? stream.next_chunk() : std::nullopt;
    CHECK(stream.message().content == "Hello world");
    CHECK(stream.message().finish_reason == "stop");
    if (chunk) {
      const Tree whole = Tree::parse(chunk->json());
      CHECK(whole.find("choices")->items().at(0).find("message")->text_of("content") == "Hello world");
    }
  }
}

TEST_CASE("many at once are mended, too") {
  Mended server(OnBreak::continue_);
  server.cut(frames({text("Hello")}), reset()).whole(frames({text(" world")}) + rest_of);
  ks::Client client(server.wanted);
  std::vector<ks::Result> results;
  client.run_all(std::vector{one_plus_one}, [&](ks::Result result) { results.push_back(std::move(result)); });
  REQUIRE(results.size() == 1);
  REQUIRE(results[0].message);
  CHECK(results[0].message->content == "Hello world");
}

TEST_CASE("the request's own word comes before the client's, and what makes no sense is refused") {
  Mended server(OnBreak::continue_);
  ks::Request request = one_plus_one;
  request.on_break = OnBreak::raise;
  CHECK(server.cut(frames({text("Hello")}), reset()).read(request).error);
  request.on_break.reset();
  request.max_breaks = 0;
  CHECK(server.cut(frames({text("Hello")}), reset()).read(request).error);
  request.max_breaks = -1;
  CHECK_THROWS_AS((void)server.read(request), ks::Exception);
  server.wanted.continue_on_length = -1;
  CHECK_THROWS_AS(ks::Client(server.wanted), ks::Exception);
}

TEST_CASE("what a reader has taken for good is not restarted") {
  Mended server(OnBreak::restart);
  server.cut(frames({text("Hello")}), reset());
  ks::Client client(server.wanted);
  ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
  REQUIRE(stream.next());
  stream.cannot_take_back();
  try {
    while (stream.next()) continue;
    FAIL_CHECK("no error");
  } catch (const ks::Exception& exception) {
    CHECK(exception.error().kind == ks::ErrorKind::incomplete_stream);
    CHECK(exception.error().partial->content == "Hello");
  }
  CHECK(server.script->requests.size() == 1);
}

TEST_CASE("what was not handed over yet is dropped without a word") {
  Mended server(OnBreak::restart);
  server.cut(frames({text("Hel")}), reset()).whole(whole_stream());
  ks::Client client(server.wanted);
  ks::Reactor reactor(client);
  ks::Stream stream = reactor.start(one_plus_one, true, ks::Shape::events);
  // Nobody takes anything until all of it is there.
  while (stream.state() != ks::Stream::State::ended && !stream.partial().finish_reason)
    reactor.pump(std::chrono::milliseconds(1));
  Outcome outcome = read_all(stream);
  check_ended(outcome, "Hello");
  CHECK(count(outcome, "restarted") == 0);
  CHECK(outcome.message.resumed == 1);
}

TEST_CASE("closing in the pause before the next attempt ends the answer at once") {
  Mended server(OnBreak::continue_);
  server.cut(frames({text("Hello"), R"({"error":{"message":"busy","type":"engine_overloaded_error"}})"}), {});
  ks::Client client(server.wanted);
  ks::Stream stream = client.start(one_plus_one, true, ks::Shape::events);
  REQUIRE(stream.next());
  stream.close();
  CHECK_FALSE(stream.next());
  CHECK(stream.partial().content == "Hello");
  CHECK(server.script->requests.size() == 1);
}
