// How many descriptors this process may have.
#pragma once

#include <cstdint>

namespace kimistream::net {

/// Raises the soft limit to the hard one. Only for where an open has failed with EMFILE: whoever uses select(2)
/// must not see high numbers without need. Leaves errno alone.
/// @return whether opening is worth another try
bool raise_open_files() noexcept;

/// The soft limit; 0: it is not known, or there is none.
[[nodiscard]] std::uint64_t most_open_files() noexcept;

}  // namespace kimistream::net
