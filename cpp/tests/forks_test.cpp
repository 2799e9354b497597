#include "net/forks.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "net/easy_handle.hpp"
#include "support/online.hpp"

namespace ks = kimistream;
namespace net = ks::net;
using namespace ks::testing;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }

/// A child that does what it is told, and then nothing until it is let go.
class Child {
 public:
  template <class Work>
  explicit Child(Work work) {
    REQUIRE(::pipe(ends_.data()) == 0);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ > 0) return;
    ::alarm(120);
    ::close(ends_[1]);
    int status = 99;
    try {
      status = work();
    } catch (...) {
    }
    char ignored = 0;
    [[maybe_unused]] const auto size = ::read(ends_[0], &ignored, 1);
    ::_exit(status);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { CHECK(let_go() == 0); }

  int let_go() {
    if (child_ == 0) return status_;
    for (const int end : ends_) ::close(end);
    int status = 0;
    REQUIRE(::waitpid(child_, &status, 0) == child_);
    child_ = 0;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return status_;
  }

 private:
  std::array<int, 2> ends_{};
  pid_t child_ = 0;
  int status_ = 0;
};

}  // namespace

TEST_CASE("a child process knows that it is one, its parent does not change") {
  (void)net::close_for_this_process(net::open_for_this_process([] { return ::dup(0); }));
  const int before = net::fork_generation();
  Child child([&] { return net::fork_generation() == before + 1 ? 0 : 1; });
  CHECK(child.let_go() == 0);
  CHECK(net::fork_generation() == before);
}

TEST_CASE("a child has none of the descriptors that are for its parent alone") {
  const auto open_null = [] { return ::open("/dev/null", O_RDONLY); };
  const int shared = open_null();
  const int own = net::open_for_this_process(open_null);
  const int gone = net::open_for_this_process(open_null);
  net::close_for_this_process(gone);
  const int reused = ::dup2(shared, gone);  // the number is another's now
  Child child([&] { return is_open(shared) && !is_open(own) && is_open(reused) ? 0 : 1; });
  CHECK(child.let_go() == 0);
  CHECK(is_open(own));
  net::close_for_this_process(own);
  CHECK_FALSE(is_open(own));
  ::close(shared);
  ::close(reused);
  CHECK(net::open_for_this_process([] { return -1; }) == -1);
}

TEST_CASE("a server sees the end of a connection though a child lives on that has touched nothing") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(stream_head().chunk(sse(text("Hello"))).wait_close())));
  ks::Client idle(options_for(server.base_url(Script().event_stream(whole_frames()))));
  CHECK_FALSE(read_stream(idle).error);  // a connection is kept
  std::optional<ks::Stream> stream(client.stream(one_plus_one));
  CHECK(stream->next());
  auto reactor = std::make_optional<ks::Reactor>(client);
  std::optional<ks::Stream> looped(reactor->start(one_plus_one, true, ks::Shape::events));
  while (looped->state() != ks::Stream::State::ready) (void)reactor->pump(milliseconds(1000));
  const int watching = reactor->descriptor();
  const Child child([&] { return is_open(watching) ? 1 : 0; });
  idle.close();
  stream->close();
  looped->close();
  CHECK(server.wait_for_closes(3));
}

TEST_CASE("what a child does with the things of its parent does not reach what is its own") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(stream_head().chunk(sse(text("Hello"))).wait_close())));
  ks::Client other(options_for(server.base_url(Script().event_stream(whole_frames()))));
  std::optional<ks::Stream> stream(client.stream(one_plus_one));
  auto reactor = std::make_optional<ks::Reactor>(client);
  std::optional<ks::Stream> looped(reactor->start(one_plus_one, true, ks::Shape::events));
  while (looped->state() != ks::Stream::State::ready) (void)reactor->pump(milliseconds(1000));
  Child child([&] {
    std::vector<int> numbers;  // the child's own files have the numbers of what was closed
    for (int i = 0; i < 32; ++i) numbers.push_back(::open("/dev/null", O_RDONLY));
    if (reactor->descriptor() != -1) return 1;
    std::thread([&] { looped->close(); }).join();  // wakes nobody
    stream->close();
    stream.reset();
    looped.reset();
    reactor.reset();
    for (const int number : numbers)
      if (!is_open(number)) return 2;
    return read_stream(other).message.content == "Hello" ? 0 : 3;
  });
  CHECK(child.let_go() == 0);
  CHECK(stream->next());  // the parent's is as it was
  stream->close();
}

#ifdef __SANITIZE_ADDRESS__
constexpr bool forks_beside_threads = false;  // g++ 12's allocator of AddressSanitizer keeps its locks over a fork
#else
constexpr bool forks_beside_threads = true;
#endif

/// At work until it goes.
class Busy {
 public:
  template <class Work>
  explicit Busy(Work work) {
    for (int i = 0; i < 4; ++i)
      threads_.emplace_back([this, work] {
        while (!stop_) work();
      });
  }
  ~Busy() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

TEST_CASE("a fork may come while other threads open, use and close" * doctest::skip(!forks_beside_threads)) {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().event_stream(whole_frames()))));
  const std::string url = server.base_url(Script().event_stream(whole_frames()));
  const Busy busy([&] {
    ks::Client brief(options_for(url));
    (void)read_stream(client);
    (void)read_stream(brief);
  });
  for (int i = 0; i < 20; ++i) {
    Child child([&] { return read_stream(client).error ? 1 : 0; });
    CHECK(child.let_go() == 0);
  }
}

TEST_CASE("a fork may come while other threads ask libcurl for a handle" * doctest::skip(!forks_beside_threads)) {
  const net::CurlOptions options;
  net::RequestParts parts;  // not looked into
  net::EasyHandle first(options, parts);
  const Busy busy([&] { net::EasyHandle each(options, parts); });
  for (int i = 0; i < 200; ++i) {
    Child child([&] { return net::EasyHandle(options, parts).get() ? 0 : 1; });
    REQUIRE(child.let_go() == 0);
  }
}
