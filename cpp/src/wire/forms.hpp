// Texts that come in another form than a text: an object round one, a list of typed parts, one in the other. All of it
// is off the usual way: it is asked only where a value turns out to be no text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/frame_values.hpp"

namespace kimistream::wire {

/// What such a value says, its pieces joined. Nothing: it has no such piece; "" is one that is empty.
struct Spoken {
  std::optional<std::string> text, reasoning;

  [[nodiscard]] bool silent() const noexcept { return text.value_or("").empty() && reasoning.value_or("").empty(); }
};

class Forms : protected FrameValues {
 protected:
  using FrameValues::FrameValues;

  /// Adds what the value says to `into`. The type of a part tells whose its words are: those of "reasoning",
  /// "thinking" and "summary_text" are the reasoning's, also where they stand under "text" (databricks/appkit#559).
  /// Signatures go into the frame.
  /// @param reasons the value stands where reasoning does
  void speak(json::Value& value, bool reasons, Spoken& into, int depth = 0);

  /// The arguments of a call that are no text: their JSON. Null says nothing.
  void arguments_of(json::Value& value, std::string_view& out);

 private:
  void speak_part(json::Value& value, bool reasons, Spoken& into, int depth);
  void sign(json::Value& value);
};

}  // namespace kimistream::wire
