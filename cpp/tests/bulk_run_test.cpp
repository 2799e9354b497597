// run_all with a source that is pulled, and its engine: what goes when, and what becomes of refusals.
#include "kimistream/bulk_run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

constexpr const char* too_many = R"({"error":{"message":"too many","type":"rate_limit_reached_error"}})";

/// Gives as many requests as it is made for, and counts how many were taken.
struct Pulled {
  std::size_t most;
  std::size_t taken = 0;
  std::optional<ks::Request> operator()() {
    return taken < most ? (++taken, std::optional(one_plus_one)) : std::nullopt;
  }
};

}  // namespace

TEST_CASE("a source is pulled as places become free, and every request is answered once") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().sleep(2).json(200, whole_body()))));
  Pulled source{.most = 60};
  std::vector<int> seen(60);
  std::size_t given = 0;
  client.run_all([&] { return source(); },
                 [&](const ks::Result& result) {
                   ++seen.at(result.index);
                   ++given;
                   REQUIRE(result.message);
                   CHECK(result.attempts == 1);
                   CHECK(result.seconds > 0);
                   CHECK(source.taken <= given + 6);
                 },
                 {.concurrency = 6});
  CHECK(seen == std::vector<int>(60, 1));
  CHECK(server.connections() <= 6);
}

TEST_CASE("while a source is slow, what has ended meanwhile is given") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().json(200, whole_body()))));
  Pulled source{.most = 20};
  std::size_t given = 0, given_before_the_last = 0;
  const auto next = [&] {
    std::this_thread::sleep_for(milliseconds(20));
    if (source.taken == 19) given_before_the_last = given;
    return source();
  };
  client.run_all(next, [&](const ks::Result&) { ++given; }, {.concurrency = 100});
  CHECK(given == 20);
  CHECK(given_before_the_last > 0);
}

TEST_CASE("what the source throws ends the run and is passed on, and the client lives on") {
  Offline offline;
  for (int i = 0; i < 10; ++i) offline.answer_json(whole_body());
  ks::Client client = offline.client();
  int asked = 0;
  const auto next = [&]() -> std::optional<ks::Request> {
    if (++asked == 4) throw std::runtime_error("no more");
    return one_plus_one;
  };
  CHECK_THROWS_AS(client.run_all(next, [](const ks::Result&) {}, {.concurrency = 2}), std::runtime_error);
  CHECK(client.complete(one_plus_one).content == "Hello");
}

TEST_CASE("a request that cannot be sent is its result's error") {
  Offline offline;
  offline.answer_json(whole_body());
  ks::Client client = offline.client();
  int asked = 0;
  std::vector<ks::Result> results;
  client.run_all(
      [&]() -> std::optional<ks::Request> {
        if (++asked == 1) return ks::Request{};
        return asked == 2 ? std::optional(one_plus_one) : std::nullopt;
      },
      [&](ks::Result result) { results.push_back(std::move(result)); });
  REQUIRE(results.size() == 2);
  std::sort(results.begin(), results.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  REQUIRE(results[0].error);
  CHECK(results[0].error->kind == ks::ErrorKind::invalid_request);
  CHECK(results[0].attempts == 0);
  CHECK(results[1].message);
}

TEST_CASE("a refusal for too much is no retry and no failure") {
  FaultServer server;
  Script script;
  for (int i = 0; i < 8; ++i) script.json(429, too_many, {{"retry-after-ms", "5"}}).attempt();
  script.json(200, whole_body());
  ks::Client client(options_for(server.base_url(script), 0));
  int whole = 0, attempts = 0;
  client.run_all(Pulled{.most = 4},
                 [&](const ks::Result& result) {
                   whole += result.message.has_value();
                   attempts += result.attempts;
                 },
                 {.concurrency = 4});
  CHECK(whole == 4);
  CHECK(attempts == 12);
}

TEST_CASE("a refused key is said of every row to be met, and passed on for each") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().json(401, R"({"error":{"message":"no such key"}})"))));
  int refused = 0;
  client.run_all(Pulled{.most = 5}, [&](const ks::Result& result) {
    REQUIRE(result.error);
    refused += result.meets_every_row;
  });
  CHECK(refused == 5);
}

TEST_CASE("limits below 1 are refused before anything is sent") {
  Offline offline;
  ks::Client client = offline.client();
  Pulled source{.most = 1};
  CHECK_THROWS_AS(client.run_all([&] { return source(); }, [](const ks::Result&) {}, {.limits = {.rpm = 0}}),
                  ks::Exception);
  CHECK(source.taken == 0);
}

