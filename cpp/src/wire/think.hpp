// Parts the content of servers that run without a reasoning parser: what stands between the model's <think> tags is
// reasoning, the rest is the answer. Works over fragment borders.
#pragma once

#include <string>
#include <string_view>

namespace kimistream::wire {

class ThinkSplitter {
 public:
  enum class Start {
    off,        // nothing is parted
    answer,     // reasoning begins with a tag, if at all
    reasoning,  // the opening tag was in the prompt: reasoning comes first, a closing tag ends it
    tag,        // the text is the reasoning: an opening tag at its beginning is nobody's, and nothing is parted
  };
  explicit ThinkSplitter(Start start) noexcept
      : state_(start == Start::off      ? State::answer
               : start == Start::answer ? State::before_tag
               : start == Start::tag    ? State::before_nothing
                                        : State::before_reasoning) {}

  /// True when whatever comes is answer.
  [[nodiscard]] bool done() const noexcept { return state_ == State::answer; }
  /// True when a tag was found, or reasoning was taken out of the content.
  [[nodiscard]] bool acted() const noexcept { return acted_; }

  /// Appends what the fragment adds to each; holds back what may become a tag.
  void feed(std::string_view fragment, std::string& reasoning, std::string& answer);
  /// Nothing more comes, or a reasoning key has been seen: gives what was held back, and parts nothing from now on.
  void finish(std::string& reasoning, std::string& answer);

 private:
  enum class State {
    before_tag,        // only white space so far; <think> would open the reasoning
    before_reasoning,  // the same, and it is open already
    before_nothing,    // the same, and it opens nothing
    reasoning,
    behind_tag,  // white space between the closing tag and the answer is nobody's
    answer,
  };
  std::string held_;
  State state_;
  bool acted_ = false;
};

}  // namespace kimistream::wire
