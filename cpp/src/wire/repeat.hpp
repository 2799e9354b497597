// Nearly every frame of a stream is the one before with another text in one place. Such a frame need not be parsed: it
// is the same document but for one string, so what the parser said of the one before holds for it too.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kimistream/event.hpp"

namespace kimistream::wire {

class Repeat {
 public:
  /// Remembers a frame that was parsed, and where its text stands in it (between the quotes).
  void learn(std::string_view frame, std::size_t at, std::size_t length) {
    head_.assign(frame.substr(0, at));
    tail_.assign(frame.substr(at + length));
    shared_.reset();
  }
  void forget() noexcept { head_.clear(); }

  /// The text of a frame that equals the one remembered in everything else. It stands in `frame`, or in `scratch` where
  /// it is written with escapes, as `json::unescape` makes it. Nothing when the frame differs elsewhere, or its text is
  /// empty or not a string's inside.
  [[nodiscard]] std::optional<std::string_view> match(std::string_view frame, std::string& scratch) const;

  /// A frame that has matched, with what it shares with others kept once.
  [[nodiscard]] FrameText share(std::string_view frame) {
    if (!shared_) shared_ = std::make_shared<const FrameText::Around>(FrameText::Around{head_, tail_});
    return {shared_, frame.substr(head_.size(), frame.size() - head_.size() - tail_.size())};
  }

 private:
  std::shared_ptr<const FrameText::Around> shared_;  // made for the first who asks
  std::string head_, tail_;                          // an empty head: nothing is remembered
};

}  // namespace kimistream::wire
