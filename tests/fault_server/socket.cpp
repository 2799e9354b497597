#include "fault_server/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

namespace kimistream::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

#ifdef POLLRDHUP
constexpr short peer_closed = POLLRDHUP;
#else
constexpr short peer_closed = 0;  // POLLHUP and POLLERR are always reported
#endif

}  // namespace

Socket::Socket(int descriptor) noexcept : descriptor_(descriptor) {
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval limit{static_cast<time_t>(patience.count()), 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

Socket::~Socket() { ::close(descriptor_); }

bool Socket::send(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t Socket::receive(char* buffer, std::size_t size) noexcept {
  while (true) {
    const ssize_t received = ::recv(descriptor_, buffer, size, 0);
    if (received < 0 && errno == EINTR) continue;
    return received < 0 ? 0 : static_cast<std::size_t>(received);
  }
}

bool Socket::wait_closed(Milliseconds limit) const noexcept {
  const auto end = Clock::now() + limit;
  while (true) {
    const Milliseconds left = std::max<Milliseconds>(end - Clock::now(), Milliseconds::zero());
    pollfd entry{descriptor_, peer_closed, 0};
    const auto whole = std::floor(left.count());
    const auto part = static_cast<long>((left.count() - whole) * 1e6);
    const timespec wait{static_cast<time_t>(whole) / 1000, static_cast<long>(whole) % 1000 * 1'000'000 + part};
    if (::ppoll(&entry, 1, &wait, nullptr) > 0 && (entry.revents & (peer_closed | POLLHUP | POLLERR)) != 0) return true;
    if (left.count() <= 0) return false;
  }
}

void Socket::half_close() noexcept { ::shutdown(descriptor_, SHUT_WR); }

void Socket::close() noexcept {
  half_close();
  // Closing a socket that holds unread input sends RST, and the client may lose what it has not read yet.
  discard_input();
}

void Socket::discard_input() noexcept {
  const auto end = Clock::now() + std::chrono::seconds(1);
  char buffer[65536];
  while (Clock::now() < end) {
    pollfd entry{descriptor_, POLLIN, 0};
    const int waiting_for_more = 20;
    if (::poll(&entry, 1, waiting_for_more) <= 0) return;
    if (::recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT) <= 0) return;
  }
}

void Socket::reset() noexcept {
  const linger hard{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard,
               sizeof hard);  // the destructor's close then sends RST
}

void Socket::abort() const noexcept { ::shutdown(descriptor_, SHUT_RDWR); }

}  // namespace kimistream::testing
