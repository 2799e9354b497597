// JSON of which all readers say the same.
#pragma once

#include <string_view>

#include "kimistream/json.hpp"

namespace kimistream::json {

/// `visit`, where nothing is mended: bytes that are not UTF-8, raw control characters in a string, half of a surrogate
/// pair, NaN and infinity are Malformed as well. The visitor has been told of what stands before them.
void visit_strictly(std::string_view text, Visitor& visitor);

}  // namespace kimistream::json
