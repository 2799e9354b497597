#include "net/idle_transport.hpp"

namespace kimistream::net {

std::unique_ptr<Exchange> IdleTransport::start(const HttpRequest&, Receiver&) {
  throw Exception(invalid_request("this client has no network"));
}

bool IdleTransport::pump(std::chrono::milliseconds wait) { return poller_.wait(wait, ready_); }

}  // namespace kimistream::net
