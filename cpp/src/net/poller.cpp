#include "net/poller.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#endif

namespace kimistream::net {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void close_if_open(int& descriptor) noexcept {
  if (descriptor >= 0) close_for_this_process(descriptor);
  descriptor = -1;
}

}  // namespace

Poller::~Poller() {
  if (in_child()) return;  // they are closed already, and their numbers may be others'
  close_if_open(epoll_);
  close_if_open(wake_read_);
  close_if_open(wake_write_);
  close_if_open(alarm_);
}

#ifdef __linux__

Poller::Poller() {
  epoll_ = open_for_this_process([] { return ::epoll_create1(EPOLL_CLOEXEC); });
  if (epoll_ < 0) fail("epoll_create1");
  wake_read_ = open_for_this_process([] { return ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); });
  if (wake_read_ < 0) {
    close_if_open(epoll_);
    fail("eventfd");
  }
  ::epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_read_;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_read_, &event);
}

void Poller::watch(int descriptor, bool readable, bool writable, void* owner) {
  const std::uint32_t wanted = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  Interest& interest = watched_[descriptor];
  interest.wanted = wanted;
  interest.owner = owner;
  // One that is not kept may be closed, and its number be another's, without a word.
  if (wanted == 0 && !interest.kept) return forget(descriptor);
  if (wanted == 0 || wanted == interest.known) return;
  ::epoll_event event{};
  event.events = wanted;
  event.data.fd = descriptor;
  if (::epoll_ctl(epoll_, interest.known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
  interest.known = wanted;
}

void Poller::forget(int descriptor) noexcept {
  const auto found = watched_.find(descriptor);
  if (found == watched_.end()) return;
  ::epoll_event event{};
  if (found->second.known) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, &event);
  watched_.erase(found);
}

bool Poller::wait(std::chrono::milliseconds longest, std::vector<Ready>& ready) {
  std::array<::epoll_event, 256> events;
  ready.clear();
  const int count =
      ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(longest.count()));
  if (count < 0) {
    if (errno == EINTR) return false;
    fail("epoll_wait");
  }
  bool woken = false;
  for (const auto& event : std::span(events).first(static_cast<std::size_t>(count))) {
    std::uint64_t ignored = 0;
    if (event.data.fd == wake_read_) {
      woken = true;
      [[maybe_unused]] const auto size = ::read(wake_read_, &ignored, sizeof ignored);
    } else if (event.data.fd == alarm_) {
      alarm_at_ = Clock::time_point::max();
      [[maybe_unused]] const auto size = ::read(alarm_, &ignored, sizeof ignored);
    } else if (const auto found = watched_.find(event.data.fd); found != watched_.end() && found->second.wanted == 0) {
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, event.data.fd, nullptr);  // nobody asks, and it would be told for ever
      found->second.known = 0;
    } else if (found != watched_.end()) {
      ready.push_back({event.data.fd, (event.events & EPOLLIN) != 0, (event.events & EPOLLOUT) != 0,
                       (event.events & (EPOLLERR | EPOLLHUP)) != 0, found->second.owner});
    }
  }
  return !woken;
}

void Poller::wake() noexcept {
  if (in_child()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto size = ::write(wake_read_, &one, sizeof one);
}

int Poller::descriptor() noexcept {
  if (in_child()) return -1;
  if (alarm_ < 0) {
    alarm_ = open_for_this_process([] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); });
    ::epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = alarm_;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, alarm_, &event);
  }
  return epoll_;
}

void Poller::set_alarm(Clock::time_point when) {
  // An alarm that goes off too early is harmless, so a later time is not worth a system call.
  if (alarm_ < 0 || when >= alarm_at_ || in_child()) return;
  alarm_at_ = when;
  const auto wait = std::max<std::chrono::nanoseconds>(when - Clock::now(), std::chrono::nanoseconds(1));
  ::itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(wait.count() / 1'000'000'000);
  spec.it_value.tv_nsec = static_cast<long>(wait.count() % 1'000'000'000);
  ::timerfd_settime(alarm_, 0, &spec, nullptr);
}

#else  // poll

Poller::Poller() {
  std::array<int, 2> ends{};
  wake_read_ = open_for_this_process([&] { return ::pipe(ends.data()) == 0 ? ends[0] : -1; });
  if (wake_read_ < 0) fail("pipe");
  wake_write_ = open_for_this_process([&] { return ends[1]; });
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
}

void Poller::watch(int descriptor, bool readable, bool writable, void* owner) {
  Interest& interest = watched_[descriptor];
  interest.wanted = static_cast<std::uint32_t>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  interest.owner = owner;
  if (interest.wanted == 0 && !interest.kept) forget(descriptor);
}

void Poller::forget(int descriptor) noexcept { watched_.erase(descriptor); }

bool Poller::wait(std::chrono::milliseconds longest, std::vector<Ready>& ready) {
  ready.clear();
  std::vector<::pollfd> polled = {{wake_read_, POLLIN, 0}};
  for (const auto& [descriptor, interest] : watched_)
    if (interest.wanted) polled.push_back({descriptor, static_cast<short>(interest.wanted), 0});
  if (::poll(polled.data(), static_cast<nfds_t>(polled.size()), static_cast<int>(longest.count())) < 0) {
    if (errno == EINTR) return false;
    fail("poll");
  }
  for (std::size_t i = 1; i < polled.size(); ++i)
    if (polled[i].revents)
      ready.push_back({polled[i].fd, (polled[i].revents & POLLIN) != 0, (polled[i].revents & POLLOUT) != 0,
                       (polled[i].revents & (POLLERR | POLLHUP)) != 0, watched_[polled[i].fd].owner});
  std::array<char, 64> ignored;
  if (polled[0].revents)
    while (::read(wake_read_, ignored.data(), ignored.size()) > 0) continue;
  return !polled[0].revents;
}

void Poller::wake() noexcept {
  if (in_child()) return;
  [[maybe_unused]] const auto size = ::write(wake_write_, "w", 1);
}
int Poller::descriptor() noexcept { return -1; }
void Poller::set_alarm(Clock::time_point) {}

#endif

}  // namespace kimistream::net
