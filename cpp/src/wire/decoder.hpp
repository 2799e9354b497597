// From the data of SSE events, or one whole body, to typed events. One for each answer; no I/O, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/error.hpp"
#include "kimistream/event.hpp"
#include "kimistream/provider.hpp"
#include "wire/again.hpp"
#include "wire/anthropic_frame.hpp"
#include "wire/frame.hpp"
#include "wire/markup/reader.hpp"
#include "wire/offer.hpp"
#include "wire/repeat.hpp"
#include "wire/think.hpp"
#include "wire/tool_calls.hpp"

namespace kimistream::wire {

/// What a frame said beside its events, for those who show frames as they came.
struct FrameView {
  std::string_view text;                    // the frame's JSON; "" for one that said nothing
  std::optional<std::string_view> content;  // nothing: absent or null
  std::optional<std::string_view> reasoning;
  std::string_view finish_reason;
  bool has_choices = false;
  bool plain = false;  // one choice and no tool calls: the fields above say it all
};

class Decoder {
 public:
  enum class State {
    open,    // more may come
    ended,   // the end marker came, or the body was whole
    cut,     // the end marker came, but nothing that says the answer is complete
    failed,  // the server reported an error, or a frame could not be read: see error()
  };

  /// @param provider must outlive the decoder
  /// @param thinks   false: the request asked for no thinking
  /// @param offer    the functions that the request offered; null: none
  explicit Decoder(const Provider& provider, bool thinks = true, std::shared_ptr<const Offer> offer = nullptr);

  /// The data of one SSE event. Appends its events. @param type the event's type ("error" marks an error frame)
  State feed(std::string_view data, std::string_view type, std::vector<Event>& out);

  /// A whole completion, as it comes without streaming.
  State feed_body(std::string_view body, std::vector<Event>& out);

  /// The connection has ended cleanly, or the answer is taken as ended. @return false when it is not complete
  bool finish(std::vector<Event>& out);

  /// The answer has broken off and will be gone on with: half of a surrogate pair that waits for its other half is
  /// dropped, for what comes next says the whole.
  void forget_halves() noexcept {
    reasoning_.pending_half.clear();
    content_.pending_half.clear();
  }

  /// What comes goes on with a text: a tag at its beginning is left there, with the white space behind it.
  void go_on() noexcept { splitter_ = ThinkSplitter(ThinkSplitter::Start::off); }

  /// True once a finish reason has come.
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  [[nodiscard]] bool has_usage() const noexcept { return usage_ != nullptr; }
  /// True once anything has come that belongs to an answer.
  [[nodiscard]] bool has_begun() const noexcept { return begun_; }
  /// The reasoning came, be it empty.
  [[nodiscard]] bool reasoning_present() const noexcept { return reasoning_present_; }
  /// The provider's opaque list of what it reasoned, a JSON array; "" where none came.
  [[nodiscard]] std::string reasoning_details() const;
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& model() const noexcept { return model_; }
  /// Opaque, of the reasoning.
  [[nodiscard]] const std::string& signature() const noexcept { return seen().signature; }
  /// The frame of the last call of `feed` or `feed_body` in the OpenAI shape, whatever the protocol; "" where it says
  /// nothing there.
  /// @param created seconds since 1970, for protocols that do not say it
  [[nodiscard]] FrameText frame_text(bool whole_body, std::int64_t created);
  /// Of the last call of `feed` or `feed_body`; made only for those who ask.
  [[nodiscard]] FrameView frame() const noexcept {
    const Choice& choice = frame_.choice;
    return {text_,
            refused_ ? std::nullopt : choice.content,
            choice.reasoning,
            choice.finish_reason,
            frame_.has_choices,
            frame_.has_choices && !frame_.other_choices && choice.tool_calls.empty() && !refused_};
  }
  /// True when the last call's frame had a piece of reasoning, answer or tool call, be it held back for now.
  [[nodiscard]] bool spoke() const noexcept {
    const Choice& choice = frame_.choice;
    return !text_.empty() && ((choice.content && !choice.content->empty()) ||
                              (choice.reasoning && !choice.reasoning->empty()) || !choice.tool_calls.empty());
  }
  /// True when the events of that frame say something else than the frame: see chunks.hpp.
  [[nodiscard]] bool altered() const noexcept { return altered_; }
  /// Of the choice that is read: 0, but where the server has no such choice.
  [[nodiscard]] std::int64_t choice_index() const noexcept { return options_.choice_index.value_or(0); }
  [[nodiscard]] bool has_frame() const noexcept { return !text_.empty(); }
  /// What came as a frame and is not JSON, the last of it; "" where all was. It was skipped.
  [[nodiscard]] const std::string& skipped() const noexcept { return seen().skipped; }
  /// The raw text of the frame that reported an error, or that could not be read; "" where the stream itself is it.
  [[nodiscard]] const std::string& error_body() const noexcept { return seen().error_body; }
  /// True when the state is `failed` because a frame was not JSON.
  [[nodiscard]] bool unreadable() const noexcept { return unreadable_; }

