// Goal: linear time whatever the slicing, no copy of a line that lies whole in the caller's block.
// Plan: look only at bytes that are new. A line that is cut by the end of a block is carried in tail_; an event that is
// cut is carried in data_. Nothing is ever searched twice or erased from the front.
#include "characters.hpp"
#include "kimistream/sse.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace kimistream::sse {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Looks for either ending window by window: in a text of bare CRs no line may cost a search of all that follows.
std::size_t find_line_end(std::string_view text) noexcept {
  constexpr std::size_t window = 1024;
  for (std::size_t at = 0; at < text.size(); at += window) {
    const char* begin = text.data() + at;
    std::size_t size = std::min(window, text.size() - at);
    const auto* lf = static_cast<const char*>(std::memchr(begin, '\n', size));
    if (lf) size = static_cast<std::size_t>(lf - begin);
    if (const auto* cr = static_cast<const char*>(std::memchr(begin, '\r', size))) lf = cr;
    if (lf) return static_cast<std::size_t>(lf - text.data());
  }
  return std::string_view::npos;
}

}  // namespace

bool Parser::within_limit(std::size_t more) noexcept {
  const std::size_t held = data_state_ == Data::none ? 0 : data_state_ == Data::viewed ? view_.size() : data_.size();
  if (held + more > max_event_bytes_) overflowed_ = true;
  return !overflowed_;
}

bool Parser::take_line(std::string_view& line) {
  while (bom_ < byte_order_mark.size() && !block_.empty()) {
    if (block_.front() == byte_order_mark[bom_]) {
      block_.remove_prefix(1);
      ++bom_;
    } else {
      tail_.assign(byte_order_mark.substr(0, bom_));  // it only looked like a mark
      bom_ = static_cast<unsigned char>(byte_order_mark.size());
    }
  }
  while (!block_.empty()) {
    if (std::exchange(swallow_lf_, false) && block_.front() == '\n') {
      block_.remove_prefix(1);
      continue;
    }
    const std::size_t end = find_line_end(block_);
    if (end == std::string_view::npos) {
      if (!skip_line_ && tail_.empty() && block_.front() == ':') skip_line_ = true;
      if (!skip_line_ && within_limit(tail_.size() + block_.size())) tail_.append(block_);
      block_ = {};
      return false;
    }
    line = block_.substr(0, end);
    const bool cr = block_[end] == '\r';
    block_.remove_prefix(end + 1);
    swallow_lf_ = cr;
    if (std::exchange(skip_line_, false)) continue;
    if (!tail_.empty()) {
      tail_.append(line);
      line = tail_;
      from_tail_ = true;
    }
    return true;
  }
  return false;
}

/// The event that streams are made of: one `data:` line and a blank line, both whole in the block, lines ended by LF.
std::optional<Event> Parser::next_plain() {
  constexpr std::string_view field = "data:";
  constexpr std::size_t window = 4096;  // a text of bare CRs must not be searched to its end for each line
  if (data_state_ != Data::none || !type_.empty() || !tail_.empty() || swallow_lf_ || skip_line_ || bom_ < 3 ||
      block_.size() < field.size() + 2 || std::memcmp(block_.data(), field.data(), field.size()) != 0)
    return std::nullopt;
  const char* const begin = block_.data() + field.size();
  const char* const block_end = block_.data() + std::min(block_.size(), window);
  const auto* end = static_cast<const char*>(std::memchr(begin, '\n', static_cast<std::size_t>(block_end - begin)));
  if (!end || end + 1 == block_end || end[1] != '\n') return std::nullopt;
  std::string_view data(begin, static_cast<std::size_t>(end - begin));
  if (data.size() >= max_event_bytes_ || std::memchr(data.data(), '\r', data.size())) return std::nullopt;
  if (!data.empty() && data.front() == ' ') data.remove_prefix(1);
  block_.remove_prefix(static_cast<std::size_t>(end + 2 - block_.data()));
  if (last_id_ != id_buffer_) last_id_ = id_buffer_;
  return Event{.type = "message", .data = data};
}

