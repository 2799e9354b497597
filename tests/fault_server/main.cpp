// The fault server as a program: prints its address as the first line, ends when its standard input is
// closed, so that it never outlives the test that started it.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "fault_server/fault_server.hpp"

int main(int count, char** arguments) {
  std::uint16_t port = 0;
  if (count > 1) {
    const std::string_view value = count == 3 ? arguments[2] : "";
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
    if (std::strcmp(arguments[1], "--port") != 0 || error != std::errc() || end != value.data() + value.size()) {
      std::fprintf(stderr, "usage: kimistream_fault_server [--port N]\n");
      return 2;
    }
  }
  try {
    const kimistream::testing::FaultServer server(port);
    std::printf("%s\n", server.origin().c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
