// A transport without a network.
#include "net/idle_transport.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>

namespace ks = kimistream;
using std::chrono::milliseconds;

namespace {
struct Nobody final : ks::Receiver {
  void on_head(ks::ResponseHead) override {}
  bool on_body(std::string_view) override { return true; }
  void on_end(std::optional<ks::Error>) override {}
};
}  // namespace

TEST_CASE("it asks nobody, is woken and rings alarms") {
  ks::net::IdleTransport transport;
  Nobody nobody;
  CHECK_THROWS_AS((void)transport.start({}, nobody), ks::Exception);
  CHECK(transport.pump(milliseconds(0)));
  transport.wake();
  CHECK_FALSE(transport.pump(milliseconds(60'000)));
  const int descriptor = transport.descriptor();
  if (descriptor < 0) return;
  transport.set_alarm(std::chrono::steady_clock::now());
  ::pollfd polled{descriptor, POLLIN, 0};
  CHECK(::poll(&polled, 1, 60'000) == 1);
  CHECK(transport.pump(milliseconds(0)));
}
