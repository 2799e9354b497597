// Why an answer ended, in one protocol's words whatever the server's.
#pragma once

#include <string_view>

namespace kimistream::wire {

/// The reason in the words of the OpenAI shape ("stop", "length", "tool_calls", "content_filter", "error"), where it is
/// another protocol's, provider's or spelling. One that is not known stays as it came.
[[nodiscard]] std::string_view plain_reason(std::string_view reason) noexcept;

/// True for the reasons that say what became of the answer; others tell nothing that a caller could go by.
[[nodiscard]] bool is_known_reason(std::string_view reason) noexcept;

}  // namespace kimistream::wire
