// A chat completions server that costs as little as a server can, for measuring clients. Prints its port
// first; ends when standard input is closed, or after --life seconds.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "server.hpp"

int main(int count, char** arguments) {
  long port = 0;
  long life = 1800;
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::strcmp(arguments[i], "--port") == 0) port = std::strtol(arguments[i + 1], nullptr, 10);
    if (std::strcmp(arguments[i], "--life") == 0) life = std::strtol(arguments[i + 1], nullptr, 10);
  }
  if (count % 2 == 0 || port < 0 || port > 65535 || life <= 0) {
    std::fprintf(stderr, "usage: kimistream_load_server [--port N] [--life SECONDS]\n");
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  try {
    kimistream::load::Server server(static_cast<std::uint16_t>(port));
    std::printf("%u\n", server.port());
    std::fflush(stdout);
    server.run(static_cast<std::uint64_t>(life));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
