// What a child process must not share with its parent: connections, and the descriptors that watch them.
//
// The child closes them before fork() returns there, without a word to anybody: a server must see the end of a
// connection when the parent ends it, whatever its children do. No more can be done at that moment, for other threads
// may have been at work on everything but this table; what else a child inherits is told by its generation, and left
// behind when it is next used.
#pragma once

#include <cerrno>
#include <mutex>

#include "net/open_files.hpp"

namespace kimistream::net {

/// Counts the forks that this process is a child of. What was made under another count belongs to a parent.
int fork_generation() noexcept;

/// Keeps forks away while it lives, so that a child finds whole what it guards. Not to be held for long, nor twice.
class NoFork {
 public:
  NoFork();

 private:
  std::lock_guard<std::mutex> lock_;
};

/// For descriptors that no child keeps. Not twice at once, nor under NoFork. Where there are too many, the limit is
/// raised as far as it goes.
/// @param open gives the descriptor; -1 is passed on, with errno
template <class Open>
int open_for_this_process(Open&& open);
/// Not in a child that has inherited the number: there it may be another's.
int close_for_this_process(int descriptor) noexcept;

namespace detail {
void keep_from_children(int descriptor);
}

template <class Open>
int open_for_this_process(Open&& open) {
  const NoFork guard;
  int descriptor = open();
  if (descriptor < 0 && errno == EMFILE && raise_open_files()) descriptor = open();
  if (descriptor >= 0) detail::keep_from_children(descriptor);
  return descriptor;
}

}  // namespace kimistream::net
