// The tool calls of Kimi K2 to K2.6 (MoonshotAI/Kimi-K2, docs/tool_call_guidance.md; dialects: section 4).
//
//   <|tool_calls_section_begin|><|tool_call_begin|>functions.NAME:0<|tool_call_argument_begin|>{...}<|tool_call_end|>
//   <|tool_calls_section_end|>
//
// Any of the tokens may be missing. A call is complete when its end token came, or when its object is whole and the
// model went on or stopped behind it.
#pragma once

#include <string>
#include <string_view>

#include "wire/markup/json_text.hpp"
#include "wire/markup/markup.hpp"

namespace kimistream::wire::markup {

class K2 final : public Grammar {
 public:
  static constexpr std::size_t longest_token = 64;    // what goes on for longer without its end is text
  static constexpr std::size_t longest_header = 256;  // the same for the id of a call
  static constexpr std::size_t longest_tail = 1024;   // more words behind a whole object are no part of the call

  [[nodiscard]] std::size_t measure(std::string_view rest, Ending ending, const Sink& sink) const override;
  void take(std::string_view token, Ending behind, Sink& sink) override;
  [[nodiscard]] bool inside() const noexcept override { return place_ != Place::outside; }
  [[nodiscard]] std::string again() override;
  void finish(Ending ending, Sink& sink) override;

 private:
  enum class Place {
    outside,    // also between the calls of a section: what stands there is text
    header,     // "functions.NAME:0"
    arguments,  // the object, up to its last brace
    tail,       // behind it
  };

  void add(std::string_view text, Sink& sink) override;
  [[nodiscard]] bool quotes() override;
  void end_call(bool complete, Sink& sink);

  Place place_ = Place::outside;
  bool in_section_ = false;
  std::string header_, tail_;
  JsonText arguments_;
};

}  // namespace kimistream::wire::markup
