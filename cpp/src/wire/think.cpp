#include "wire/think.hpp"

#include <algorithm>
#include <utility>

#include "characters.hpp"

namespace kimistream::wire {
namespace {

struct Pair {
  std::string_view opening, closing;
};

/// The model's own tags, and those in which Bedrock wraps each piece of Kimi's reasoning (Bike4Mind/bike4mind#1089).
constexpr Pair pairs[] = {{"<think>", "</think>"}, {"<reasoning>", "</reasoning>"}};
constexpr std::string_view closing = pairs[0].closing, white = " \t\r\n";
constexpr std::size_t longest_hold = 256;  // white space without end is held by nobody

/// Length of the longest end of `text` with which `tag` begins.
std::size_t begun(std::string_view text, std::string_view tag) noexcept {
  for (std::size_t length = std::min(text.size(), tag.size() - 1); length > 0; --length)
    if (text.ends_with(tag.substr(0, length))) return length;
  return 0;
}

struct Tag {
  enum class Kind { none, perhaps, opens, closes } kind = Kind::none;
  std::size_t pair = 0, size = 0;
};

/// What tag a text begins with, if any.
Tag tag_at(std::string_view text) noexcept {
  Tag found;
  for (std::size_t pair = 0; pair < std::size(pairs); ++pair)
    for (const auto& [kind, tag] :
         {std::pair(Tag::Kind::opens, pairs[pair].opening), std::pair(Tag::Kind::closes, pairs[pair].closing)}) {
      if (text.starts_with(tag)) return {kind, pair, tag.size()};
      if (tag.starts_with(text)) found.kind = Tag::Kind::perhaps;
    }
  return found;
}

}  // namespace

void ThinkSplitter::feed(std::string_view fragment, std::string& reasoning, std::string& answer) {
  std::string text = std::exchange(held_, {});
  text.append(fragment);
  std::string_view rest = text;
  while (state_ != State::answer) {
    if (step(rest, reasoning)) continue;
    held_ = rest;
    return;
  }
  answer.append(rest);
}

/// Reads one thing. @return false when `rest` has to wait for more
bool ThinkSplitter::step(std::string_view& rest, std::string& reasoning) {
  if (state_ != State::reasoning) return at_beginning(rest);
  const std::string_view end_tag = pairs[pair_].closing;
  const std::size_t end = rest.find(end_tag);
  if (end == std::string_view::npos) {
    const std::size_t hold = begun(rest, end_tag);
    acted_ = acted_ || rest.size() > hold;
    reasoning.append(rest.substr(0, rest.size() - hold));
    rest.remove_prefix(rest.size() - hold);
    return false;
  }
  acted_ = true;
  reasoning.append(rest.substr(0, end));
  rest.remove_prefix(end + end_tag.size());
  state_ = State::behind_tag;
  return true;
}

bool ThinkSplitter::at_beginning(std::string_view& rest) {
  const std::string_view begin = trim_front(rest);
  const bool behind = state_ == State::behind_tag || state_ == State::behind_stray;
  Tag tag = tag_at(begin);
  if (tag.kind == Tag::Kind::perhaps && (behind || rest.size() < longest_hold)) {
    if (behind) rest = begin;
    return false;
  }
  if (tag.kind == Tag::Kind::perhaps) tag.kind = Tag::Kind::none;
  if (state_ == State::before_reasoning && tag.kind != Tag::Kind::opens) {
    state_ = State::reasoning;  // its closing tag may stand here
    return true;
  }
  if (tag.kind == Tag::Kind::none) {
    if (behind) rest = begin;
    state_ = State::answer;
    return true;
  }
  const std::string_view next = begin.substr(tag.size);
  if (tag.kind == Tag::Kind::opens && (state_ == State::behind_key || state_ == State::behind_stray)) {
    const Tag end = tag_at(trim_front(next));
    if (end.kind == Tag::Kind::perhaps && rest.size() < longest_hold) return false;
    if (end.kind != Tag::Kind::closes) {  // that is what it says
      state_ = State::answer;
      return true;
    }
  }
  const bool stray = state_ == State::behind_key || state_ == State::behind_stray;
  (stray ? strayed_ : acted_) = true;
  rest = next;
  if (tag.kind == Tag::Kind::opens &&
      (state_ == State::before_tag || state_ == State::before_reasoning || state_ == State::behind_tag)) {
    pair_ = tag.pair;
    state_ = State::reasoning;
  } else if (state_ == State::behind_key) {
    state_ = State::behind_stray;
  } else if (state_ == State::before_tag) {
    state_ = State::behind_tag;
  }
  return true;
}

void ThinkSplitter::behind_key(std::string& answer) {
  if (state_ == State::behind_key || state_ == State::behind_stray) return;
  if ((state_ == State::before_tag || state_ == State::before_reasoning) && trim_front(held_).empty())
    state_ = State::behind_key;
  else
    finish(answer, answer);
}

void ThinkSplitter::finish(std::string& reasoning, std::string& answer) {
  const bool thinking = state_ == State::reasoning || state_ == State::before_reasoning;
  (thinking ? reasoning : answer).append(std::exchange(held_, {}));
  state_ = State::answer;
}

bool ThinkSplitter::begins_within(std::string_view answer) noexcept {
  const std::size_t at = answer.find(closing);
  if (at == std::string_view::npos || answer.find(closing, at + 1) != std::string_view::npos) return false;
  if (answer.find(pairs[0].opening) != std::string_view::npos) return false;
  const char before = at == 0 ? '\n' : answer[at - 1];
  const std::string_view behind = answer.substr(at + closing.size());
  constexpr std::string_view quotes = "`'\"", marks = "`'\",.;:)";
  return quotes.find(before) == std::string_view::npos &&
         (behind.empty() || marks.find(behind.front()) == std::string_view::npos);
}

std::string TailTag::feed(std::string_view fragment) {
  std::string text = std::exchange(held_, {});
  text.append(fragment);
  std::size_t end = text.size() - begun(text, closing);
  for (;;) {
    const std::string_view rest = std::string_view(text).substr(0, end);
    const std::size_t solid = rest.find_last_not_of(white);
    if (solid == std::string_view::npos || !rest.substr(0, solid + 1).ends_with(closing)) break;
    end = solid + 1 - closing.size();
  }
  held_ = text.substr(end);
  text.resize(end);
  return text;
}

std::string TailTag::finish() {
  std::string held = std::exchange(held_, {});
  return held.find(closing) == std::string::npos ? held : std::string();
}

}  // namespace kimistream::wire
