#include "net/short_reads.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace kimistream::net {
namespace {

thread_local int emptied = -1;  // the socket

}  // namespace

void forget_short_reads() noexcept { emptied = -1; }

}  // namespace kimistream::net

ssize_t kimistream_recv(int socket, void* to, std::size_t size, int flags) {
  using kimistream::net::emptied;
  if (flags != 0) return ::recv(socket, to, size, flags);
  if (socket == emptied) {
    emptied = -1;
    errno = EAGAIN;
    return -1;
  }
  const ssize_t got = ::recv(socket, to, size, flags);
  emptied = got > 0 && static_cast<std::size_t>(got) < size ? socket : -1;
  return got;
}
