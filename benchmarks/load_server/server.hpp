/// @file server.hpp
/// @brief The load server's loop: one thread, epoll, a timer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "frames.hpp"

namespace kimistream::load {

class Server {
 public:
  /// Listens on 127.0.0.1. @throws std::system_error
  explicit Server(std::uint16_t port);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Serves until standard input is closed or `seconds` have passed.
  void run(std::uint64_t seconds);

 private:
  using Due = std::pair<std::uint64_t, std::uint64_t>;  // when, and whose turn

  void watch(int descriptor, std::uint64_t id, std::uint32_t events, bool known = false) const;
  void accept_all();
  void serve(std::uint64_t id, std::uint32_t events);
  void settle(std::uint64_t id, bool alive);
  void run_due();
  void arm_timer();

  struct Client {
    std::unique_ptr<Connection> connection;
    bool watching_writes = false;
    std::uint64_t queued = 0;  // the due time that stands in the queue for it
  };

  int listener_ = -1;
  int epoll_ = -1;
  int timer_ = -1;
  std::uint16_t port_ = 0;
  std::uint64_t armed_ = 0;
  std::uint64_t last_id_;
  Counters counters_;
  CannedStream canned_;
  std::unordered_map<std::uint64_t, Client> clients_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> queue_;
};

}  // namespace kimistream::load
