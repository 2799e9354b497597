/// @file frames.hpp
/// @brief What the load server says: chat.completion.chunk events of the size and mix that Kimi sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kimistream::load {

/// The body of a whole chunked response, one HTTP chunk for each event.
struct CannedStream {
  std::string bytes;
  std::vector<std::size_t> ends;  ///< where each piece ends; the last piece holds [DONE] and the body's end
  std::size_t events = 0;         ///< without [DONE]
  std::size_t content_characters = 0;
  std::size_t reasoning_characters = 0;
};

/// `tokens` events with text (three in ten are reasoning), one with the finish reason and usage, then [DONE].
[[nodiscard]] CannedStream make_canned_stream(std::size_t tokens);

[[nodiscard]] std::uint64_t monotonic_nanoseconds() noexcept;

/// One HTTP chunk with an event whose text is the time, read as late as can be.
[[nodiscard]] std::string stamped_chunk();

/// Finish reason, usage and [DONE]; without the chunk that ends the body.
[[nodiscard]] std::string closing_chunks();

inline constexpr std::string_view last_chunk = "0\r\n\r\n";

[[nodiscard]] std::string_view completion_json() noexcept;
[[nodiscard]] std::string_view models_json() noexcept;

}  // namespace kimistream::load
