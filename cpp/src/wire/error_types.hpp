// Error types that servers and gateways name where no HTTP status says what they mean: inside a stream, or in a 200.
#pragma once

#include <optional>
#include <string_view>

namespace kimistream::wire {

/// The status that a type (or a code that is a word) stands for, nothing where it is not known.
[[nodiscard]] std::optional<int> status_of_type(std::string_view type);

/// Whether the words find fault with the request or the account: a failure that is told without any status and without
/// such words is the server's, or of something on the way.
[[nodiscard]] bool blames_request(std::string_view words);

}  // namespace kimistream::wire
