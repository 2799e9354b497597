// Batches: what is uploaded, how they are waited for, and whose answer is whose.
#include "kimistream/batches.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/media.hpp"
#include "support/online.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

using std::chrono::milliseconds;
using Metadata = std::vector<std::pair<std::string, std::string>>;

constexpr const char* stored = R"({"id":"file_in","object":"file","purpose":"batch","status":"ready"})";

std::string state(std::string_view status, std::string_view more = "") {
  return R"({"id":"batch_1","object":"batch","status":")" + std::string(status) +
         R"(","input_file_id":"file_in","completion_window":"24h","created_at":5,"metadata":{"a":"b"},)" +
         R"("request_counts":{"completed":1,"failed":2,"total":3})" + std::string(more) + "}";
}

std::string answered(std::string_view id, std::string_view text) {
  return R"({"id":"x","custom_id":")" + std::string(id) +
         R"(","response":{"status_code":200,"request_id":"req-9","body":)" + whole_body(text) + R"(},"error":null})" +
         "\n";
}

const std::vector<ks::BatchRequest> two = {{.custom_id = "a", .request = one_plus_one},
                                           {.custom_id = "b", .request = {.messages = {ks::user("2+2?")}}}};

ks::Error thrown_by(auto&& ask) {
  try {
    ask();
  } catch (const ks::Exception& exception) {
    return exception.error();
  }
  FAIL("nothing was thrown");
  return {};
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

ks::Batch ended(std::string status = "completed") {
  return {.id = "batch_1", .status = std::move(status), .input_file_id = "file_in", .output_file_id = "file_out"};
}

}  // namespace

