// A frame of the messages protocol in the OpenAI shape, for those who want chunks whatever the provider speaks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/frame.hpp"

namespace kimistream::wire {

/// A `chat.completion.chunk`. `role` comes with the frame that begins the answer, usage with the frame that knows the
/// length of the output.
/// @param created seconds since 1970; the protocol does not say it
/// @return "" for a frame that says nothing in that shape (a ping, the end of a block, a signature)
std::string chunk_json(const Frame& frame, std::string_view id, std::string_view model, std::int64_t created = 0);

/// A `chat.completion`, from a frame that is a whole message.
std::string completion_json(const Frame& frame, std::string_view id, std::string_view model, std::int64_t created = 0);

}  // namespace kimistream::wire
