/// @file sse.hpp
/// @brief Server-sent events: bytes in; an event, "need more", or a final error out.
///
/// Line rules: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.
/// Tolerances, for what gateways write: when the data gathered so far is one whole JSON object and another `data:` line
/// follows, the event counts as ended, for the blank line was forgotten (plain text is never split that way). A field
/// `error` is an event of that type (llama.cpp of 2025), and JSON that begins a line without any field's name is data
/// (servers that write an error behind a stream); the standard would drop both.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "kimistream/json.hpp"

namespace kimistream::sse {

/// One event. The views live until the next call of the parser that made it.
struct Event {
  std::string_view type = "message";
  std::string_view data;
};

/// An incremental parser. Not thread-safe; give each stream its own.
///
///     parser.feed(block);
///     while (auto event = parser.next()) use(*event);
///     if (parser.overflowed()) ...
class Parser {
 public:
  static constexpr std::size_t default_max_event_bytes = std::size_t{16} << 20;

  /// @param max_event_bytes the largest event, in bytes; a larger one is a final error
  explicit Parser(std::size_t max_event_bytes = default_max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  /// Gives the parser the next bytes. The block must stay alive until `next()` has returned nothing.
  void feed(std::string_view block) noexcept { block_ = block; }

  /// The next event, or nothing when more bytes are needed or the parser has failed.
  [[nodiscard]] std::optional<Event> next();

  /// At the end of input: the event that was under way, if it has data. The standard drops it; a caller who knows
  /// that the connection ended cleanly may know better.
  [[nodiscard]] std::optional<Event> finish();

  /// True after an event went beyond the limit. Final.
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }

  /// The last `id:` field, as in the standard; and the last valid `retry:` field, in milliseconds.
  [[nodiscard]] const std::string& last_event_id() const noexcept { return last_id_; }
  [[nodiscard]] std::optional<long long> retry() const noexcept { return retry_; }

 private:
  std::optional<Event> next_plain();
  bool take_line(std::string_view& line);
  std::optional<Event> on_line(std::string_view line);
  std::optional<Event> on_error(std::string_view line, std::string_view value);
  std::optional<Event> on_bare(std::string_view line);
  bool is_whole() noexcept;
  void on_field(std::string_view name, std::string_view value);
  void add_data(std::string_view value);
  std::optional<Event> dispatch();
  bool within_limit(std::size_t more) noexcept;

  std::size_t max_event_bytes_;
  std::string_view block_;       // bytes not yet looked at
  std::string tail_;             // a line of which only the beginning has come
  std::string_view view_;        // the event's only data line so far, still in the caller's block
  std::string data_;             // the event's data when it has several lines or outlives its block
  std::string type_;             // of the event under way
  std::string dispatched_data_;  // keep the views of the last event alive
  std::string dispatched_type_;
  std::string id_buffer_;
  std::string last_id_;
  std::optional<long long> retry_;
  std::optional<std::string_view> repeat_;  // a line that ended the event before it and is still to be read
  json::ObjectScan scan_;                   // of the event's data, once it has a second line
  enum class Data { none, viewed, owned } data_state_ = Data::none;
  unsigned char bom_ = 0;    // bytes of a byte order mark seen at the very start; 3: settled
  bool scanning_ = false;    // scan_ follows the data
  bool bare_ = false;        // the data is JSON that came without a field's name, and more of it is due
  bool swallow_lf_ = false;  // the last line ended in CR: an LF that follows belongs to it
  bool skip_line_ = false;   // inside a comment that began in an earlier block
  bool from_tail_ = false;   // the line at hand lives in tail_
  bool overflowed_ = false;
};

}  // namespace kimistream::sse