TEST_CASE("a batch's whole life over a real socket") {
  FaultServer server;
  const auto answers = std::array<std::string, 6>{
      stored,
      state("validating"),
      state("in_progress"),
      state("completed", R"(,"output_file_id":"file_out","error_file_id":"file_err")"),
      "\n" + std::string(R"({"custom_id":"b","error":{"message":"busy","code":429}})"),
      answered("other", "?") + "{torn\n" + answered("a", "2"),
  };
  ks::testing::Script script;
  for (std::size_t i = 0; i < answers.size(); ++i) (i ? script.attempt() : script).json(200, answers[i]);
  ks::Client client(options_for(server.base_url(script)));
  const ks::Batch begun = ks::submit_batch(client, two, {.completion_window = "12h", .metadata = {{"a", "b"}}});
  CHECK(begun.status == "validating");
  std::vector<std::string> looks;
  const ks::Batch batch = ks::wait_for_batch(
      client, begun.id, {.poll = milliseconds(1), .on_look = [&](const ks::Batch& at) { looks.push_back(at.status); }});
  CHECK(looks == std::vector<std::string>{"in_progress", "completed"});
  CHECK(batch.counts == ks::BatchCounts{.completed = 1, .failed = 2, .total = 3});
  CHECK(batch.metadata == Metadata{{"a", "b"}});
  const auto results = ks::batch_results(client, batch, std::array<std::string, 2>{"b", "a"});
  REQUIRE(results.size() == 2);
  CHECK(results[0].custom_id == "b");
  REQUIRE(results[0].error);
  CHECK_FALSE(results[0].message);
  CHECK(results[0].error->status_code == 429);
  CHECK(results[0].error->retryable);
  CHECK(has(results[0].error->message, "busy"));
  REQUIRE(results[1].message);
  CHECK(results[1].message->text() == "2");
  CHECK(results[1].message->request_id == "req-9");
  const auto received = server.received();
  REQUIRE(received.size() == 6);
  CHECK(has(received[0].request.body, R"({"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{)"));
  CHECK_FALSE(has(received[0].request.body, R"("stream")"));
  CHECK(received[1].request.body == R"({"input_file_id":"file_in","endpoint":"/v1/chat/completions",)"
                                    R"("completion_window":"12h","metadata":{"a":"b"}})");
  CHECK(server.connections() == 2);  // what makes something goes on one of its own
}

TEST_CASE("without their ids the order is the input file's, and each request is there once") {
  Offline offline;
  offline.answer({"{\"custom_id\":\"x\"}\n\n{\"custom_id\":\"y\"}\n{\"custom_id\":\"z\"}"})
      .answer({answered("z", "3") + answered("x", "1")});
  ks::Client client = offline.client();
  const auto results = ks::batch_results(client, ended("expired"));
  REQUIRE(results.size() == 3);
  CHECK(results[0].message->text() == "1");
  CHECK(has(results[1].error->message, "expired before this request was answered"));
  CHECK(results[2].message->text() == "3");
  CHECK(offline.script->requests[0].url.ends_with("/files/file_in/content"));
}

TEST_CASE("an answer costs the price of batches, or nothing that is known") {
  Offline offline;
  const std::string line = answered("a", "2");
  offline.answer({line}).answer({line});
  ks::Client client = offline.client();
  const std::array<std::string, 1> order = {"a"};
  const ks::Usage usage = *ks::batch_results(client, ended(), order)[0].message->usage;
  CHECK(usage.cost == ks::cost_of(usage, *client.price("kimi-k2.6"), true));
  CHECK(*usage.cost < *ks::cost_of(usage, *client.price("kimi-k2.6")));
  ks::ClientOptions options = offline.options();
  options.prices = {{.provider = "moonshot", .model = "kimi-k2.6", .input = 1, .output = 1, .date = "2026-01-01"}};
  ks::Client dear(options);
  const ks::Usage unknown = *ks::batch_results(dear, ended(), order)[0].message->usage;
  CHECK_FALSE(unknown.cost);
  CHECK(unknown.cost_source.empty());
}

TEST_CASE("errors of lines are as those of requests") {
  const auto error_of = [](const std::string& line) {
    Offline offline;
    offline.answer({line});
    ks::Client client = offline.client();
    const auto result = ks::batch_results(client, ended(), std::array<std::string, 1>{"a"})[0];
    CHECK_FALSE(result.message);
    REQUIRE(result.error);
    return *result.error;
  };
  const auto by_status = error_of(R"({"custom_id":"a","response":{"status_code":400,"request_id":"r","body":)"
                                  R"({"error":{"message":"no","type":"invalid_request_error"}}}})");
  CHECK(by_status.status_code == 400);
  CHECK(by_status.type == "invalid_request_error");
  CHECK(by_status.request_id == "r");
  const auto without = error_of(R"({"custom_id":"a","error":{"code":"server_error","message":"oh"}})");
  CHECK_FALSE(without.status_code);
  CHECK((without.message == "oh" && without.code == "server_error"));
  CHECK(error_of(R"({"custom_id":"a","error":"words"})").message == "words");
  CHECK(error_of(R"({"custom_id":"a","response":{"status_code":502,"body":"<html>bad"}})").status_code == 502);
  CHECK(error_of(R"({"custom_id":"a","response":{"status_code":500}})").status_code == 500);
  CHECK(has(error_of(R"({"custom_id":"a","response":null})").message, "neither"));
  CHECK(has(error_of("{\"custom_id\":\"b\"}").message, "neither of its files"));
}

TEST_CASE("why a batch as a whole failed is told at each request") {
  Offline offline;
  offline.answer_json(state("failed", R"(,"errors":{"data":[{"line":2,"message":"too long"},{"code":"odd"}]})"));
  ks::Client client = offline.client();
  const ks::Batch failed = ks::wait_for_batch(client, "batch_1");
  CHECK(failed.failure == "line 2: too long; {\"code\":\"odd\"}");
  const auto results = ks::batch_results(client, failed, std::array<std::string, 1>{"a"});
  CHECK(has(results[0].error->message, "line 2: too long"));
}

TEST_CASE("pictures go into the line") {
  Offline offline;
  offline.answer_json(stored).answer_json(state("validating"));
  ks::Client client = offline.client();
  const std::string png = some_bytes(3000, png_head);
  const std::vector<ks::BatchRequest> seen = {
      {.custom_id = "a",
       .request = {
           .messages = {ks::user(std::vector<ks::Part>{ks::text("?"), ks::image(ks::Media::from_bytes(png))})}}}};
  (void)ks::submit_batch(client, seen);
  std::string sent;
  for (const auto& segment : offline.script->requests[0].body->segments) {
    sent += segment.text;
    if (!segment.source) continue;
    std::string bytes(static_cast<std::size_t>(segment.source->size()), '\0');
    (void)segment.source->read(bytes.data(), bytes.size());
    sent += bytes;
  }
  CHECK(has(sent, "data:image/png;base64," + slow_base64(png)));
}

TEST_CASE("what cannot be is refused before anything is sent") {
  Offline offline;
  ks::Client client = offline.client();
  const auto says = [&](const std::vector<ks::BatchRequest>& requests) {
    const ks::Error error = thrown_by([&] { (void)ks::submit_batch(client, requests); });
    CHECK(error.kind == ks::ErrorKind::invalid_request);
    return error.message;
  };
  CHECK(has(says({}), "no requests"));
  CHECK(has(says({{.request = one_plus_one}}), "no custom_id"));
  CHECK(has(says({two[0], two[0]}), "have the custom_id a"));
  CHECK(has(says({{.custom_id = "a", .request = {.messages = {}}}}), "message"));
  const std::string most(ks::max_batch_bytes, 'x');
  CHECK(has(says({{.custom_id = "a", .request = {.messages = {ks::user(most)}}}}), "100 MiB"));
  ks::ClientOptions options = offline.options();
  options.provider = "vllm";
  options.base_url = "http://127.0.0.1:9/v1";
  ks::Client without(options);
  CHECK(has(thrown_by([&] { (void)ks::submit_batch(without, two); }).message, "has no batches"));
  CHECK(has(thrown_by([&] { (void)ks::list_batches(without); }).message, "has no batches"));
  CHECK(has(thrown_by([&] { (void)ks::batch(client, ".."); }).message, "no id of a batch"));
  CHECK(has(thrown_by([&] { (void)ks::wait_for_batch(client, "b", {.poll = milliseconds(0)}); }).message, "poll"));
  CHECK(has(thrown_by([&] { (void)ks::batch_results(client, ended("in_progress")); }).message, "wait_for_batch"));
  CHECK(offline.script->requests.empty());
}

TEST_CASE("the file of a batch that is refused is deleted again") {
  Offline offline;
  offline.answer_json(stored).answer_json(R"({"error":{"message":"no such window"}})", 400);
  offline.answer_json(R"({"id":"file_in","deleted":true})");
  ks::Client client = offline.client();
  CHECK(thrown_by([&] { (void)ks::submit_batch(client, two); }).status_code == 400);
  REQUIRE(offline.script->requests.size() == 3);
  CHECK(offline.script->requests[2].method == "DELETE");
  CHECK(offline.script->requests[2].url.ends_with("/files/file_in"));
}

TEST_CASE("a batch that may have been made is not made again") {
  FaultServer server;
  ks::testing::Script script;
  script.json(500, R"({"error":{"message":"oops"}})").attempt().json(200, state("validating"));
  ks::Client client(options_for(server.base_url(script), 2));
  CHECK(thrown_by([&] { (void)ks::create_batch(client, "file_in"); }).status_code == 500);
  CHECK(server.requests() == 1);
}

TEST_CASE("a wait that is over leaves the batch alone, and a look that fails for now is made again") {
  Offline offline;
  offline.answer_json(R"({"error":{"message":"busy"}})", 503).answer_json(state("in_progress"));
  for (int i = 0; i < 1000; ++i) offline.answer_json(state("in_progress"));
  ks::Client client = offline.client();
  const ks::Error error = thrown_by(
      [&] { (void)ks::wait_for_batch(client, "batch_1", {.poll = milliseconds(1), .timeout = milliseconds(20)}); });
  CHECK(error.kind == ks::ErrorKind::timeout);
  CHECK(error.clock == "total");
  CHECK(has(error.message, "batch_1 is still in_progress"));
  CHECK(offline.script->requests.size() >= 2);
  for (const ks::HttpRequest& request : offline.script->requests) CHECK(request.method == "GET");
  offline.script->responses.clear();
  offline.answer_json(R"({"error":{"message":"gone"}})", 404);
  CHECK(thrown_by([&] { (void)ks::wait_for_batch(client, "batch_1"); }).status_code == 404);
}

TEST_CASE("cancelling twice or too late does no harm") {
  Offline offline;
  const char* refused = R"({"error":{"message":"it has ended"}})";
  offline.answer_json(state("cancelling")).answer_json(refused, 400).answer_json(state("cancelling"));
  offline.answer_json(refused, 400).answer_json(state("completed")).answer_json(refused, 404);
  ks::Client client = offline.client();
  CHECK(ks::cancel_batch(client, "batch_1").status == "cancelling");
  CHECK(ks::cancel_batch(client, "batch_1").status == "cancelling");
  CHECK(ks::cancel_batch(client, "batch_1").status == "completed");
  CHECK(thrown_by([&] { (void)ks::cancel_batch(client, "batch_1"); }).status_code == 404);
  CHECK(offline.script->requests[0].url.ends_with("/batches/batch_1/cancel"));
}

TEST_CASE("a list goes to its end over all pages") {
  Offline offline;
  offline.answer_json(R"({"data":[)" + state("completed") + R"(],"has_more":true})");
  offline.answer_json(R"({"data":[{"id":"batch_2","status":"failed"}],"has_more":false})");
  ks::Client client = offline.client();
  const auto batches = ks::list_batches(client);
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].created_at == 5);
  CHECK(batches[1].failure == "its provider does not say why");
  CHECK(offline.script->requests[1].url.ends_with("/batches?after=batch_1"));
}
