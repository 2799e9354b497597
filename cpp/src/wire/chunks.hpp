// Frames in the OpenAI shape, for those who show them as they came. What the decoder changed (reasoning taken out of
// the content, tool calls read from the model's own tokens, another protocol) is changed in them too: both shapes of an
// answer say the same.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/event.hpp"
#include "kimistream/message.hpp"
#include "wire/decoder.hpp"

namespace kimistream::wire {

/// Appends the frame that the decoder has read last, unless it says nothing in this shape.
/// @param events  those that it made of the frame
/// @param created seconds since 1970, for protocols that do not say it
void add_chunk(Decoder& decoder, std::span<const Event> events, std::int64_t created, std::vector<Chunk>& out);

/// A whole answer that the decoder has read.
/// @param streamed a stream was asked for: it becomes the one chunk that says all of it
Chunk whole_chunk(Decoder& decoder, std::span<const Event> events, bool streamed, std::int64_t created);

/// A chunk of these events alone, for what no frame says: a text that was held back, an end.
[[nodiscard]] Chunk said_chunk(const Message& message, std::span<const Event> events, std::int64_t created);

/// `add_chunk` for an attempt after the first: its frames say what its events say, count the tokens of all attempts,
/// and where they go on with an answer they have the id of `message`.
void add_later_chunk(Decoder& decoder, const Message& message, bool goes_on, std::span<const Event> events,
                     std::int64_t created, std::vector<Chunk>& out);

/// A whole answer in the OpenAI shape, of a stream that was read in its place. What frames say beside their choices is
/// kept.
class Gathering {
 public:
  /// Takes in the frame that the decoder has read last. @param later than the first attempt: what it is called by and
  /// what it cost is the message's
  void add(Decoder& decoder, std::int64_t created, bool later = false);
  [[nodiscard]] Chunk chunk(const Message& message);

 private:
  json::Tree root_ = json::Tree::object();
  bool later_ = false;
};

}  // namespace kimistream::wire
