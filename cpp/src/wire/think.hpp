// Parts the content of servers that run without a reasoning parser: what stands between the model's <think> tags, or
// between a gateway's <reasoning> tags, is reasoning, the rest is the answer. Works over fragment borders.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kimistream::wire {

class ThinkSplitter {
 public:
  enum class Start {
    off,        // nothing is parted
    answer,     // reasoning begins with a tag, if at all
    reasoning,  // the opening tag was in the prompt: reasoning comes first, a closing tag ends it
    tag,        // the text is the reasoning: tags at its beginning are nobody's, and nothing is parted
  };
  explicit ThinkSplitter(Start start) noexcept
      : state_(start == Start::off      ? State::answer
               : start == Start::answer ? State::before_tag
               : start == Start::tag    ? State::before_nothing
                                        : State::before_reasoning) {}

  /// True when whatever comes is answer.
  [[nodiscard]] bool done() const noexcept { return state_ == State::answer; }
  /// True when the server parts them itself, and the answer has not begun.
  [[nodiscard]] bool waits() const noexcept { return state_ == State::behind_key; }
  /// True when a tag was found, or reasoning was taken out of the content.
  [[nodiscard]] bool acted() const noexcept { return acted_; }
  /// True when tags were taken away that hold nothing, behind reasoning with a key of its own.
  [[nodiscard]] bool strayed() const noexcept { return strayed_; }

  /// Appends what the fragment adds to each; holds back what may become a tag.
  void feed(std::string_view fragment, std::string& reasoning, std::string& answer);
  /// The reasoning has a key of its own: of tags only those are taken away that have strayed to the answer's beginning
  /// and hold nothing. Gives what is no such tag.
  void behind_key(std::string& answer);
  /// Nothing more comes: gives what was held back, and parts nothing from now on.
  void finish(std::string& reasoning, std::string& answer);

  /// True for a whole answer that began within the reasoning: it has one closing tag, which nothing opens and which it
  /// does not speak of.
  [[nodiscard]] static bool begins_within(std::string_view answer) noexcept;

 private:
  enum class State {
    before_tag,        // only white space so far; a tag would open the reasoning
    before_reasoning,  // the same, and it is open already
    before_nothing,    // the same, and it opens nothing
    behind_key,        // the same, and the reasoning came elsewhere
    reasoning,
    behind_tag,    // white space between the closing tag and the answer is nobody's, and a tag opens it again
    behind_stray,  // the same, but nothing opens it
    answer,
  };

  bool step(std::string_view& rest, std::string& reasoning);
  bool at_beginning(std::string_view& rest);

  std::string held_;
  State state_;
  std::size_t pair_ = 0;  // which tags are open
  bool acted_ = false, strayed_ = false;
};

/// Closing tags at the end of a text of reasoning, which a server has left there. They can be told only by what comes.
class TailTag {
 public:
  /// True when something is held back.
  [[nodiscard]] bool holds() const noexcept { return !held_.empty(); }
  /// @return what of the fragment, and of what was held back, is text for certain
  [[nodiscard]] std::string feed(std::string_view fragment);
  /// No reasoning follows. @return what was held back, if it is no tag
  [[nodiscard]] std::string finish();

 private:
  std::string held_;
};

}  // namespace kimistream::wire