TEST_CASE("the smaller concurrency counts, and runs of two threads share one") {
  FaultServer server;
  const std::string url = server.base_url(Script().sleep(3).json(200, whole_body()));
  ks::Client client(options_for(url));
  const ks::Limits limits{.concurrency = 3};
  int whole[2] = {0, 0};
  std::vector<std::thread> threads;
  for (int& mine : whole)
    threads.emplace_back([&] {
      client.run_all(Pulled{.most = 30}, [&](const ks::Result& result) { mine += result.message.has_value(); },
                     {.concurrency = 50, .limits = limits});
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(whole[0] == 30);
  CHECK(whole[1] == 30);
  CHECK(server.connections() <= 6);
}

TEST_CASE("rows are added as there is room and come back as they end") {
  FaultServer server;
  const std::string url = server.base_url(Script().gate().json(200, whole_body()));
  ks::Client client(options_for(url));
  ks::BulkRun run(client, {.concurrency = 2});
  CHECK(run.room() == 2);
  run.add(7, one_plus_one);
  run.add(3, one_plus_one);
  CHECK(run.room() == 0);
  run.pump();
  CHECK(run.due() == std::numeric_limits<double>::infinity());
  server.open(url, 2);
  std::set<std::size_t> seen;
  while (run.size() > 0) {
    run.pump(std::chrono::seconds(1));
    for (const ks::Result& result : run.take()) seen.insert(result.index);
  }
  CHECK(seen == std::set<std::size_t>{3, 7});
  CHECK(run.room() == 2);
}

TEST_CASE("the connections of a run are kept for the next one of its client, until that is closed") {
  FaultServer server;
  const std::string url = server.base_url(Script().gate().json(200, whole_body()));
  ks::Client client(options_for(url));
  const auto run_six = [&] {
    ks::BulkRun run(client, {.concurrency = 6});
    for (std::size_t row = 0; row < 6; ++row) run.add(row, one_plus_one);
    while (server.waiting(url) < 6) run.pump(milliseconds(10));
    for (int i = 0; i < 6; ++i) server.open(url);
    for (std::size_t ended = 0; ended < 6; ended += run.take().size()) run.pump(milliseconds(10));
  };
  run_six();
  run_six();
  CHECK(server.connections() == 6);
  client.close();
  run_six();
  CHECK(server.connections() == 12);
}

TEST_CASE("answers that are asked for in pieces are given whole") {
  Offline offline;
  offline.answer({whole_stream("one two")});
  ks::Client client = offline.client();
  client.run_all(Pulled{.most = 1},
                 [&](const ks::Result& result) {
                   REQUIRE(result.message);
                   CHECK(result.message->content == "one two");
                 },
                 {.concurrency = 1, .streams = true});
  CHECK(offline.script->requests.at(0).body->segments.front().text.find(R"("stream":true)") != std::string::npos);
}

TEST_CASE("after a stop what is under way ends, and after a close nothing does") {
  FaultServer server;
  const std::string url = server.base_url(Script().gate().json(200, whole_body()));
  ks::Client client(options_for(url));
  ks::BulkRun run(client, {.concurrency = 1});
  run.add(0, one_plus_one);
  run.pump();
  run.stop();
  run.add(1, one_plus_one);  // not any more
  CHECK(run.size() == 1);
  server.open(url);
  while (run.take().empty()) run.pump(std::chrono::seconds(1));
  CHECK(run.size() == 0);

  const std::string held = server.base_url(Script().gate().json(200, whole_body()));
  ks::Client other(options_for(held));
  ks::BulkRun closed(other, {.concurrency = 1});
  closed.add(0, one_plus_one);
  closed.pump();
  std::thread closer([&] { closed.close(); });
  while (closed.size() > 0) closed.pump(std::chrono::seconds(60));
  closer.join();
  CHECK(closed.take().empty());
  CHECK(server.wait_for_closes(1));
}

TEST_CASE("each row says whether its answer is asked for in pieces") {
  Offline offline;
  offline.answer({whole_stream("one")}).answer({whole_body("two")}, 200, {{"Content-Type", "application/json"}});
  ks::Client client = offline.client();
  ks::BulkRun run(client, {.concurrency = 1});
  run.add(0, one_plus_one, {}, true);
  std::vector<std::string> texts;
  while (run.size() > 0) {
    run.pump(std::chrono::seconds(1));
    for (const ks::Result& result : run.take()) {
      texts.emplace_back(result.message->text());
      if (result.index == 0) run.add(1, one_plus_one);
    }
  }
  CHECK(texts == std::vector<std::string>{"one", "two"});
  const auto& requests = offline.script->requests;
  const auto asks = [&](std::size_t n) { return requests.at(n).body->segments.front().text; };
  CHECK(asks(0).find(R"("stream":true)") != std::string::npos);
  CHECK(asks(1).find(R"("stream":true)") == std::string::npos);
}
