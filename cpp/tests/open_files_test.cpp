#include "net/open_files.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <cerrno>

#include "net/forks.hpp"
#include "support/online.hpp"

namespace ks = kimistream;
namespace net = ks::net;
using namespace ks::testing;
using ks::testing::Script;

namespace {

/// In a process of its own, which may have 64 descriptors and, once it asks for it, as many as that.
template <class Work>
int limited(rlim_t hard, Work work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(120);
    int status = 99;
    try {
      const ::rlimit limit{.rlim_cur = 64, .rlim_max = hard};
      status = ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? work() : 98;
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

int open_null() {
  return net::open_for_this_process([] { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); });
}

}  // namespace

TEST_CASE("the limit of open files is raised where it would be met, and not before") {
  CHECK(limited(128, [] {
          for (int descriptor = open_null(); descriptor < 63; descriptor = open_null())
            if (descriptor < 0 || net::most_open_files() != 64) return 1;
          if (open_null() != 64 || net::most_open_files() != 128) return 2;
          int last = 64;
          for (int descriptor = last; descriptor >= 0; descriptor = open_null()) last = descriptor;
          return errno == EMFILE && last == 127 && net::most_open_files() == 128 ? 0 : 3;
        }) == 0);
}

#ifndef __SANITIZE_ADDRESS__  // UBSan looks at objects through a pipe, and takes them for broken where it gets none
TEST_CASE("a request for which no socket is left says so, and names the limit") {
  FaultServer server;
  const std::string url = server.base_url(Script().event_stream(whole_frames()));
  CHECK(limited(64, [&] {
          const ks::Client client(options_for(url));
          ks::Reactor reactor(client);
          while (open_null() >= 0) continue;
          ks::Stream stream = reactor.start(one_plus_one, true, ks::Shape::events);
          while (stream.state() != ks::Stream::State::failed) (void)reactor.pump(std::chrono::milliseconds(100));
          const ks::Error error = *stream.error();
          return error.kind == ks::ErrorKind::connection &&
                         error.message.find(
                             "too many open files: no connection can be opened, the limit is 64; raise "
                             "it (ulimit -n) or ask for fewer at once (concurrency)") != std::string::npos
                     ? 0
                     : 1;
        }) == 0);
}
#endif
