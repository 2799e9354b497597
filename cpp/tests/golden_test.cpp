// Every golden transcript, whole, byte by byte, and split at every offset: the same events, the same message.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "kimistream/kimistream.hpp"
#include "support/golden.hpp"

namespace ks = kimistream;
using ks::testing::Golden;

namespace {

struct Outcome {
  std::vector<ks::Event> events;
  std::optional<ks::Error> error;
  ks::Message message;
};

// One client for all slices of a transcript.
class Player {
 public:
  explicit Player(const Golden& golden) : golden_(golden) {
    if (golden.offers) request_.tools.push_back(ks::testing::weather());
  }

  Outcome play(std::vector<std::string> blocks) {
    ks::ScriptedResponse response;
    response.status = golden_.status;
    if (!golden_.is_stream) response.headers = {{"Content-Type", "application/json"}};
    response.blocks = std::move(blocks);
    script_->responses.push_back(std::move(response));
    Outcome outcome;
    ks::Stream stream = client_.start(request_, golden_.is_stream, ks::Shape::events);
    try {
      while (auto event = stream.next()) outcome.events.push_back(std::move(*event));
    } catch (const ks::Exception& exception) {
      outcome.error = exception.error();
    }
    outcome.message = stream.partial();
    return outcome;
  }

 private:
  const Golden& golden_;
  ks::Request request_{.messages = {ks::user("1+1?")}};
  std::shared_ptr<ks::Script> script_ = std::make_shared<ks::Script>();
  ks::Client client_{{.provider = golden_.provider,
                      .base_url = "https://golden.invalid",
                      .api_key = "sk-golden",
                      .max_retries = 0,
                      .transport = ks::scripted_transport(script_)}};
};

std::string joined_arguments(const Outcome& outcome, std::size_t index) {
  return index < outcome.message.tool_calls.size()
             ? ks::testing::canonical_json(outcome.message.tool_calls[index].arguments)
             : std::string();
}

void check(const Golden& golden, const Outcome& outcome) {
  CAPTURE(golden.name);
  if (golden.error_expected) {
    REQUIRE(outcome.error);
    if (golden.error_status) CHECK(outcome.error->status_code == golden.error_status);
    if (golden.error_incomplete) CHECK(outcome.error->kind == ks::ErrorKind::incomplete_stream);
    if (golden.retryable) CHECK(outcome.error->retryable == *golden.retryable);
    if (golden.retry_after) CHECK(outcome.error->retry_after == golden.retry_after);
    if (golden.content && !golden.content->empty()) {
      REQUIRE(outcome.error->partial);
      CHECK(outcome.error->partial->content == golden.content);
    }
    return;
  }
  if (outcome.error) FAIL_CHECK(outcome.error->message);
  const ks::Message& message = outcome.message;
  if (golden.checks_reasoning) CHECK(message.reasoning == golden.reasoning);
  if (golden.checks_content) CHECK(message.content == golden.content);
  if (golden.finish_reason) CHECK(message.finish_reason == golden.finish_reason);
  if (golden.checks_tool_calls) {
    REQUIRE(message.tool_calls.size() == golden.tool_calls.size());
    for (std::size_t i = 0; i < golden.tool_calls.size(); ++i) {
      CHECK(message.tool_calls[i].name == golden.tool_calls[i].first);
      CHECK(joined_arguments(outcome, i) == golden.tool_calls[i].second);
      CHECK(message.tool_calls[i].complete);
    }
  }
  if (golden.usable) {
    std::vector<std::pair<std::string, std::string>> usable;
    for (const ks::ToolCall& call : message.tool_calls)
      if (call.complete) usable.emplace_back(call.name, ks::testing::canonical_json(call.arguments));
    CHECK(usable == *golden.usable);
  }
  if (golden.prompt_tokens) {
    REQUIRE(message.usage);
    CHECK(message.usage->prompt_tokens == golden.prompt_tokens);
    CHECK(message.usage->completion_tokens == golden.completion_tokens);
    CHECK(message.usage->total_tokens == golden.total_tokens);
  }
  if (golden.warning) CHECK_FALSE(message.warnings.empty());
}

}  // namespace

TEST_CASE("golden transcripts give their messages, however they are sliced") {
  const auto all = ks::testing::load_golden();
  REQUIRE(all.size() >= 19);
  for (const Golden& golden : all) {
    Player player(golden);
    const Outcome whole = player.play({golden.wire});
    check(golden, whole);

    std::vector<std::string> bytes;
    for (const char byte : golden.wire) bytes.emplace_back(1, byte);
    const Outcome dripped = player.play(std::move(bytes));
    CAPTURE(golden.name);
    CHECK(dripped.events == whole.events);
    CHECK(dripped.message == whole.message);

    for (std::size_t cut = 1; cut < golden.wire.size(); ++cut) {
      const Outcome split = player.play({golden.wire.substr(0, cut), golden.wire.substr(cut)});
      CAPTURE(cut);
      REQUIRE(split.events == whole.events);
      REQUIRE(split.message == whole.message);
    }
  }
}
