#include "net/open_files.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <sys/resource.h>

namespace kimistream::net {

bool raise_open_files() noexcept {
  const int why = errno;
  ::rlimit limit{};
  bool raised = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max;
  if (raised) {
    limit.rlim_cur = limit.rlim_max;
#ifdef OPEN_MAX  // macOS takes no more than that, whatever it says
    limit.rlim_cur = std::min(limit.rlim_cur, static_cast<rlim_t>(OPEN_MAX));
#endif
    raised = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  }
  errno = why;
  return raised;
}

std::uint64_t most_open_files() noexcept {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  return static_cast<std::uint64_t>(limit.rlim_cur);
}

}  // namespace kimistream::net
