#include "loopback.hpp"

#include <doctest/doctest.h>

TEST_CASE("loopback is this machine and no other") {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "127.255.255.255", "::1", "0.0.0.0",
                           "::", "0:0:0:0:0:0:0:1", "::1%lo", "::ffff:127.0.0.1"}) {
    CAPTURE(host);
    CHECK(kimistream::is_loopback(host));
  }
  for (const char* host :
       {"", "127.evil.example", "127.0.0.1.example", "127.0.0.1.", "128.0.0.1", "10.0.0.1", "gpu-7",
        "localhost.example", "::2", "127.0.0", "127.0.0.999", "127...1", "127.0.0.", "127.0.0.1.1", "127.0.0.0001",
        "::ffff:10.0.0.1", "127.0.0.1 evil.example", "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"}) {
    CAPTURE(host);
    CHECK_FALSE(kimistream::is_loopback(host));
  }
}
