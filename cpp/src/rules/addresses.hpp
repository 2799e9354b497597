// Addresses of pictures and clips that are none, and what was meant by them.
#pragma once

#include <string>
#include <string_view>

#include "kimistream/request.hpp"

namespace kimistream::rules {

/// A data URI that holds another one: whoever added the beginning had not seen that it is there.
[[nodiscard]] bool begins_twice(std::string_view url) noexcept;

/// The beginning that a text of base64 lacks to be a data URI, by the first bytes of what it holds; "" where it is no
/// base64 of a picture (or of a clip, where one is wanted) that is known.
[[nodiscard]] std::string_view missing_beginning(std::string_view text, bool video) noexcept;

/// Gives base64 without a beginning one, and takes the second beginning away where there are two.
void mend_addresses(Request& request);

}  // namespace kimistream::rules
