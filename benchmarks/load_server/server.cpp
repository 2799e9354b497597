#include "server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace kimistream::load {
namespace {

constexpr std::size_t tokens = 10'000;
enum Special : std::uint64_t { listener_id, timer_id, input_id, first_free_id };

/// Events that are due within this time go out in one pass: a wake-up for each would make the server, not the
/// client, the busy one.
constexpr std::uint64_t grain = 50'000;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

Server::Server(std::uint16_t port) : port_(port), last_id_(first_free_id), canned_(make_canned_stream(tokens)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) fail("bind to 127.0.0.1");
  if (::listen(listener_, 4096) != 0) fail("listen");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (epoll_ < 0 || timer_ < 0) fail("epoll");
  watch(listener_, listener_id, EPOLLIN);
  watch(timer_, timer_id, EPOLLIN);
  watch(STDIN_FILENO, input_id, EPOLLIN);  // fails for /dev/null, which never ends anything
}

Server::~Server() {
  clients_.clear();
  for (const int descriptor : {listener_, epoll_, timer_}) ::close(descriptor);
}

void Server::watch(int descriptor, std::uint64_t id, std::uint32_t events, bool known) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  ::epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
}

void Server::accept_all() {
  while (true) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const std::uint64_t id = ++last_id_;
    clients_[id].connection = std::make_unique<Connection>(descriptor, canned_, counters_);
    watch(descriptor, id, EPOLLIN);
  }
}

void Server::serve(std::uint64_t id, std::uint32_t events) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Connection& connection = *found->second.connection;
  bool alive = true;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) alive = connection.on_readable();
  if (alive && (events & EPOLLOUT) != 0) alive = connection.on_writable();
  settle(id, alive);
}

void Server::settle(std::uint64_t id, bool alive) {
  if (!alive) {
    clients_.erase(id);
    return;
  }
  Client& client = clients_[id];
  const Connection& connection = *client.connection;
  if (connection.wants_write() != client.watching_writes) {
    client.watching_writes = connection.wants_write();
    watch(connection.descriptor(), id, EPOLLIN | (client.watching_writes ? std::uint32_t{EPOLLOUT} : 0U), true);
  }
  if (const auto due = connection.due(); due && *due != client.queued) {
    client.queued = *due;
    queue_.emplace(*due, id);
  }
}

void Server::run_due() {
  std::array<char, 8> expirations{};
  (void)!::read(timer_, expirations.data(), expirations.size());
  armed_ = 0;
  const std::uint64_t until = monotonic_nanoseconds() + grain;
  while (!queue_.empty() && queue_.top().first <= until) {
    const auto [when, id] = queue_.top();
    queue_.pop();
    const auto found = clients_.find(id);
    if (found == clients_.end() || found->second.connection->due() != when) continue;  // gone, or has been served
    settle(id, found->second.connection->on_due());
  }
}

void Server::arm_timer() {
  if (queue_.empty() || queue_.top().first == armed_) return;
  armed_ = queue_.top().first;
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(armed_ / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(armed_ % 1'000'000'000);
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Server::run(std::uint64_t seconds) {
  const std::uint64_t end = monotonic_nanoseconds() + seconds * 1'000'000'000;
  std::array<epoll_event, 512> events{};
  while (monotonic_nanoseconds() < end) {
    arm_timer();
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == listener_id) {
        accept_all();
      } else if (event.data.u64 == timer_id) {
        run_due();
      } else if (event.data.u64 == input_id) {
        char ignored[256];
        if (::read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return;
      } else {
        serve(event.data.u64, event.events);
      }
    }
  }
}

}  // namespace kimistream::load
