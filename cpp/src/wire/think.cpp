#include "wire/think.hpp"

#include <algorithm>
#include <utility>

namespace kimistream::wire {
namespace {

constexpr std::string_view opening = "<think>", closing = "</think>", white = " \t\r\n";

/// Length of the longest end of `text` with which `tag` begins.
std::size_t begun(std::string_view text, std::string_view tag) noexcept {
  for (std::size_t length = std::min(text.size(), tag.size() - 1); length > 0; --length)
    if (text.ends_with(tag.substr(0, length))) return length;
  return 0;
}

}  // namespace

void ThinkSplitter::feed(std::string_view fragment, std::string& reasoning, std::string& answer) {
  std::string text = std::exchange(held_, {});
  text.append(fragment);
  std::string_view rest = text;
  if (state_ == State::before_tag || state_ == State::before_reasoning || state_ == State::before_nothing) {
    const std::string_view begin = rest.substr(std::min(rest.find_first_not_of(white), rest.size()));
    if (begin.starts_with(opening)) {
      state_ = state_ == State::before_nothing ? State::answer : State::reasoning;
      acted_ = true;
      rest = begin.substr(opening.size());
    } else if (opening.starts_with(begin) && rest.size() < 256) {  // white space without end is held by nobody
      held_ = std::move(text);
      return;
    } else {
      state_ = state_ == State::before_reasoning ? State::reasoning : State::answer;
    }
  }
  if (state_ == State::reasoning) {
    const std::size_t end = rest.find(closing);
    if (end == std::string_view::npos) {
      const std::size_t hold = begun(rest, closing);
      acted_ = acted_ || rest.size() > hold;
      reasoning.append(rest.substr(0, rest.size() - hold));
      held_ = rest.substr(rest.size() - hold);
      return;
    }
    acted_ = true;
    reasoning.append(rest.substr(0, end));
    rest.remove_prefix(end + closing.size());
    state_ = State::behind_tag;
  }
  if (state_ == State::behind_tag) {
    const std::size_t begin = rest.find_first_not_of(white);
    if (begin == std::string_view::npos) return;
    rest.remove_prefix(begin);
    state_ = State::answer;
  }
  answer.append(rest);
}

void ThinkSplitter::finish(std::string& reasoning, std::string& answer) {
  const bool thinking = state_ == State::reasoning || state_ == State::before_reasoning;
  (thinking ? reasoning : answer).append(std::exchange(held_, {}));
  state_ = State::answer;
}

}  // namespace kimistream::wire
