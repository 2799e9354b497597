/// @file accumulator.hpp
/// @brief Folds events into the message that they make.
#pragma once

#include "kimistream/event.hpp"
#include "kimistream/message.hpp"

namespace kimistream {

/// A fold over events: `message()` is what all of them so far amount to. It never looks back at what it has gathered.
/// `Restarted` voids what was said; warnings and usage stay.
class Accumulator {
 public:
  Accumulator();
  void add(const Event& event);
  /// What was said is void, as by `Restarted`.
  void restart();
  [[nodiscard]] const Message& message() const noexcept { return message_; }
  [[nodiscard]] Message& message() noexcept { return message_; }
  /// True while nothing has come that belongs to an answer.
  [[nodiscard]] bool empty() const noexcept;

 private:
  Message message_;
};

}  // namespace kimistream
