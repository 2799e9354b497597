// Many requests at once, many threads, and forks.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

/// Runs in a child process. @return its exit status
template <class Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(120);
    int status = 99;
    try {
      status = work();
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("200 requests, 50 at once, are each answered once, failures included") {
  FaultServer server;
  Script script;
  for (int i = 0; i < 200; ++i) {
    if (i > 0) script.attempt();
    if (i % 10 == 3)
      script.json(400, R"({"error":{"message":"no"}})");
    else if (i % 10 == 5)
      script.reset();
    else if (i % 10 == 7)
      script.json(200, "{broken");
    else
      script.json(200, whole_body());
  }
  ks::Client client(options_for(server.base_url(script)));
  const std::vector<ks::Request> requests(200, one_plus_one);
  std::vector<int> seen(200);
  int whole = 0, refused = 0, broken = 0, unreadable = 0;
  client.run_all(requests,
                 [&](ks::Result result) {
                   ++seen.at(result.index);
                   if (result.message)
                     whole += result.message->content == "Hello";
                   else if (result.error->kind == ks::ErrorKind::status)
                     ++refused;
                   else if (result.error->kind == ks::ErrorKind::connection)
                     ++broken;
                   else
                     ++unreadable;
                 },
                 {.concurrency = 50});
  CHECK(seen == std::vector<int>(200, 1));
  // libcurl itself repeats a request on a kept connection that turns out to be dead, so a reset may cost nothing.
  CHECK(whole + refused + broken + unreadable == 200);
  CHECK(whole >= 130);
  CHECK(refused >= 15);
  CHECK(unreadable >= 15);
  CHECK(server.connections() <= 100);
}

TEST_CASE("requests of a run are tried again like any other") {
  FaultServer server;
  Script script;
  for (int i = 0; i < 20; ++i) script.json(503, "{}", {{"retry-after-ms", "5"}}).attempt();
  script.json(200, whole_body());
  ks::Client client(options_for(server.base_url(script), 3));
  const std::vector<ks::Request> requests(100, one_plus_one);
  int whole = 0;
  client.run_all(requests, [&](ks::Result result) { whole += result.message && result.message->content == "Hello"; },
                 {.concurrency = 20});
  CHECK(whole == 100);
  CHECK(server.requests() == 120);
}

TEST_CASE("a run keeps no more requests under way than it was asked to") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().sleep(5).json(200, whole_body()))));
  const std::vector<ks::Request> requests(60, one_plus_one);
  int whole = 0;
  client.run_all(requests, [&](ks::Result result) { whole += result.message.has_value(); }, {.concurrency = 6});
  CHECK(whole == 60);
  CHECK(server.connections() <= 6);
}

TEST_CASE("eight threads share a client") {
  FaultServer server;
  const std::string url = server.base_url(Script().event_stream(whole_frames(), 1));
  ks::Client client(options_for(url));
  std::atomic<int> whole{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const Outcome outcome = read_stream(client);
        if (!outcome.error && outcome.message.content == "Hello") ++whole;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(whole == 160);
  CHECK(server.connections() <= 8 + server.late_sends(url));
}

TEST_CASE("streams of several threads may be closed by one more at any moment") {
  FaultServer server;
  Script script = stream_head();
  for (int i = 0; i < 200; ++i) script.chunk(sse(text("x")));
  script.wait_close();
  ks::Client client(options_for(server.base_url(script)));
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        ks::Stream stream = client.stream(one_plus_one);
        std::thread closer([&] {
          std::this_thread::sleep_for(std::chrono::microseconds(100 * i * round));
          stream.close();
        });
        while (stream.next()) continue;
        closer.join();
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(server.wait_for_closes(60));
}

TEST_CASE("a child uses the client after the parent has a warm connection, and neither disturbs the other") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames()))));
  CHECK_FALSE(read_stream(client).error);
  REQUIRE(server.connections() == 1);
  const int status = in_child([&] {
    for (int i = 0; i < 20; ++i) {
      const Outcome outcome = read_stream(client);
      if (outcome.error || outcome.message.content != "Hello") return 1;
    }
    return 0;
  });
  CHECK(status == 0);
  CHECK(server.connections() == 2);  // the child made one of its own
  for (int i = 0; i < 20; ++i) CHECK_FALSE(read_stream(client).error);
  CHECK(server.connections() == 2);  // and left the parent's alone
}

TEST_CASE("a fork in the middle of a stream leaves the stream to the parent") {
  FaultServer server;
  Script script = stream_head()
                      .chunk(sse(text("Hel")))
                      .gate()
                      .chunk(sse(text("lo")))
                      .chunk(sse(finish("stop")))
                      .chunk(done)
                      .last_chunk()
                      .keep();
  script.attempt().event_stream(whole_frames());
  const std::string url = server.base_url(script);
  ks::Client client(options_for(url));
  std::optional<ks::Stream> stream(client.stream(one_plus_one));
  CHECK(stream->next());
  const int status = in_child([&] {
    try {
      (void)stream->next();
      return 1;
    } catch (const ks::Exception& exception) {
      if (exception.error().kind != ks::ErrorKind::invalid_request) return 2;
    }
    const Outcome outcome = read_stream(client);
    if (outcome.error || outcome.message.content != "Hello") return 3;
    stream.reset();  // must not end it for the parent
    return 0;
  });
  CHECK(status == 0);
  server.open(url);
  CHECK(stream->message().content == "Hello");
}
