/// @file event.hpp
/// @brief What a stream gives: typed events, in the order in which they arrive, one for each fragment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "kimistream/message.hpp"

namespace kimistream {

/// A fragment of the model's reasoning.
struct Thinking {
  std::string text{};
  friend bool operator==(const Thinking&, const Thinking&) = default;
};

/// A fragment of the answer.
struct Text {
  std::string text{};
  friend bool operator==(const Text&, const Text&) = default;
};

/// A tool call begins; its name is known.
struct ToolCallStart {
  int index = 0;
  std::string id{};
  std::string name{};
  friend bool operator==(const ToolCallStart&, const ToolCallStart&) = default;
};

/// A fragment of a tool call's arguments.
struct ToolCallDelta {
  int index = 0;
  std::string arguments{};
  friend bool operator==(const ToolCallDelta&, const ToolCallDelta&) = default;
};

/// The model has finished. Comes once, after every `ToolCall`.
struct Finish {
  std::string reason{};  ///< an open set: "stop", "length", "tool_calls", "content_filter", ...
  friend bool operator==(const Finish&, const Finish&) = default;
};

/// What was shown of this answer so far is void: it broke off and was asked for anew. Comes only where something had
/// been delivered, see `OnBreak`.
struct Restarted {
  int attempt = 2;       ///< from 2: the requests that began an answer so far, continuations too
  std::string reason{};  ///< a sentence
  friend bool operator==(const Restarted&, const Restarted&) = default;
};

/// `ToolCall` (a whole call), `Usage` and `Notice` are the values of message.hpp.
using Event = std::variant<Text, Thinking, ToolCallStart, ToolCallDelta, ToolCall, Usage, Finish, Notice, Restarted>;

/// The text of a frame. Frames in a row mostly differ in one place alone: what stands around it is kept once for all of
/// them. A value type.
class FrameText {
 public:
  struct Around {
    std::string head{}, tail{};
  };

  FrameText() = default;
  explicit FrameText(std::string whole) : text_(std::move(whole)) {}
  FrameText(std::shared_ptr<const Around> around, std::string_view between)
      : around_(std::move(around)), text_(between) {}

  [[nodiscard]] bool empty() const noexcept { return text_.empty() && !around_; }
  [[nodiscard]] std::string str() const& { return around_ ? around_->head + text_ + around_->tail : text_; }
  [[nodiscard]] std::string str() && { return around_ ? std::as_const(*this).str() : std::move(text_); }

 private:
  std::shared_ptr<const Around> around_;  // null: the text is whole
  std::string text_;
};

/// One frame of a stream as it came, for those who want the wire's own shape or fields that the library does not know.
/// A whole completion, asked for without streaming, is one chunk.
struct Chunk {
  FrameText frame{};                       ///< see `json()`
  std::optional<std::string> content{};    ///< of the first choice; nothing: absent or null
  std::optional<std::string> reasoning{};  ///< under whatever name it came
  std::string finish_reason{};             ///< "" where absent, null or empty
  bool has_choices = false;                ///< false for a frame of usage alone
  bool plain = false;                      ///< one choice without tool calls: the fields above say all of it

  /// The frame's text.
  [[nodiscard]] std::string json() const& { return frame.str(); }
  [[nodiscard]] std::string json() && { return std::move(frame).str(); }
};

}  // namespace kimistream
