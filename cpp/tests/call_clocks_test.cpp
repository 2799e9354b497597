// A call's clocks, driven in made-up time: nothing here waits.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "call.hpp"
#include "kimistream/scripted_transport.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr ks::ClockLimits usual{.connect = seconds(5), .first_event = seconds(100), .idle = seconds(50)};

/// A call whose answers are prepared; the time is what the test says it is.
struct Timed {
  explicit Timed(ks::ClockLimits limits, std::vector<ks::ScriptedResponse> answers, ks::CallSetup setup = {})
      : script(std::make_shared<ks::Script>()) {
    for (auto& answer : answers) script->responses.push_back(std::move(answer));
    transport = ks::scripted_transport(script)();
    setup.provider = &ks::provider_named("moonshot");
    setup.limits = limits;
    setup.retry.total_seconds = std::min(900.0, std::chrono::duration<double>(limits.total).count());
    setup.max_event_bytes = setup.max_body_bytes = 1 << 20;
    call = std::make_unique<ks::Call>(std::move(setup));
    call->start(*transport);
    begin = ks::Clock::now();
  }

  /// All that is prepared comes, at once.
  Timed& reads() {
    for (int i = 0; i < 20; ++i) (void)transport->pump(milliseconds(0));
    return *this;
  }
  Timed& takes_all() {
    ks::Event event;
    while (call->take(event)) continue;
    return *this;
  }
  /// So long after the beginning, with room for the real time that passes in this test.
  [[nodiscard]] ks::Clock::time_point at(seconds later) const { return begin + later; }
  Timed& looks(seconds later) {
    call->on_time(at(later));
    return *this;
  }
  [[nodiscard]] std::string clock() const { return call->failed() ? call->error().clock : "none"; }
  [[nodiscard]] std::string partial() const {
    return call->failed() && call->error().partial ? std::string(call->error().partial->text()) : "none";
  }

  std::shared_ptr<ks::Script> script;
  std::unique_ptr<ks::Transport> transport;
  std::unique_ptr<ks::Call> call;
  ks::Clock::time_point begin;
};

ks::ScriptedResponse open_stream(std::vector<std::string> blocks) {
  ks::ScriptedResponse response{.blocks = std::move(blocks)};
  response.never_ends = true;
  return response;
}

ks::ScriptedResponse silent() {
  ks::ScriptedResponse response{.status = 0};
  response.never_ends = true;
  return response;
}

ks::ScriptedResponse overloaded() {
  ks::ScriptedResponse response{.status = 503};
  response.headers = {{"Content-Type", "application/json"}, {"Retry-After", "30"}};
  response.blocks = {R"({"error":{"message":"busy"}})"};
  return response;
}

const std::string role = sse(delta(R"("role":"assistant","content":"")"));

}  // namespace

TEST_CASE("comments, blank lines and pings are no events") {
  for (const std::string& nothing : {std::string(": ping\n\n"), std::string("\n\n"), std::string("data:\n\n"),
                                     std::string("event: ping\ndata: {\"type\": \"ping\"}\n\n")}) {
    CAPTURE(nothing);
    ks::CallSetup setup;
    Timed before(usual, {open_stream({nothing})});
    CHECK(before.reads().looks(seconds(99)).clock() == "none");
    CHECK(before.looks(seconds(101)).clock() == "first_event");
    Timed behind(usual, {open_stream({sse(text("Hi")), nothing})});
    CHECK(behind.reads().looks(seconds(49)).clock() == "none");
    CHECK(behind.looks(seconds(51)).clock() == "idle");
    CHECK(behind.partial() == "Hi");
  }
}

TEST_CASE("a role alone is an event in the OpenAI shape only, where it is shown") {
  Timed events(usual, {open_stream({role})});
  CHECK(events.reads().looks(seconds(51)).clock() == "none");
  CHECK(events.looks(seconds(101)).clock() == "first_event");
  ks::CallSetup setup;
  setup.shape = ks::Shape::chunks;
  Timed chunks(usual, {open_stream({role})}, std::move(setup));
  CHECK(chunks.reads().looks(seconds(51)).clock() == "idle");
}

