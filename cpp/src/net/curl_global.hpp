// What libcurl needs once for a process, and what a process must know of its forks.
#pragma once

namespace kimistream::net {

/// Starts libcurl, once. Any thread.
void initialise_curl();

/// Counts the forks that this process is a child of. A transport of another count belongs to a parent.
int fork_generation() noexcept;

}  // namespace kimistream::net
