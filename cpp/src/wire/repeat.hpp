// Nearly every frame of a stream is the one before with another text in one place. Such a frame need not be parsed: it
// is the same document but for one string, so what the parser said of the one before holds for it too.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kimistream::wire {

class Repeat {
 public:
  /// Remembers a frame that was parsed, and where its text stands in it (between the quotes).
  void learn(std::string_view frame, std::size_t at, std::size_t length) {
    head_.assign(frame.substr(0, at));
    tail_.assign(frame.substr(at + length));
  }
  void forget() noexcept { head_.clear(); }

  /// The text of a frame that equals the one remembered in everything else. It stands in `frame`, or in `scratch` where
  /// it is written with escapes, as `json::unescape` makes it. Nothing when the frame differs elsewhere, or its text is
  /// empty or not a string's inside.
  [[nodiscard]] std::optional<std::string_view> match(std::string_view frame, std::string& scratch) const;

 private:
  std::string head_, tail_;  // an empty head: nothing is remembered
};

}  // namespace kimistream::wire
