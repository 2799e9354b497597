// Waiting on descriptors.
#include "net/poller.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <utility>
#include <vector>

using kimistream::net::Clock;
using kimistream::net::Poller;
using std::chrono::milliseconds;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe(ends.data()) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    if (ends[1] >= 0) ::close(ends[1]);
  }
  void fill() const { REQUIRE(::write(ends[1], "x", 1) == 1); }
  std::array<int, 2> ends{};
};

bool readable(int descriptor, int wait) {
  ::pollfd polled{descriptor, POLLIN, 0};
  return ::poll(&polled, 1, wait) == 1;
}

}  // namespace

TEST_CASE("a wait with nothing to watch ends when its time is over") {
  Poller poller;
  std::vector<Poller::Ready> ready;
  CHECK(poller.wait(milliseconds(1), ready));
  CHECK(ready.empty());
}

TEST_CASE("a descriptor is named for what it is ready for, until it is watched no longer") {
  Poller poller;
  const Pipe pipe;
  std::vector<Poller::Ready> ready;
  poller.watch(pipe.ends[0], true, false);
  poller.wait(milliseconds(0), ready);
  CHECK(ready.empty());
  pipe.fill();
  poller.wait(milliseconds(1000), ready);
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].descriptor == pipe.ends[0]);
  CHECK(ready[0].readable);
  CHECK_FALSE(ready[0].writable);
  poller.watch(pipe.ends[1], false, true);
  poller.wait(milliseconds(1000), ready);
  CHECK(ready.size() == 2);
  poller.watch(pipe.ends[0], false, false);
  poller.watch(pipe.ends[1], false, false);
  poller.watch(pipe.ends[1], false, false);  // once more does no harm
  poller.wait(milliseconds(0), ready);
  CHECK(ready.empty());
}

TEST_CASE("what happens where nobody looks is not told, and costs one wait at most") {
  Poller poller;
  Pipe pipe;
  std::vector<Poller::Ready> ready;
  poller.keep(pipe.ends[0]);
  poller.watch(pipe.ends[0], true, false);
  poller.watch(pipe.ends[0], false, false);
  pipe.fill();
  poller.wait(milliseconds(0), ready);
  CHECK(ready.empty());
  ::close(std::exchange(pipe.ends[1], -1));  // a hang-up would be told for ever
  const auto begin = Clock::now();
  for (int i = 0; i < 3; ++i) {
    poller.wait(milliseconds(20), ready);
    CHECK(ready.empty());
  }
  CHECK(Clock::now() - begin >= milliseconds(30));  // two of the three at least were waits
  poller.watch(pipe.ends[0], true, false);
  poller.wait(milliseconds(1000), ready);
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].readable);
}

TEST_CASE("a descriptor's number may be another's later, whether its closing was told or not") {
  Poller poller;
  std::vector<Poller::Ready> ready;
  for (const bool kept : {false, true, false}) {
    int number = -1;
    {
      const Pipe pipe;
      number = pipe.ends[0];
      if (kept) poller.keep(number);
      poller.watch(number, true, false);
      poller.watch(number, false, false);
      if (kept) poller.forget(number);
      if (kept) poller.forget(number);  // once more does no harm
    }
    const Pipe pipe;
    REQUIRE(pipe.ends[0] == number);
    pipe.fill();
    poller.wait(milliseconds(0), ready);
    CHECK(ready.empty());
    poller.watch(number, false, true);  // a pipe's reading end is never writable
    poller.wait(milliseconds(0), ready);
    CHECK(ready.empty());
    poller.watch(number, true, false);
    poller.wait(milliseconds(1000), ready);
    CHECK(ready.size() == 1);
    poller.watch(number, false, false);
  }
}

TEST_CASE("a descriptor whose other end is gone is named") {
  Poller poller;
  Pipe pipe;
  std::vector<Poller::Ready> ready;
  poller.watch(pipe.ends[0], true, false);
  ::close(std::exchange(pipe.ends[1], -1));
  poller.wait(milliseconds(1000), ready);
  REQUIRE(ready.size() == 1);
  CHECK((ready[0].failed || ready[0].readable));
}

TEST_CASE("a wake from another thread ends a wait, and one before it is not lost") {
  Poller poller;
  std::vector<Poller::Ready> ready;
  poller.wake();
  poller.wake();
  CHECK_FALSE(poller.wait(milliseconds(10'000), ready));
  CHECK(poller.wait(milliseconds(0), ready));  // two wakes are one
  std::thread other([&] { poller.wake(); });
  CHECK_FALSE(poller.wait(milliseconds(10'000), ready));
  other.join();
}

TEST_CASE("the one descriptor is readable when anything is ready or the alarm has gone off") {
  Poller poller;
  const int descriptor = poller.descriptor();
  if (descriptor < 0) return;  // no epoll here
  CHECK_FALSE(readable(descriptor, 0));
  poller.set_alarm(Clock::now() + milliseconds(1));
  CHECK(readable(descriptor, 10'000));
  std::vector<Poller::Ready> ready;
  poller.wait(milliseconds(0), ready);
  CHECK(ready.empty());
  CHECK_FALSE(readable(descriptor, 0));
  poller.set_alarm(Clock::now() - milliseconds(1));  // the past counts as now
  CHECK(readable(descriptor, 10'000));
  poller.wait(milliseconds(0), ready);
  const Pipe pipe;
  poller.watch(pipe.ends[0], true, false);
  pipe.fill();
  CHECK(readable(descriptor, 10'000));
}

TEST_CASE("a nearer alarm replaces a farther one") {
  Poller poller;
  const int descriptor = poller.descriptor();
  if (descriptor < 0) return;
  poller.set_alarm(Clock::now() + std::chrono::hours(1));
  poller.set_alarm(Clock::now() + milliseconds(1));
  CHECK(readable(descriptor, 10'000));
}
