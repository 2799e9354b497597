// The reactor: libcurl's multi interface, driven by its socket callbacks over one Poller.
//
// Goal: many exchanges at the cost of those that have something to say. `curl_multi_socket_action` is told which socket
// is ready and looks at no other; `curl_multi_perform` would look at all (measured: five times the CPU at 1,000
// streams).
//
// A finished answer's connection is not closed at its end marker: the exchange is detached, what still comes (the last
// HTTP chunk) is read in passing, and a new request waits a moment for it instead of opening another connection.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "kimistream/transport.hpp"
#include "net/easy_handle.hpp"
#include "net/multi_handle.hpp"
#include "net/poller.hpp"

namespace kimistream::net {

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(std::shared_ptr<const CurlOptions> options);
  ~CurlTransport() override;

  [[nodiscard]] std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) override;
  void flush() override;
  bool pump(std::chrono::milliseconds wait) override;
  void wake() noexcept override { poller_.wake(); }
  void rest() noexcept override;
  [[nodiscard]] int descriptor() const noexcept override { return poller_.descriptor(); }
  void set_alarm(Clock::time_point when) override;

 private:
  struct Transfer;
  class Handle;
  using Easy = std::unique_ptr<EasyHandle>;

  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* transfer);
  static std::size_t on_write(char* data, std::size_t one, std::size_t size, void* transfer);
  static std::size_t on_read(char* to, std::size_t one, std::size_t size, void* transfer);
  static int on_seek(void* transfer, curl_off_t offset, int origin);
  static int on_connected(void* transfer, char* to, char* from, int to_port, int from_port);

  Easy take_easy();
  void keep(Easy easy);
  void begin(Transfer& transfer);
  void act(Clock::time_point now);
  void act(const Poller::Ready& ready);
  void settle();
  void end(Transfer& transfer, std::optional<Error> error);
  void remove(Transfer& transfer);
  void take_out(Transfer& transfer) noexcept;
  void tell_uploads();
  void release_waiting();
  void begin_queued();
  Clock::time_point next_deadline() const;
  [[nodiscard]] bool in_child() const noexcept;
  /// @throws Exception in a child process
  void refuse_child() const;
  void abandon() noexcept;

  std::shared_ptr<const CurlOptions> options_;
  RequestParts parts_;  // above the handles, which look into it
  mutable Poller poller_;
  MultiHandles multis_{poller_};
  int fork_generation_;
  Clock::time_point alarm_ = Clock::time_point::max();
  std::vector<Poller::Ready> ready_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> draining_;  // detached, still reading
  std::deque<Transfer*> waiting_;    // for a draining one's connection
  std::deque<Transfer*> queued_;     // to begin after the next look at what has come
  std::size_t begun_ = 0;            // since the last
  std::size_t connecting_ = 0;       // begun, and without a connection so far
  std::vector<Transfer*> uploads_;   // of which there is news to tell
  std::vector<Easy> idle_;
  std::size_t most_lately_ = 0;  // exchanges that were under way at once
  Clock::time_point counted_from_ = Clock::now();
  bool acting_ = false;  // inside libcurl: no handle may be removed now
  bool removals_ = false;
  bool delivered_ = false;  // something has come for a receiver since this was last cleared
};

}  // namespace kimistream::net
