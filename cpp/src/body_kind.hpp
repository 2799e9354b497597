// What a response's body is: its content type says it, and where that is missing, odd or wrong its first bytes do.
#pragma once

#include <string_view>

#include "kimistream/headers.hpp"

namespace kimistream {

enum class BodyKind { unknown, events, json, other };

/// The content type without its parameters, "" where there is none.
[[nodiscard]] std::string_view media_type(const Headers& headers);

/// By the content type; unknown where it says nothing of use ("text/plain", "application/octet-stream").
[[nodiscard]] BodyKind kind_of_label(const Headers& headers);

/// By the first bytes, whatever the label says: no event begins with a brace, and no JSON with a field of an event.
/// Unknown as long as more bytes are needed.
[[nodiscard]] BodyKind kind_of_bytes(std::string_view text, BodyKind labelled);

}  // namespace kimistream
