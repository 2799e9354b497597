// The transport that plays prepared answers.
#include "kimistream/scripted_transport.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace ks = kimistream;
using std::chrono::milliseconds;

namespace {

struct Received final : ks::Receiver {
  void on_head(ks::ResponseHead head) override { status = head.status; }
  bool on_body(std::string_view block) override {
    if (refuse) return false;
    body.append(block);
    if (drop) drop->reset();
    return true;
  }
  void on_end(std::optional<ks::Error> error) override {
    ended = true;
    failed = error.has_value();
  }
  std::string body;
  std::unique_ptr<ks::Exchange>* drop = nullptr;
  int status = 0;
  bool refuse = false, ended = false, failed = false;
};

struct Stage {
  std::shared_ptr<ks::Script> script = std::make_shared<ks::Script>();
  std::unique_ptr<ks::Transport> transport = ks::scripted_transport(script)();
  Received received;
  void pump(int times = 10) const {
    for (int i = 0; i < times; ++i) transport->pump(milliseconds(0));
  }
};

}  // namespace

TEST_CASE("a scripted answer comes block by block, and the request is written down") {
  Stage stage;
  stage.script->responses.push_back({.status = 201, .blocks = {"a", "b"}});
  const auto exchange = stage.transport->start({.url = "http://x/y"}, stage.received);
  stage.pump(2);
  CHECK(stage.received.status == 201);
  CHECK(stage.received.body == "a");
  stage.pump();
  CHECK(stage.received.body == "ab");
  CHECK(stage.received.ended);
  CHECK_FALSE(stage.received.failed);
  REQUIRE(stage.script->requests.size() == 1);
  CHECK(stage.script->requests[0].url == "http://x/y");
}

TEST_CASE("a script that is over fails the connection, and a scripted error does so behind its blocks") {
  Stage stage;
  const auto none = stage.transport->start({}, stage.received);
  stage.pump();
  CHECK(stage.received.failed);
  CHECK(stage.received.status == 0);
  Received second;
  stage.script->responses.push_back({.blocks = {"a"}, .error = ks::Error{}});
  const auto exchange = stage.transport->start({}, second);
  stage.pump();
  CHECK(second.body == "a");
  CHECK(second.failed);
}

TEST_CASE("refused bytes are given again") {
  Stage stage;
  stage.script->responses.push_back({.blocks = {"a", "b"}});
  const auto exchange = stage.transport->start({}, stage.received);
  stage.received.refuse = true;
  stage.pump();
  CHECK(stage.received.body.empty());
  stage.received.refuse = false;
  stage.pump();
  CHECK(stage.received.body.empty());
  exchange->resume();
  stage.pump();
  CHECK(stage.received.body == "ab");
}

TEST_CASE("a receiver may let go of its exchange, and the transport may go first") {
  Stage stage;
  stage.script->responses.push_back({.blocks = {std::string(1000, 'a'), "b"}});
  stage.script->responses.push_back({.blocks = {"c"}, .never_ends = true});
  auto exchange = stage.transport->start({}, stage.received);
  stage.received.drop = &exchange;
  stage.pump();
  CHECK(stage.received.body.size() == 1000);
  CHECK_FALSE(stage.received.ended);
  Received second;
  auto other = stage.transport->start({}, second);
  stage.pump();
  stage.transport.reset();
  other->resume();
  other.reset();
  CHECK(second.body == "c");
}
