// Kimi's own tool-call tokens, when a server lets them leak into the text (dialects: section 4).
//
//   <|tool_calls_section_begin|><|tool_call_begin|>functions.NAME:0<|tool_call_argument_begin|>{...}<|tool_call_end|>
//   <|tool_calls_section_end|>
//
// Works on a stream: a suffix that may be the beginning of a token is held back, so no token reaches the reader.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kimistream::wire {

class Salvage {
 public:
  struct Call {
    std::string id;
    std::string name;
    std::string arguments;
    bool complete = true;
  };

  /// Takes a fragment of text. Appends to `text` what is to be shown, to `calls` those that are whole.
  void feed(std::string_view fragment, std::string& text, std::vector<Call>& calls);

  /// At the end: gives out what was held back and is text after all, or a call that was cut off.
  void finish(std::string& text, std::vector<Call>& calls);

  /// True when a fragment can pass unchanged: nothing is held back and it has nothing of a token in it.
  [[nodiscard]] bool passes(std::string_view fragment) const noexcept {
    return held_.empty() && !inside_ && fragment.find('<') == std::string_view::npos;
  }

  /// True once markup was seen.
  [[nodiscard]] bool acted() const noexcept { return acted_; }

 private:
  void read(bool at_end, std::string& text, std::vector<Call>& calls);

  std::string held_;
  std::size_t searched_ = 0;  // of held_, for the end of a call
  bool inside_ = false;       // between the begin of a section or call and its end
  bool wrapped_ = false;      // the section token was there
  bool acted_ = false;
};

}  // namespace kimistream::wire
