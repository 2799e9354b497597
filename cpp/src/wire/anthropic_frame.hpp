// The messages protocol: one SSE event or one whole body into the same `Frame` that chunks are read into, so that
// everything behind it is the same for both protocols. Decides nothing about the answer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "json/document.hpp"
#include "wire/frame.hpp"

namespace kimistream::wire {

/// Keeps what must outlive a frame: the open blocks, and the usage so far. One for each answer.
///
/// What becomes what: a thinking block the reasoning, text blocks the content, tool_use blocks tool calls with indexes
/// counted from 0, stop_reason the finish reason in OpenAI's words, a redacted_thinking block a part of
/// `Frame::opaque`, message_stop `Frame::ended`. Blocks, events and deltas of other kinds say nothing.
class AnthropicReader {
 public:
  /// Reads the data of one event, or one whole message. The views in `frame` live until `reader` opens another
  /// document or this one reads another frame.
  /// @param event_type as the stream says it; counts where the data has no type of its own
  void read(json::Reader& reader, std::string_view data, std::string_view event_type, Frame& frame);

 private:
  friend class AnthropicFrameReader;

  struct Block {
    bool is_tool = false, is_thinking = false;
    bool has_fragment = false;  // a fragment of its arguments has come that is not empty
    std::int64_t tool_index = 0;
    std::string tool_id;
    std::string input;  // the arguments that came with its start
  };
  /// As the wire counts; cumulative, later values count and are never added.
  struct Counters {
    std::optional<std::int64_t> input, cache_creation, cache_read, output, thinking;
    std::optional<std::int64_t> kept;            // what cache_creation says, summed over its lifetimes
    std::optional<std::int64_t> kept_1h;         // of that, for an hour
    std::optional<std::int64_t> prompt, cached;  // extra keys of some servers, where those above are missing
  };

  std::map<std::int64_t, Block> open_;  // by the index of the wire
  std::int64_t tools_ = 0;              // how many have begun
  Counters counters_;
};

}  // namespace kimistream::wire
