// Recorded exchanges on their way to whoever writes them down.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "kimistream/recording.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds long_enough{60'000};

void exchange_into(const ks::ExchangeQueue& queue, const std::string& label = "") {
  Offline offline;
  offline.answer({whole_stream()});
  ks::ClientOptions options = offline.options();
  options.transport = ks::recording_transport(options.transport, queue.sink(label));
  ks::Client client(options);
  (void)client.stream(one_plus_one).message();
}

}  // namespace

TEST_CASE("exchanges come out in order, each with its sink's label") {
  const ks::ExchangeQueue queue;
  exchange_into(queue, "a");
  exchange_into(queue, "b");
  const auto first = queue.take(milliseconds(0)), second = queue.take(milliseconds(0));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->label == "a");
  CHECK(second->label == "b");
  CHECK(ks::json::text_at(first->exchange.line(), "/end") == "clean");
  CHECK(first->exchange.started() > 1.7e9);
  CHECK(first->exchange.seconds() >= 0);
  CHECK_FALSE(queue.take(milliseconds(0)));
}

TEST_CASE("what has no room is dropped and counted") {
  const ks::ExchangeQueue few(1), small(10, 100);
  exchange_into(few);
  exchange_into(few);
  CHECK(few.dropped() == 1);
  exchange_into(small);
  CHECK(small.dropped() == 1);
  CHECK_FALSE(small.take(milliseconds(0)));
  CHECK(few.take(milliseconds(0)));
  exchange_into(few);
  CHECK(few.take(milliseconds(0)));
}

TEST_CASE("who waits is woken by an exchange, and by the end") {
  const ks::ExchangeQueue queue;
  std::thread writer([&] { exchange_into(queue); });
  CHECK(queue.take(long_enough));
  writer.join();
  std::thread closer([&] { queue.close(); });
  CHECK_FALSE(queue.take(long_enough));
  closer.join();
  CHECK(queue.closed());
  exchange_into(queue);
  CHECK_FALSE(queue.take(milliseconds(0)));
}

TEST_CASE("a closed queue still gives what is in it; a sink outlives its queue") {
  ks::ExchangeSink sink;
  {
    const ks::ExchangeQueue queue;
    exchange_into(queue);
    queue.close();
    CHECK(queue.take(long_enough));
    sink = queue.sink();
  }
  CHECK(sink);
}

TEST_CASE("a child of a fork begins with an empty queue, also where somebody waits in the parent") {
  const ks::ExchangeQueue queue;
  exchange_into(queue);
  const ks::ExchangeQueue waited_for;
  std::thread waiting([&] { (void)waited_for.take(long_enough); });
  const ::pid_t child = ::fork();
  if (child == 0) {
    bool good = !queue.take(milliseconds(0)) && !waited_for.take(milliseconds(0));
    exchange_into(queue);
    good = good && queue.take(milliseconds(0)).has_value();
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  waited_for.close();
  waiting.join();
  CHECK(queue.take(milliseconds(0)));
}
