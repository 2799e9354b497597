// A transport without a network: it waits, is woken and rings alarms. For transports that play what they have.
#pragma once

#include "kimistream/transport.hpp"
#include "net/poller.hpp"

namespace kimistream::net {

class IdleTransport final : public Transport {
 public:
  /// @throws Exception always
  [[nodiscard]] std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) override;
  bool pump(std::chrono::milliseconds wait) override;
  void wake() noexcept override { poller_.wake(); }
  [[nodiscard]] int descriptor() const noexcept override { return poller_.descriptor(); }
  void set_alarm(Clock::time_point when) override { poller_.set_alarm(when); }

 private:
  mutable Poller poller_;
  std::vector<Poller::Ready> ready_;
};

}  // namespace kimistream::net
