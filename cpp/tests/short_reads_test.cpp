// A socket that gave less than it was asked for is not asked again until somebody has waited for it.
#include "net/short_reads.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

using kimistream::net::forget_short_reads;

namespace {

struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  ~Pair() {
    ::close(ends[0]);
    finish();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void send(std::string_view text) const {
    REQUIRE(::write(ends[1], text.data(), text.size()) == ssize_t(text.size()));
  }
  void finish() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  /// "nothing" for EAGAIN, "end" for the end.
  [[nodiscard]] std::string read(std::size_t size = 8, int flags = 0) const {
    std::array<char, 64> to{};
    errno = 0;
    const ssize_t got = kimistream_recv(ends[0], to.data(), size, flags);
    if (got < 0) return errno == EAGAIN ? "nothing" : "error";
    return got == 0 ? "end" : std::string(to.data(), static_cast<std::size_t>(got));
  }

  std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("after a short read there is nothing, once, and not after a wait") {
  forget_short_reads();
  const Pair pair;
  pair.send("five!");
  CHECK(pair.read() == "five!");
  pair.send("more");
  CHECK(pair.read() == "nothing");
  CHECK(pair.read() == "more");
  pair.send("yet");
  forget_short_reads();
  CHECK(pair.read() == "yet");
}

TEST_CASE("after a read that filled its buffer the socket is asked") {
  forget_short_reads();
  const Pair pair;
  pair.send("eight at a time");
  CHECK(pair.read() == "eight at");
  CHECK(pair.read() == " a time");
  CHECK(pair.read() == "nothing");
  CHECK(pair.read() == "nothing");
}

TEST_CASE("an end and an empty socket are told as they are") {
  forget_short_reads();
  Pair pair;
  CHECK(pair.read() == "nothing");
  pair.send("last");
  pair.finish();
  CHECK(pair.read() == "last");
  CHECK(pair.read() == "nothing");
  CHECK(pair.read() == "end");
  CHECK(pair.read() == "end");
}

TEST_CASE("what is asked of another socket, in another thread or with flags is asked") {
  forget_short_reads();
  const Pair one, other;
  one.send("a");
  CHECK(one.read() == "a");
  one.send("b");
  CHECK(one.read(8, MSG_PEEK) == "b");
  std::string elsewhere;
  std::thread([&] { elsewhere = one.read(); }).join();
  CHECK(elsewhere == "b");
  one.send("c");
  other.send("d");
  CHECK(other.read() == "d");
  CHECK(one.read() == "c");
}
