// One JSON frame of a stream, or one whole completion, as views. Knows where providers put things; decides nothing.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/document.hpp"
#include "kimistream/message.hpp"

namespace kimistream::wire {

struct ToolFragment {
  std::optional<std::int64_t> index;  // absent, null, negative or not a number: nothing
  std::string_view id;                // "" where absent or null, likewise below
  std::string_view name;
  std::string_view type;
  std::string_view arguments;
};

/// Nothing, or a text of nothing.
[[nodiscard]] inline bool is_empty(const std::optional<std::string_view>& text) noexcept {
  return !text || text->empty();
}

/// What one choice of a frame says.
struct Choice {
  std::optional<std::string_view> reasoning;  // nothing: absent or null; "" is "came, and empty"
  std::optional<std::string_view> content;
  std::optional<std::string_view> refusal;  // the words with which the model refuses, in the place that is theirs
  std::vector<ToolFragment> tool_calls;
  std::string_view finish_reason;  // "" where absent, null or blank
  bool blank_finish = false;       // it came as a text of nothing
  bool whole = false;              // it came as a message, not as a piece of one

  [[nodiscard]] bool silent() const noexcept {
    return is_empty(reasoning) && is_empty(content) && is_empty(refusal) && tool_calls.empty();
  }
};

/// The views live until the reader that made them opens another document.
struct Frame {
  std::string_view id;
  std::string_view model;
  Choice choice;
  std::unique_ptr<Usage> usage;          // null: it tells none, as most do
  std::string_view signature;            // of the reasoning: a piece of it, to be appended
  std::vector<std::string_view> opaque;  // parts of the reasoning that only the provider can read, as JSON objects
  std::list<std::string> made;           // texts that views point to and that stand nowhere in one piece
  bool has_choices = false;              // at least one choice came
  bool other_choices = false;            // choices besides the one that is read (n > 1)
  std::int64_t other_index = 0;          // the least index of those
  bool reshaped = false;   // a text or arguments came in another form: what is read is not what stands there
  bool native = false;     // of a shape that has no finish reasons: the end marker alone ends it (Q36)
  bool has_error = false;  // a truthy error: read it from the text, there is time
  bool malformed = false;
  bool begins = false;          // the answer begins with this frame (where the protocol says so)
  bool ended = false;           // the stream says that it is over
  bool usage_is_whole = false;  // `usage` is all that is known so far: it replaces what came before, larger or not
  bool mended = false;          // it had bytes that had to be replaced
  bool has_escapes = false;     // it has a backslash somewhere

  void clear() {
    id = model = choice.finish_reason = {};
    choice.blank_finish = choice.whole = false;
    choice.reasoning.reset();
    choice.content.reset();
    choice.refusal.reset();
    choice.tool_calls.clear();
    usage.reset();
    signature = {};
    opaque.clear();
    if (!made.empty()) made.clear();
    has_choices = other_choices = reshaped = native = has_error = malformed = begins = ended = usage_is_whole = false;
  }
};

struct FrameOptions {
  bool want_identity = true;                 // read id and model (once known, skipping them is cheaper)
  std::optional<std::int64_t> choice_index;  // which choice to read; nothing: the first that comes
};

/// Reads `text` into `frame`. @return the index of the choice that was read, if it came
std::optional<std::int64_t> read_frame(json::Reader& reader, std::string_view text, const FrameOptions& options,
                                       Frame& frame);

}  // namespace kimistream::wire
