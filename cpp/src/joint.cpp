#include "joint.hpp"

#include <algorithm>
#include <utility>

#include "white.hpp"

namespace kimistream {
namespace {

constexpr std::size_t shortest_echo = 32;  // characters; what is shorter may well be said twice

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

/// Whether a <think> behind this text would be a word of it: in quotes or in code.
bool quotes(std::string_view text) {
  if (text.empty()) return false;
  if (std::string_view("`\"'").find(text.back()) != std::string_view::npos) return true;
  bool open = false;
  for (std::size_t at = text.find("```"); at != std::string_view::npos; at = text.find("```", at + 3)) open = !open;
  return open;
}

/// The length of what two texts begin with alike, in whole characters.
std::size_t common(std::string_view one, std::string_view other) noexcept {
  std::size_t size = 0;
  while (size < one.size() && size < other.size() && one[size] == other[size]) ++size;
  while (size > 0 &&
         ((size < one.size() && (one[size] & 0xC0) == 0x80) || (size < other.size() && (other[size] & 0xC0) == 0x80)))
    --size;
  return size;
}

/// What is still to come of each stop word that the text ends within.
std::vector<std::string_view> ends_of(const std::vector<std::string>& stops, std::string_view text) {
  std::vector<std::string_view> ends;
  for (const std::string_view stop : stops)
    for (std::size_t begun = std::min(stop.empty() ? 0 : stop.size() - 1, text.size()); begun > 0; --begun)
      if (text.ends_with(stop.substr(0, begun))) ends.push_back(stop.substr(begun));
  return ends;
}

/// Where the end of a text begins that may become that tag.
std::size_t kept_back(std::string_view text, std::string_view tag) {
  std::size_t size = std::min(text.size(), tag.size() - 1);
  while (size > 0 && !text.ends_with(tag.substr(0, size))) --size;
  return text.size() - size;
}

}  // namespace

Joint::Joint(Before before)
    : before_(std::move(before)), state_(quotes(before_.arrived) ? behind_reasoning() : State::think) {
  const std::string_view arrived = before_.arrived;
  white_ = arrived.substr(without_white_end(arrived).size());
  stop_ends_ = ends_of(before_.stops, arrived);
}

Joint::State Joint::behind_reasoning() const noexcept {
  return characters(before_.prefix) >= shortest_echo ? State::echo : State::white;
}

void Joint::filter(std::vector<Event>& events, std::size_t from) {
  if (state_ == State::open && !stopped_ && from + 1 == events.size() &&
      std::holds_alternative<Text>(events.back())) {  // as nearly always
    brought_ = true;
    return;
  }
  std::vector<Event> fresh(std::make_move_iterator(events.begin() + static_cast<std::ptrdiff_t>(from)),
                           std::make_move_iterator(events.end()));
  events.resize(from);
  for (Event& event : fresh) {
    if (stopped_) return;
    if (auto* text = std::get_if<Text>(&event)) {
      add(text->text, events);
    } else if (std::holds_alternative<Thinking>(event)) {
      leave_out_reasoning(events);
    } else if (const auto* notice = std::get_if<Notice>(&event)) {
      // They speak of an answer that is whole, and this is the end of one.
      if (notice->code != "empty_answer" && notice->code != "truncated_reasoning" && notice->code != "inline_thinking")
        events.push_back(std::move(event));
    } else if (std::holds_alternative<Usage>(event)) {
      events.push_back(std::move(event));
    } else {
      end(events);
      if (stopped_) return;
      brought_ = true;
      events.push_back(std::move(event));
    }
  }
}

void Joint::leave_out_reasoning(std::vector<Event>& out) {
  if (std::exchange(told_, true)) return;
  out.emplace_back(Notice{"reasoning_left_out",
                          "the model reasoned again where it was to go on with its answer; that was left out"});
}

void Joint::add(std::string_view text, std::vector<Event>& out) {
  if (text.empty()) return;
  if (state_ != State::open) {
    held_.append(text);
    settle(false);
    if (left_out_) leave_out_reasoning(out);
    if (state_ != State::open) {
      if (stopped_) out.emplace_back(Finish{"stop"});
      return;
    }
    text = held_;
  }
  if (!text.empty()) {
    brought_ = true;
    out.emplace_back(Text{std::string(text)});
  }
  held_.clear();
}

/// @param last nothing comes behind what is held
void Joint::settle(bool last) {
  if (state_ == State::think) look_for_reasoning(last);
  if (state_ == State::echo) look_for_echo(last);
  if (state_ == State::white) look_at_white(last);
  if (state_ == State::stop) look_for_stop(last);
}

void Joint::look_for_reasoning(bool last) {
  constexpr std::string_view open = "<think>", close = "</think>";
  if (!reasoning_ && !behind_tag_) {
    const std::size_t lead = white_prefix(held_);
    const std::string_view said = std::string_view(held_).substr(lead);
    if (!last && said.size() < open.size() && open.starts_with(said)) return;  // it may become one
    if (!said.starts_with(open)) {
      state_ = behind_reasoning();
      return;
    }
    reasoning_ = true;
    held_.erase(0, lead + open.size());
  }
  if (reasoning_) {
    const std::size_t end = held_.find(close);
    const std::size_t size = end != std::string::npos ? end : last ? held_.size() : kept_back(held_, close);
    left_out_ = left_out_ || !without_white_end(std::string_view(held_).substr(0, size)).empty();
    held_.erase(0, end != std::string::npos ? end + close.size() : size);
    if (end == std::string::npos && !last) return;
    reasoning_ = false;
    behind_tag_ = true;
  }
  held_.erase(0, held_.find_first_not_of("\r\n"));
  if (!held_.empty() || last) state_ = behind_reasoning();
}

void Joint::look_for_echo(bool last) {
  // A template may have stripped the prefix on both sides.
  const std::string_view prefix = std::string_view(before_.prefix).substr(white_prefix(before_.prefix));
  const std::size_t lead = white_prefix(held_);
  const std::string_view said = std::string_view(held_).substr(lead);
  while (matched_ < said.size() && matched_ < prefix.size() && said[matched_] == prefix[matched_]) ++matched_;
  if (matched_ == prefix.size()) {
    held_.erase(0, lead + prefix.size());
    state_ = State::white;
  } else if (matched_ < said.size() || last) {
    state_ = State::white;
  }
}

void Joint::look_at_white(bool last) {
  const std::size_t size = white_prefix(held_);
  const bool all = size == held_.size();
  if (!white_.empty() && all && !last && size <= white_.size()) return;  // more of it may come
  const std::string_view white = std::string_view(held_).substr(0, size);
  std::size_t shown = common(white, white_);
  // A model may take the line's end for said, and go on with what stood behind it.
  if (shown == 0 && white_.ends_with(white)) shown = size;
  held_.erase(0, shown);
  state_ = stop_ends_.empty() ? State::open : State::stop;
}

void Joint::look_for_stop(bool last) {
  const std::string_view held = held_;
  for (const std::string_view end : stop_ends_)
    if (held.starts_with(end)) {
      stopped_ = true;
      held_.clear();
      return;
    }
  const bool may_come =
      std::any_of(stop_ends_.begin(), stop_ends_.end(), [&](std::string_view end) { return end.starts_with(held); });
  if (!may_come || last) state_ = State::open;
}

/// The text ends here.
void Joint::end(std::vector<Event>& out) {
  if (std::exchange(ended_, true)) return;
  settle(true);
  if (left_out_) leave_out_reasoning(out);
  if (stopped_) {
    out.emplace_back(Finish{"stop"});
  } else if (!held_.empty()) {
    brought_ = true;
    out.emplace_back(Text{std::exchange(held_, {})});
  }
}

void Joint::release(std::vector<Event>& events) {
  if (state_ == State::echo && characters(held_) >= shortest_echo) return;
  end(events);
}

}  // namespace kimistream
