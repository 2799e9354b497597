// Where the text between markup goes, and the calls that were read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kimistream::wire::markup {

inline constexpr std::string_view white = " \t\r\n", letters = "abcdefghijklmnopqrstuvwxyz_";

/// A call that stood in the text.
struct Call {
  std::string id;         // as the model wrote it, "" where it wrote none
  std::string name;       // "" where the model named none
  std::string arguments;  // what came of them; JSON where the call is complete
  bool complete = false;  // ended by the model; false: cut off or damaged
  friend bool operator==(const Call&, const Call&) = default;
};

/// What a piece of text amounts to.
struct Output {
  std::string reasoning, answer;
  std::vector<Call> calls;
  bool parted = false;   // reasoning stood in the answer's place
  bool removed = false;  // tokens that made no call were taken away
  bool refused = false;  // calls that nobody offered were left out
  bool beyond = false;   // words behind the end of the message were left out

  friend bool operator==(const Output&, const Output&) = default;

  /// True when all it says is `text`, in that place.
  [[nodiscard]] bool is_only(const std::string& place, std::string_view text) const {
    return place == text && reasoning.size() + answer.size() == text.size() && calls.empty() && !removed && !refused;
  }
};

enum class Side { reasoning, answer };

class Sink {
 public:
  static constexpr std::size_t longest_blank = 256;  // white space that is held back

  explicit Sink(Side home) noexcept : home_(home), side_(home) {}

  void text(std::string_view text);
  void call(Call call) { out.calls.push_back(std::move(call)); }
  /// Whose text comes from here on.
  void turn_to(Side side);
  /// A token stood here. White space behind it counts only when text follows it (`kept`), or never.
  void gap(bool kept = true);
  /// Nothing more comes: white space that waits was nobody's.
  void finish() { blank_.clear(); }

  [[nodiscard]] Side side() const noexcept { return side_; }
  /// True from a gap to the text behind it.
  [[nodiscard]] bool waiting() const noexcept { return waiting_; }
  /// True when text may go by unseen: it would be given as it is.
  [[nodiscard]] bool idle() const noexcept { return !waiting_ && side_ == home_; }

  Output out;
  bool said = false;  // there was text, not white space alone
  char last = '\0';   // the character before, of text

 private:
  void give(std::string_view text);

  Side home_, side_;
  std::string blank_;
  bool waiting_ = false, kept_ = false;
};

}  // namespace kimistream::wire::markup
