// An answer as a line of the output.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "kimistream/message.hpp"

namespace kimistream::rows {

/// With its line break. Nothing for what no JSON text can hold: a cost that is no number, bytes that are no UTF-8.
/// @param key, input  JSON as a line has it
[[nodiscard]] std::optional<std::string> line_of(std::string_view key, std::size_t index, std::string_view input,
                                                 const Message& message, int attempts);

}  // namespace kimistream::rows