TEST_CASE("data that is no JSON is told once, and is no event of the answer") {
  Timed timed(usual, {open_stream({"data: OPENROUTER PROCESSING\n\n"})});
  CHECK(timed.reads().looks(seconds(51)).clock() == "none");
  CHECK(timed.looks(seconds(101)).clock() == "first_event");
}

TEST_CASE("text that is held back, for it may be markup, is the answer's going on") {
  ks::CallSetup setup;
  setup.offer = offering();
  Timed timed(usual,
              {open_stream({sse(text("<|tool_calls_section_begin|>")),
                            sse(text("<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"a\""))})},
              std::move(setup));
  timed.reads().takes_all();
  CHECK_FALSE(timed.call->has_item());
  CHECK(timed.looks(seconds(49)).clock() == "none");
  CHECK(timed.looks(seconds(51)).clock() == "idle");  // not first_event: something has come
}

TEST_CASE("blanks before a whole answer are no event, its bytes are") {
  ks::ScriptedResponse blanks = open_stream({"\n", " \r\n"}), begun = open_stream({"\n", "{\"choices\""});
  blanks.headers = begun.headers = {{"Content-Type", "application/json"}};
  Timed waiting(usual, {blanks});
  CHECK(waiting.reads().looks(seconds(99)).clock() == "none");
  CHECK(waiting.looks(seconds(101)).clock() == "first_event");
  Timed reading(usual, {begun});
  CHECK(reading.reads().looks(seconds(51)).clock() == "idle");
}

