// Waits on many descriptors at once: epoll where there is one, poll elsewhere. One thread, except for wake(). The child
// of a fork has none of its descriptors: there wake() and alarms do nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "net/forks.hpp"

namespace kimistream::net {

using Clock = std::chrono::steady_clock;

class Poller {
 public:
  struct Ready {
    int descriptor;
    bool readable, writable, failed;
    void* owner;
  };

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Watches a descriptor; neither readable nor writable: no longer, and what happens to it is not told. `owner` is
  /// given back with what is told of it.
  void watch(int descriptor, bool readable, bool writable, void* owner = nullptr);

  /// This descriptor is forgotten before it is closed. So the kernel may go on watching it while nobody else does, and
  /// need not be told each time that somebody does again.
  void keep(int descriptor) { watched_[descriptor].kept = true; }

  /// The descriptor is about to be closed.
  void forget(int descriptor) noexcept;

  /// Waits and fills `ready`. Returns early on a signal or wake(). @return false when a signal or wake() ended it
  bool wait(std::chrono::milliseconds longest, std::vector<Ready>& ready);

  void wake() noexcept;

  /// Readable when a watched descriptor is ready or the alarm has gone off; -1 without epoll and in a child.
  [[nodiscard]] int descriptor() noexcept;
  void set_alarm(Clock::time_point when);

 private:
  [[nodiscard]] bool in_child() const noexcept { return fork_generation_ != fork_generation(); }

  int fork_generation_ = fork_generation();
  int epoll_ = -1;
  int wake_read_ = -1, wake_write_ = -1;  // an eventfd (which has one end), or a pipe
  int alarm_ = -1;                        // made when descriptor() is first asked for
  Clock::time_point alarm_at_ = Clock::time_point::max();
  struct Interest {
    std::uint32_t wanted = 0, known = 0;  // by whoever watches; by the kernel
    bool kept = false;
    void* owner = nullptr;
  };
  std::unordered_map<int, Interest> watched_;
};

}  // namespace kimistream::net
