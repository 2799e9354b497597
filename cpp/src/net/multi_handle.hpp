// libcurl's multi handles: exchanges that are driven together, and the connections that they leave for the next ones.
//
// Goal: as many at once as you like, each at the same cost. Which kept connection a request may use libcurl finds by
// looking at one after the other, at the busy ones too: among thousands that took longer than all the rest of a small
// request. So many exchanges are spread over several handles, a crowd in each.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include <curl/curl.h>

#include "net/easy_handle.hpp"
#include "net/poller.hpp"

namespace kimistream::net {

class MultiHandle {
 public:
  /// @param poller names it as the owner of its sockets, and must outlive it
  /// @param crowd  how many exchanges it has room for
  MultiHandle(Poller& poller, std::size_t crowd);
  ~MultiHandle();
  MultiHandle(const MultiHandle&) = delete;
  MultiHandle& operator=(const MultiHandle&) = delete;

  /// @return false where libcurl has no memory for it
  [[nodiscard]] bool add(EasyHandle& easy);
  void remove(EasyHandle& easy) noexcept;
  /// Something has happened to one of its sockets.
  void act(curl_socket_t socket, int mask);
  /// The same for its clock, where that is due.
  void act(Clock::time_point now);
  /// When that is next.
  [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
  /// The next exchange that is over; null: no more since the last act.
  [[nodiscard]] const CURLMsg* next_over();

  [[nodiscard]] bool has_room() const noexcept { return busy_ < crowd_; }
  [[nodiscard]] bool has_idle() const noexcept { return connections_ > busy_; }
  [[nodiscard]] std::size_t busy() const noexcept { return busy_; }

  /// In a child process: leaves libcurl's object alone.
  void abandon() noexcept { multi_ = nullptr; }

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* unused);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  static curl_socket_t on_open(void* opening, curlsocktype purpose, curl_sockaddr* address);
  static int on_close(void* self, curl_socket_t socket);

  Poller& poller_;
  CURLM* multi_;
  std::size_t crowd_;
  std::size_t busy_ = 0;  // exchanges
  std::size_t connections_ = 0;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool acted_ = false;
};

/// As many of them as it takes.
class MultiHandles {
 public:
  explicit MultiHandles(Poller& poller) : poller_(poller) {}

  /// For an exchange that is about to begin: where a connection waits, else where there is room.
  [[nodiscard]] MultiHandle& next(const EasyHandle& easy);
  // What these say of one they say of all.
  void act(Clock::time_point now);
  [[nodiscard]] Clock::time_point deadline() const noexcept;
  [[nodiscard]] const CURLMsg* next_over();
  void abandon() noexcept;

 private:
  Poller& poller_;
  std::vector<std::unique_ptr<MultiHandle>> all_;
};

}  // namespace kimistream::net