 private:
  /// One kind of text: reasoning or answer. Joins surrogate pairs and keeps leaked markup out.
  struct Channel {
    std::string pending_half;
    markup::Reader markup;
    bool any = false;  // has given text
  };

  /// What few answers bring: an open stream holds it from then on only.
  struct Rare {
    std::string signature, error_body, skipped;
    std::string details;               // the items of all reasoning_details so far, commas between them
    std::vector<std::string> strays;   // frames of other choices, as long as the one to be read has not come
    std::int64_t stray_index = 0;      // the least index of those
    std::vector<markup::Call> leaked;  // into the text; taken at the end, unless they came structured as well
  };
  [[nodiscard]] const Rare& seen() const noexcept {
    static const Rare nothing;
    return rare_ ? *rare_ : nothing;
  }
  Rare& rare() {
    if (!rare_) rare_ = std::make_unique<Rare>();
    return *rare_;
  }
  [[nodiscard]] bool has_failed() const noexcept { return rare_ && !rare_->error_body.empty(); }

  bool read(std::string_view text, std::string_view type);
  bool read_repeated(std::string_view text);
  void learn(const json::Reader& reader, std::string_view text);
  void emit(std::vector<Event>& out, bool whole_body);
  void begin_frame(std::vector<Event>& out, bool whole_body);
  void end_frame(std::vector<Event>& out, bool whole_body);
  [[nodiscard]] bool has_answer() const;
  std::string_view joined(Channel& channel, std::string_view fragment, std::string& scratch);
  template <class Fragment>
  void emit_text(Channel& channel, std::string_view fragment, std::vector<Event>& out);
  void add(markup::Output read, std::vector<Event>& out);
  void add_leaked(std::vector<Event>& out);
  void emit_usage(const Usage& usage, std::vector<Event>& out);
  void emit_finish(std::string_view reason, std::vector<Event>& out);
  void flush_channels(markup::Ending ending, std::vector<Event>& out);
  template <class Fragment>
  void emit_marked(Channel& channel, std::string_view text, std::string_view came, std::vector<Event>& out);
  void part_content(bool whole_body, std::vector<Event>& out);
  void drop_tag();
  void end_tail(std::vector<Event>& out);
  void end_hold(std::vector<Event>& out);
  void take_whole(std::vector<Event>& out);
  void keep_stray(std::string_view data, std::vector<Event>& out);
  void adopt_strays(std::vector<Event>& out);
  State mark(std::vector<Event>& out);
  State skip(std::string_view data, std::vector<Event>& out);
  [[nodiscard]] bool tells_error(std::string_view text) const;
  bool recover(std::string_view data, std::vector<Event>& out);
  bool recover_from(std::string_view tail, std::vector<Event>& out);
  State fail(std::string_view body, bool unreadable);
  void note_once(bool& noted, std::string_view code, std::string_view message, std::vector<Event>& out);

  const Provider* provider_;
  std::shared_ptr<const Offer> offer_;
  Frame frame_;
  std::string_view text_;  // of the frame that was read last, "" when it said nothing
  FrameOptions options_;
  std::unique_ptr<AnthropicReader> anthropic_;  // null where the provider speaks in chunks
  Repeat repeat_;
  std::optional<std::string_view> Choice::*repeated_ = nullptr;  // which text of frame_ the repeated one is
  Channel reasoning_, content_;
  ThinkSplitter splitter_;  // of the content
  ThinkSplitter stray_;     // of the reasoning: its opening tag
  TailTag tail_;            // of the reasoning: its closing tag
  Again again_content_, again_reasoning_;
  std::string parted_reasoning_, parted_answer_, tagless_;
  ToolCalls tool_calls_;
  std::unique_ptr<const Usage> usage_;  // so far; null: none has come
  std::string id_, model_;
  std::unique_ptr<Rare> rare_;  // null: nothing of it has come
  std::string content_scratch_, reasoning_scratch_, repeat_scratch_;
  bool is_repeated_ = false;  // the frame read last
  bool begun_ = false, finished_ = false, marked_ = false, reasoning_present_ = false, unreadable_ = false;
  bool altered_ = false, noted_think_ = false, noted_mended_ = false, noted_choices_ = false, noted_salvage_ = false;
  bool removed_ = false, noted_removed_ = false, noted_refused_ = false, noted_beyond_ = false;
  bool noted_estimate_ = false, noted_again_ = false, noted_refusal_ = false;
  bool thinks_;
  bool pieces_ = false;     // content has come piece by piece, whatever became of it
  bool own_ = false;        // the choice that is read has come
  bool refused_ = false;    // the frame read last has the words of a refusal, which have a place of their own there
  bool native_ = false;     // frames of Workers AI's own shape have come, see Frame::native
  bool blank_end_ = false;  // the last frame said nothing but a blank finish reason, behind an answer
};

}  // namespace kimistream::wire
