#include "net/curl_global.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace net = kimistream::net;

TEST_CASE("a child process knows that it is one, its parent does not change") {
  net::initialise_curl();
  const int before = net::fork_generation();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(net::fork_generation() == before + 1 ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(net::fork_generation() == before);
}
