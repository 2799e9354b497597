// Where a continuation meets what it goes on from: its events, less what had been shown already and what an unbroken
// answer would not have. Pure, and over any cut of the text into fragments.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/event.hpp"

namespace kimistream {

/// What a continuation goes on from.
struct Before {
  std::string prefix{};              // as it was sent: the caller's beginning and what had arrived
  std::string arrived{};             // of the answer, with the white space at its end that the prefix lacks
  std::vector<std::string> stops{};  // the caller's
};

/// * Reasoning that comes all the same is left out, also where it stands in the text behind a new <think>; a notice
///   tells ("reasoning_left_out"). Blanks behind it may stand
///   between two words of the text, line ends there are nobody's.
/// * A prefix of 32 characters or more is looked for, whole, at the beginning and cut off. What begins like it is held
///   back until it is told apart.
/// * Of the white space at the beginning, what had been shown already is left out.
/// * A stop word that had begun before is found, though the server saw only its end: the answer ends there.
class Joint {
 public:
  explicit Joint(Before before);
  Joint(const Joint&) = delete;  // it has views of what it holds
  Joint& operator=(const Joint&) = delete;

  /// Filters the events from that place on.
  void filter(std::vector<Event>& events, std::size_t from);
  /// What is held back and no echo, for an answer that breaks off here for good.
  void release(std::vector<Event>& events);
  /// Something new has come.
  [[nodiscard]] bool brought() const noexcept { return brought_; }
  /// A stop word was found; its Finish was the last event, and nothing behind it counts.
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

 private:
  enum class State { think, echo, white, stop, open };

  void add(std::string_view text, std::vector<Event>& out);
  [[nodiscard]] State behind_reasoning() const noexcept;
  void settle(bool last);
  void look_for_echo(bool last);
  void look_at_white(bool last);
  void look_for_stop(bool last);
  void look_for_reasoning(bool last);
  void end(std::vector<Event>& out);
  void leave_out_reasoning(std::vector<Event>& out);

  Before before_;
  State state_;
  std::string held_;         // text that is not told apart yet
  std::size_t matched_ = 0;  // of held_, as far as it is known to be like the prefix
  std::string_view white_;   // at the end of what has arrived
  std::vector<std::string_view> stop_ends_;
  bool brought_ = false, stopped_ = false, ended_ = false;
  bool behind_tag_ = false;
  bool reasoning_ = false;                // held_ is within it
  bool left_out_ = false, told_ = false;  // reasoning was left out
};

}  // namespace kimistream
