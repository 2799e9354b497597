// Which recorded request is the one that is asked now, and what differs where none is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "record/line.hpp"

namespace kimistream::record {

/// The same for requests that are equal: method, path, and the body's JSON with its keys in order and its numbers by
/// what they are worth.
[[nodiscard]] std::string key_of(const Line& line);

/// True for a recorded body of which some was not sent whole, so that its key cannot be compared.
[[nodiscard]] bool has_unsent(const Line& recorded);
/// Equal but for what was not sent whole.
[[nodiscard]] bool is_like(const Line& recorded, const Line& asked);

/// Where a request differs from another, a place a line; "" where nothing does.
[[nodiscard]] std::string differences(const Line& recorded, const Line& asked);

/// The place of the recorded request that differs least from what is asked. At least one must be there.
[[nodiscard]] std::size_t nearest(const std::vector<std::shared_ptr<const Line>>& recorded, const Line& asked);

}  // namespace kimistream::record
