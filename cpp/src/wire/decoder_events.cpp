// What a frame that was read amounts to: its events.
#include <type_traits>
#include <utility>

#include "json/text.hpp"
#include "wire/anthropic_chunk.hpp"
#include "wire/decoder.hpp"
#include "wire/details.hpp"

namespace kimistream::wire {

void Decoder::note_once(bool& noted, std::string_view code, std::string_view message, std::vector<Event>& out) {
  if (!std::exchange(noted, true)) out.emplace_back(Notice{std::string(code), std::string(message)});
}

void Decoder::emit(std::vector<Event>& out, bool whole_body) {
  begun_ = begun_ || frame_.has_choices || frame_.usage || frame_.begins;
  Choice& choice = frame_.choice;
  if (!is_repeated_) begin_frame(out, whole_body);
  if (choice.reasoning && !stray_.done()) drop_tag();
  if (!splitter_.done() && !(splitter_.waits() && is_empty(choice.content) && choice.finish_reason.empty()))
    part_content(whole_body, out);
  if (tool_calls_.holds() && !(is_empty(choice.content) && is_empty(choice.reasoning))) end_hold(out);
  if (choice.reasoning) {
    reasoning_present_ = true;
    choice.reasoning = joined(reasoning_, *choice.reasoning, reasoning_scratch_);
    if (!choice.reasoning->empty()) emit_text<Thinking>(reasoning_, *choice.reasoning, out);
  }
  if (tail_.holds() && !(is_empty(choice.content) && choice.tool_calls.empty() && choice.finish_reason.empty()))
    end_tail(out);
  if (choice.content) {
    choice.content = joined(content_, *choice.content, content_scratch_);
    if (!choice.content->empty())
      emit_text<Text>(content_, *choice.content, out);
    else if (whole_body && choice.tool_calls.empty() && !refused_)
      out.emplace_back(Text{});  // an answer that is "" is not absent
  }
  if (is_repeated_)
    blank_end_ = false;  // it says a text and nothing else
  else
    end_frame(out, whole_body);
}

/// What stands beside the texts, and what no frame has that repeats the one before: ahead of them, and behind.
void Decoder::begin_frame(std::vector<Event>& out, bool whole_body) {
  if (frame_.mended)
    note_once(noted_mended_, "mended_text",
              "the server sent bytes that are not valid UTF-8 or JSON; they were replaced", out);
  if (frame_.other_choices && own_)
    note_once(noted_choices_, "other_choices", "more than one choice came; the message holds the first", out);
  if (!frame_.signature.empty()) rare().signature.append(frame_.signature);
  for (const std::string_view item : frame_.opaque)
    rare().details.append(rare().details.empty() ? "" : ",").append(item);
  altered_ = altered_ || frame_.reshaped;
  Choice& choice = frame_.choice;
  if (choice.whole && !whole_body) take_whole(out);
  if (!choice.whole) pieces_ = pieces_ || !is_empty(choice.content);
  refused_ = !is_empty(choice.refusal);
  if (!refused_) return;
  note_once(noted_refusal_, "refusal",
            "the model refused, in words that stand apart from an answer; they are the content", out);
  if (is_empty(choice.content)) choice.content = std::exchange(choice.refusal, std::nullopt);
}

void Decoder::end_frame(std::vector<Event>& out, bool whole_body) {
  const Choice& choice = frame_.choice;
  if (!is_empty(choice.refusal)) emit_text<Text>(content_, *choice.refusal, out);  // beside an answer
  for (const ToolFragment& fragment : choice.tool_calls) {
    tool_calls_.add(fragment, out);
    altered_ = altered_ || tool_calls_.misleading() || (tool_calls_.told_otherwise() && !whole_body);
  }
  if (whole_body) tool_calls_.release(out);  // nothing follows
  if (frame_.usage) emit_usage(*frame_.usage, out);
  if (frame_.usage && provider_->estimates_stream_usage && !whole_body)
    note_once(noted_estimate_, "estimated_usage",
              "the tokens of a stream may be the gateway's own count, not the provider's", out);
  if (!choice.finish_reason.empty()) emit_finish(choice.finish_reason, out);
  if (frame_.has_choices) blank_end_ = choice.blank_finish && choice.silent() && has_answer();
}

/// Whether a piece of an answer has come, so that there is something to end.
bool Decoder::has_answer() const { return content_.any || reasoning_.any || !tool_calls_.empty(); }

/// Takes the reasoning out of the content, where a server leaves it there (Q20).
void Decoder::part_content(bool whole_body, std::vector<Event>& out) {
  Choice& choice = frame_.choice;
  parted_reasoning_.clear();
  parted_answer_.clear();
  const bool has_key = choice.reasoning && !choice.reasoning->empty();
  if (has_key)
    splitter_.behind_key(parted_answer_);  // the server parts them itself
  else if (whole_body && thinks_ && choice.content && ThinkSplitter::begins_within(*choice.content))
    splitter_ = ThinkSplitter(ThinkSplitter::Start::reasoning);
  if (choice.content) splitter_.feed(*choice.content, parted_reasoning_, parted_answer_);
  altered_ = altered_ || (choice.content && parted_answer_ != *choice.content);
  const bool ends = !choice.finish_reason.empty();
  if (ends) splitter_.finish(parted_reasoning_, parted_answer_);
  const bool all_taken = choice.content && !choice.content->empty() && parted_answer_.empty();
  if (choice.content || !parted_answer_.empty()) choice.content = parted_answer_;
  if (all_taken) choice.content.reset();  // that leaves no answer, not an empty one
  removed_ = removed_ || splitter_.strayed();
  if (has_key) return;
  if (!parted_reasoning_.empty()) choice.reasoning = parted_reasoning_;
  if (splitter_.acted())
    note_once(noted_think_, "inline_thinking",
              "the server left the reasoning in the content; it was taken out of there", out);
}

/// Takes away the tag that opens the reasoning, where a server leaves it at its beginning.
void Decoder::drop_tag() {
  std::string rest;
  stray_.feed(*frame_.choice.reasoning, rest, rest);
  altered_ = altered_ || rest != *frame_.choice.reasoning;
  removed_ = removed_ || stray_.acted();
  tagless_ = std::move(rest);
  frame_.choice.reasoning = tagless_;
}

/// The fragment with the halves of surrogate pairs joined; a half at its end waits for the next fragment.
std::string_view Decoder::joined(Channel& channel, std::string_view fragment, std::string& scratch) {
  if (channel.pending_half.empty() && (!frame_.has_escapes || !json::has_half(fragment))) return fragment;
  if (fragment.empty()) return fragment;
  std::string text = std::exchange(channel.pending_half, {});
  text.append(fragment);
  if (json::ends_with_high_half(text)) {
    channel.pending_half = text.substr(text.size() - 3);
    text.resize(text.size() - 3);
  }
  scratch = json::join_halves(text);
  return scratch;
}

template <class Fragment>
void Decoder::emit_text(Channel& channel, std::string_view fragment, std::vector<Event>& out) {
  constexpr bool reasons = std::is_same_v<Fragment, Thinking>;
  if (provider_->salvages_tool_markup && ((reasons && tail_.holds()) || !channel.markup.passes(fragment))) {
    if (!reasons || provider_->inline_thinking == InlineThinking::never)
      return emit_marked<Fragment>(channel, fragment, fragment, out);
    return emit_marked<Fragment>(channel, tail_.feed(fragment), fragment, out);
  }
  channel.any = true;
  out.emplace_back(Fragment{std::string(fragment)});
}

/// @param came the fragment, of which `text` is what is left
template <class Fragment>
void Decoder::emit_marked(Channel& channel, std::string_view text, std::string_view came, std::vector<Event>& out) {
  markup::Output read = channel.markup.feed(text);
  altered_ = altered_ || !read.is_only(std::is_same_v<Fragment, Text> ? read.answer : read.reasoning, came);
  add(std::move(read), out);
}

/// Arguments that were held back are the real ones.
void Decoder::end_hold(std::vector<Event>& out) {
  altered_ = altered_ || tool_calls_.holds();
  tool_calls_.release(out);
}

/// The reasoning is over: a closing tag at its end is nobody's.
void Decoder::end_tail(std::vector<Event>& out) {
  const std::string rest = tail_.finish();
  altered_ = true;
  if (rest.empty())
    removed_ = true;
  else
    emit_marked<Thinking>(reasoning_, rest, rest, out);
}

/// A whole message in a stream: what has come already counts once.
void Decoder::take_whole(std::vector<Event>& out) {
  Choice& choice = frame_.choice;
  altered_ = true;
  bool again = again_reasoning_.leave_news(choice.reasoning, reasoning_.any);
  again = again_content_.leave_news(choice.content, pieces_) || again;
  if (pieces_ || content_.any) choice.refusal.reset();
  if (!choice.tool_calls.empty() && !tool_calls_.empty()) {
    choice.tool_calls.clear();
    again = true;
  }
  if (again)
    note_once(noted_again_, "repeated_answer",
              "the server sent what had come once more, in a whole message; it counts once", out);
}

void Decoder::add(markup::Output read, std::vector<Event>& out) {
  if (read.parted)
    note_once(noted_think_, "inline_thinking",
              "the server left the reasoning in the content; it was taken out of there", out);
  if (read.refused)
    note_once(noted_refused_, "call_not_offered",
              "the model called a function although none was offered to it; the call was left out", out);
  if (read.beyond)
    note_once(noted_beyond_, "text_behind_end", "text behind the end of the model's message was left out", out);
  removed_ = removed_ || read.removed;
  if (!read.reasoning.empty()) {
    reasoning_.any = reasoning_present_ = true;
    out.emplace_back(Thinking{std::move(read.reasoning)});
  }
  if (!read.answer.empty()) {
    content_.any = true;
    out.emplace_back(Text{std::move(read.answer)});
  }
  for (markup::Call& call : read.calls) rare().leaked.push_back(std::move(call));
}

void Decoder::add_leaked(std::vector<Event>& out) {
  for (markup::Call& call : rare_ ? std::exchange(rare_->leaked, {}) : std::vector<markup::Call>()) {
    altered_ = true;
    const bool only_numbered = call.name.empty() && !call.id.empty();
    call.name = only_numbered ? offer_->fitting(call.arguments) : offer_->meant_by(call.name);
    if (tool_calls_.repeats(call)) {
      removed_ = true;
      continue;
    }
    note_once(noted_salvage_, "tool_markup_salvaged",
              "the server left tool calls in the text as the model's own tokens; they were read from there", out);
    tool_calls_.add(call, out);
  }
  if (removed_ && !noted_salvage_)
    note_once(noted_removed_, "markup_removed", "the server left markup of the model in the text; it was taken away",
              out);
}

void Decoder::emit_usage(const Usage& usage, std::vector<Event>& out) {
  Usage merged = frame_.usage_is_whole || !usage_ ? Usage{} : *usage_;
  merged.merge(usage);
  if (usage_ && *usage_ == merged) return;
  usage_ = std::make_unique<const Usage>(merged);
  out.emplace_back(merged);
}

void Decoder::flush_channels(markup::Ending ending, std::vector<Event>& out) {
  if (!splitter_.done()) {  // the stream ended without a finish reason
    altered_ = true;
    parted_reasoning_.clear();
    parted_answer_.clear();
    splitter_.finish(parted_reasoning_, parted_answer_);
    if (!parted_reasoning_.empty()) emit_text<Thinking>(reasoning_, parted_reasoning_, out);
    if (!parted_answer_.empty()) emit_text<Text>(content_, parted_answer_, out);
  }
  if (!stray_.done()) {
    parted_reasoning_.clear();
    stray_.finish(parted_reasoning_, parted_reasoning_);
    if (!parted_reasoning_.empty()) emit_text<Thinking>(reasoning_, parted_reasoning_, out);
  }
  if (tail_.holds()) end_tail(out);
  const auto flush = [&]<class Fragment>(Channel& channel, Fragment) {
    if (!std::exchange(channel.pending_half, {}).empty()) {
      altered_ = true;
      emit_text<Fragment>(channel, "\xEF\xBF\xBD", out);
    }
    if (!channel.markup.busy()) return;
    altered_ = true;
    add(channel.markup.finish(ending), out);
  };
  flush(reasoning_, Thinking{});
  flush(content_, Text{});
  add_leaked(out);
}

FrameText Decoder::frame_text(bool whole_body, std::int64_t created) {
  if (provider_->protocol == Protocol::openai_chat)
    return is_repeated_ ? repeat_.share(text_) : FrameText(std::string(text_));
  return FrameText(whole_body ? wire::completion_json(frame_, id_, model_, created)
                              : wire::chunk_json(frame_, id_, model_, created));
}

std::string Decoder::reasoning_details() const {
  if (seen().details.empty()) return {};
  return join_details("[" + seen().details + "]");
}

}  // namespace kimistream::wire