TEST_CASE("nobody waits: neither first event nor silence runs out, and both do once somebody waits again") {
  for (const bool begun : {false, true}) {
    CAPTURE(begun);
    Timed timed(usual, {open_stream(begun ? std::vector{sse(text("Hi"))} : std::vector<std::string>{})});
    timed.reads().takes_all().call->reader_leaves();
    CHECK(timed.looks(seconds(3'600)).clock() == "none");
    CHECK(timed.call->deadline() > timed.at(seconds(3'600)));
    timed.call->reader_waits(timed.at(seconds(3'700)));
    CHECK(timed.looks(seconds(3'749)).clock() == "none");
    CHECK(timed.looks(seconds(3'801)).clock() == (begun ? "idle" : "first_event"));
  }
}

TEST_CASE("the first event's clock is tried again, the total's is not") {
  ks::ClockLimits limits = usual;
  limits.total = seconds(150);
  Timed timed(limits, {silent(), silent(), silent()});
  CHECK(timed.looks(seconds(101)).clock() == "none");
  CHECK(timed.call->deadline() < timed.at(seconds(110)));  // a pause, then the next attempt
  CHECK(timed.looks(seconds(115)).clock() == "none");
  CHECK(timed.script->requests.size() == 2);
  CHECK(timed.looks(seconds(151)).clock() == "total");
  CHECK(timed.script->requests.size() == 2);
}

TEST_CASE("a pause that would outlast the total is not begun: the attempt's error is told at once") {
  ks::ClockLimits limits = usual;
  limits.total = seconds(20);
  Timed timed(limits, {overloaded(), overloaded()});
  timed.reads();
  REQUIRE(timed.call->failed());
  CHECK(timed.call->error().status_code == 503);
  CHECK(timed.call->error().clock.empty());
  limits.total = seconds(40);
  Timed patient(limits, {overloaded(), overloaded()});
  patient.reads();
  CHECK_FALSE(patient.call->over());
  CHECK(patient.call->deadline() < patient.at(seconds(31)));
  CHECK(patient.looks(seconds(41)).clock() == "total");  // whoever drives it was late
}

TEST_CASE("the total runs while nobody waits, and what had come is in the error") {
  ks::ClockLimits limits = usual;
  limits.total = seconds(40);
  Timed timed(limits, {open_stream({sse(text("Hi"))})});
  timed.reads().call->reader_leaves();
  CHECK(timed.call->deadline() < timed.at(seconds(41)));
  CHECK(timed.looks(seconds(39)).clock() == "none");
  timed.looks(seconds(41)).reads();  // what lay there unread is still read
  CHECK(timed.looks(seconds(41)).clock() == "total");
  CHECK(timed.partial() == "Hi");
  ks::Event event;
  CHECK(timed.call->take(event));  // and what was queued is handed over
}

TEST_CASE("an answer whose end lay there unread as the total ran out is complete") {
  ks::ClockLimits limits = usual;
  limits.total = seconds(40);
  Timed timed(limits, {ks::ScriptedResponse{.blocks = {sse(text("Hi")), sse(finish("stop")), std::string(done)}}});
  (void)timed.transport->pump(milliseconds(0));
  (void)timed.transport->pump(milliseconds(0));
  timed.looks(seconds(41)).reads();
  CHECK(timed.call->over());
  CHECK_FALSE(timed.call->failed());
  CHECK(timed.call->message().text() == "Hi");
}

TEST_CASE("a full queue is read to what is there before the total is told") {
  ks::ClockLimits limits = usual;
  limits.total = seconds(40);
  std::string block;
  for (int i = 0; i < 600; ++i) block += sse(text("x"));
  Timed timed(limits, {ks::ScriptedResponse{.blocks = {block, block, sse(finish("stop")), std::string(done)}}});
  timed.reads();
  CHECK_FALSE(timed.call->over());  // nobody takes what has come
  timed.looks(seconds(41)).reads();
  CHECK(timed.call->over());
  CHECK_FALSE(timed.call->failed());
  CHECK(timed.call->message().text().size() == 1'200);
}

TEST_CASE("a finish reason that has come is a complete answer, whatever the total") {
  ks::ClockLimits limits = usual;
  limits.total = seconds(40);
  Timed timed(limits, {open_stream({sse(text("Hi")), sse(finish("stop"))})});
  timed.reads().looks(seconds(41)).looks(seconds(41));
  CHECK(timed.call->over());
  CHECK_FALSE(timed.call->failed());
  CHECK(timed.call->message().finish_reason == "stop");
}

TEST_CASE("an error status counts for more than the clock that ran out over its body") {
  ks::ClockLimits limits = usual;
  limits.total = seconds(40);
  ks::ScriptedResponse refusal = overloaded();
  refusal.status = 401;
  refusal.never_ends = true;
  Timed timed(limits, {refusal});
  timed.reads().looks(seconds(41));
  REQUIRE(timed.call->failed());
  CHECK(timed.call->error().status_code == 401);
}

namespace {

/// An exchange that has no connection yet.
class Connecting final : public ks::Transport, public ks::Exchange {
 public:
  explicit Connecting(std::optional<ks::Clock::time_point>& since) : since_(&since) {}
  std::unique_ptr<ks::Exchange> start(const ks::HttpRequest&, ks::Receiver&) override {
    return std::make_unique<Connecting>(*since_);
  }
  bool pump(milliseconds) override { return true; }
  void wake() noexcept override {}
  [[nodiscard]] int descriptor() const noexcept override { return -1; }
  void set_alarm(ks::Clock::time_point) override {}
  void resume() override {}
  void detach() override {}
  [[nodiscard]] std::optional<ks::Clock::time_point> connected() const override { return *since_; }

 private:
  std::optional<ks::Clock::time_point>* since_;
};

}  // namespace

TEST_CASE("as long as there is no connection, the first event's clock has not begun") {
  std::optional<ks::Clock::time_point> since;
  Connecting transport(since);
  ks::CallSetup setup;
  setup.provider = &ks::provider_named("moonshot");
  setup.limits = usual;
  setup.retry.max_retries = 0;
  ks::Call call(std::move(setup));
  call.start(transport);
  const auto begin = ks::Clock::now();
  call.on_time(begin + seconds(500));
  CHECK_FALSE(call.over());
  since = begin + seconds(550);
  call.on_time(begin + seconds(600));
  CHECK_FALSE(call.over());
  call.on_time(begin + seconds(651));
  REQUIRE(call.failed());
  CHECK(call.error().clock == "first_event");
}
