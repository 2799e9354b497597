// Sockets that have been read to their end.
//
// Goal: one system call for a chunk of a stream. libcurl reads until it is told that there is no more, which for nearly
// every chunk is a second call that finds nothing; a read that did not fill its buffer has told as much already.
// libcurl has no setting for it: the one that the wheel carries is built to read with this
// (packaging/bundled/build.sh).
#pragma once

#include <cstddef>

#include <sys/types.h>

namespace kimistream::net {

/// Sockets have been waited for, and any may have more. To be said before libcurl is told of it; each thread for
/// itself.
void forget_short_reads() noexcept;

}  // namespace kimistream::net

/// recv(2), but right after a read of this socket on this thread that came short there is nothing (EAGAIN), and nobody
/// is asked. What comes meanwhile, an end too, is found at the next wait: that must be one that tells of what is there
/// and not only of what is new.
extern "C" ssize_t kimistream_recv(int socket, void* to, std::size_t size, int flags);