std::optional<Event> Parser::next() {
  if (block_.empty() && !repeat_ && data_state_ != Data::viewed) return std::nullopt;
  if (!repeat_) {  // a line that is to be read once more may live in the tail
    if (std::exchange(from_tail_, false)) tail_.clear();
    if (auto event = next_plain()) return event;
  }
  while (!overflowed_) {
    std::string_view line;
    if (repeat_) {
      line = *std::exchange(repeat_, std::nullopt);
    } else {
      if (std::exchange(from_tail_, false)) tail_.clear();
      if (!take_line(line)) break;
    }
    if (auto event = on_line(line)) return event;
  }
  if (data_state_ == Data::viewed) {  // the block goes away, the event goes on
    data_.assign(view_);
    data_state_ = Data::owned;
  }
  return std::nullopt;
}

std::optional<Event> Parser::finish() {
  if (overflowed_) return std::nullopt;
  if (repeat_) {
    if (auto event = on_line(*std::exchange(repeat_, std::nullopt))) return event;
  } else if (!from_tail_ && !tail_.empty()) {
    from_tail_ = true;
    if (auto event = on_line(tail_)) return event;
  }
  return dispatch();
}

std::optional<Event> Parser::on_line(std::string_view line) {
  if (line.empty()) return dispatch();
  if (line.front() == ':') return std::nullopt;
  const bool data = line.size() >= 5 && std::memcmp(line.data(), "data:", 5) == 0;
  const bool bare = !data && (bare_ || line.front() == '{');
  if (data_state_ != Data::none && (data ? bare_ || is_whole() : bare && !bare_ && is_whole())) {
    repeat_ = line;
    return dispatch();
  }
  if (bare) return on_bare(line);
  const std::size_t colon = data ? 4 : line.find(':');
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  }
  if (line.substr(0, colon) == "error") return on_error(line, value);
  on_field(line.substr(0, colon), value);
  return std::nullopt;
}

std::optional<Event> Parser::on_error(std::string_view line, std::string_view value) {
  if (value.empty() || value == "null") return std::nullopt;
  if (data_state_ != Data::none) {
    repeat_ = line;
    return dispatch();
  }
  type_ = "error";
  add_data(value);
  return overflowed_ ? std::nullopt : dispatch();
}

/// JSON without a field's name: it ends where its object does, be it on one line or on several. In an event that was
/// left open it is a further line of it.
std::optional<Event> Parser::on_bare(std::string_view line) {
  if (data_state_ == Data::none) {
    bare_ = scanning_ = true;
    scan_.feed(line);
  }
  add_data(line);
  return bare_ && scan_.whole() && !overflowed_ ? dispatch() : std::nullopt;
}

/// The data gathered so far is one whole JSON object. From now on what is added is followed.
bool Parser::is_whole() noexcept {
  if (!std::exchange(scanning_, true)) scan_.feed(data_state_ == Data::viewed ? view_ : std::string_view(data_));
  return scan_.whole();
}

void Parser::on_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    add_data(value);
  } else if (name == "event") {
    if (within_limit(value.size())) type_.assign(value);
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos && within_limit(value.size())) id_buffer_.assign(value);
  } else if (name == "retry") {
    long long milliseconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    const bool digits = std::all_of(value.begin(), value.end(), is_digit);
    if (!value.empty() && digits && error == std::errc()) retry_ = milliseconds;
  }
}

void Parser::add_data(std::string_view value) {
  if (!within_limit(value.size() + 1)) return;
  if (data_state_ == Data::none) {
    if (from_tail_)
      data_.assign(value);
    else
      view_ = value;
    data_state_ = from_tail_ ? Data::owned : Data::viewed;
    return;
  }
  if (data_state_ == Data::viewed) data_.assign(view_);
  data_state_ = Data::owned;
  data_ += '\n';
  data_.append(value);
  if (scanning_) scan_.feed(value);
}

std::optional<Event> Parser::dispatch() {
  last_id_ = id_buffer_;
  const Data state = std::exchange(data_state_, Data::none);
  if (std::exchange(scanning_, false)) scan_ = {};
  bare_ = false;
  if (state == Data::none) {
    type_.clear();
    return std::nullopt;
  }
  Event event;
  if (state == Data::owned) {
    dispatched_data_.swap(data_);
    data_.clear();
    event.data = dispatched_data_;
  } else {
    event.data = view_;
  }
  if (!type_.empty()) {
    dispatched_type_.swap(type_);
    type_.clear();
    event.type = dispatched_type_;
  }
  return event;
}

}  // namespace kimistream::sse
