// Numbers in text.
#pragma once

#include <optional>
#include <string_view>

namespace kimistream::json {

/// Takes the decimal number off that `text` begins with, whatever locale the program has set. Nothing is taken where
/// there is none, or one too large for a double.
[[nodiscard]] std::optional<double> take_number(std::string_view& text);

}  // namespace kimistream::json
