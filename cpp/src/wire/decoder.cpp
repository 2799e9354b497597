#include "wire/decoder.hpp"

#include <type_traits>
#include <utility>

#include "json/text.hpp"
#include "wire/anthropic_chunk.hpp"
#include "wire/details.hpp"
#include "wire/errors.hpp"

namespace kimistream::wire {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n' || text.front() == '\r' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool says_nothing(const Choice& choice) {
  return choice.content.value_or("").empty() && choice.reasoning.value_or("").empty() && choice.tool_calls.empty();
}

}  // namespace

Decoder::Decoder(const Provider& provider, bool thinks, std::shared_ptr<const Offer> offer)
    : provider_(&provider),
      offer_(std::move(offer)),
      reasoning_{.markup = {markup::Side::reasoning, offer_ != nullptr}},
      content_{.markup = {markup::Side::answer, offer_ != nullptr}},
      splitter_(provider.inline_thinking == InlineThinking::never                  ? ThinkSplitter::Start::off
                : provider.inline_thinking == InlineThinking::if_no_key || !thinks ? ThinkSplitter::Start::answer
                                                                                   : ThinkSplitter::Start::reasoning),
      stray_(provider.inline_thinking == InlineThinking::never ? ThinkSplitter::Start::off
                                                               : ThinkSplitter::Start::tag) {}

Decoder::State Decoder::feed(std::string_view data, std::string_view type, std::vector<Event>& out) {
  text_ = {};
  altered_ = false;
  if (data.empty() || data.front() != '{') {
    data = trim(data);
    if (data.empty()) return State::open;  // a keep-alive with an empty data field
    if (data == provider_->end_marker) return mark(out);
    if (data == "[DONE]") return State::open;  // of a gateway: the protocol has another end
  }
  if (type == "error") return fail(data, false);  // whatever it holds, text too
  if (data.front() != '{') return skip(data, out);
  if (!read_repeated(data) && !read(data, type)) {
    if (!frame_.has_error && recover(data, out)) return State::open;
    return error_body_.empty() ? fail(data, true) : State::failed;
  }
  if (tells_error(data)) return fail(data, false);
  text_ = data;
  emit(out, false);
  if (!error_body_.empty()) return State::failed;
  return frame_.ended ? mark(out) : State::open;
}

Decoder::State Decoder::mark(std::vector<Event>& out) {
  marked_ = true;
  return finish(out) ? State::ended : State::cut;
}

/// Gateways pass the comments of their upstream on as data (": OPENROUTER PROCESSING"), or write words of their own.
Decoder::State Decoder::skip(std::string_view data, std::vector<Event>& out) {
  if (skipped_.empty())
    out.emplace_back(Notice{"skipped_line", "the stream had data that is not JSON; it was skipped"});
  skipped_.assign(data.substr(0, 1024));
  return State::open;
}

/// The frame that was read tells a failure, be it without the word "error".
bool Decoder::tells_error(std::string_view text) const {
  return frame_.has_error || (!frame_.has_choices && !frame_.usage && is_flat_error(text));
}

Decoder::State Decoder::feed_body(std::string_view body, std::vector<Event>& out) {
  text_ = {};
  altered_ = is_repeated_ = false;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  body = trim(body);  // gateways pad with white space to keep the connection alive (Q2)
  if (!read(body, {})) {
    // Behind the object may stand a sentence (Azure's errors), or the end marker of a stream that this is not.
    const std::string_view object = json::leading_object(body);
    const std::string_view rest = trim(body.substr(object.size()));
    if (object.empty() || !read(object, {})) return fail(body, !frame_.has_error);
    if (!tells_error(object) && rest != "data: " + provider_->end_marker) return fail(body, true);
    body = object;
  }
  if (tells_error(body) || !frame_.has_choices) return fail(body, !tells_error(body));
  text_ = body;
  emit(out, true);
  if (!error_body_.empty()) return State::failed;
  if (!finished_) {
    out.emplace_back(Notice{"missing_finish_reason", "the answer came without a finish reason"});
    emit_finish("stop", out);  // becomes tool_calls where one can be used
  }
  return State::ended;
}

bool Decoder::read(std::string_view text, std::string_view type) {
  auto& reader = json::Reader::local();
  std::optional<std::int64_t> choice;
  if (provider_->protocol == Protocol::anthropic_messages)
    anthropic_.read(reader, text, type, frame_);
  else
    choice = read_frame(reader, text, options_, frame_);
  if (frame_.malformed) return false;
  if (!options_.choice_index) options_.choice_index = choice;
  native_ = native_ || frame_.native;
  if (options_.want_identity) {
    if (id_.empty()) id_.assign(frame_.id);
    if (model_.empty()) model_.assign(frame_.model);
    options_.want_identity = id_.empty() || model_.empty();
  }
  learn(reader, text);
  return true;
}

/// What `read` would do, for a frame that differs from the one before in its text alone.
bool Decoder::read_repeated(std::string_view text) {
  const auto differing = repeat_.match(text, repeat_scratch_);
  is_repeated_ = differing.has_value();
  if (!differing) return false;
  frame_.has_escapes = differing->data() == repeat_scratch_.data();
  frame_.choice.*repeated_ = *differing;  // the rest of frame_ is as the last `read` left it
  return true;
}

/// Remembers a frame that says one text and nothing else that counts.
void Decoder::learn(const json::Reader& reader, std::string_view text) {
  repeat_.forget();
  const Choice& choice = frame_.choice;
  if (!splitter_.done() || (choice.reasoning && !stray_.done()) || !frame_.has_choices || frame_.other_choices ||
      frame_.has_error || frame_.mended || frame_.has_escapes || frame_.usage || !choice.tool_calls.empty() ||
      !choice.finish_reason.empty() || !frame_.opaque.empty() || !frame_.signature.empty() || frame_.begins)
    return;
  const bool thinks = choice.reasoning && !choice.reasoning->empty();
  const bool answers = choice.content && !choice.content->empty();
  if (thinks == answers) return;
  repeated_ = thinks ? &Choice::reasoning : &Choice::content;
  const std::string_view said = *(choice.*repeated_);
  const std::size_t at = reader.offset_of(said);
  if (at == std::string_view::npos || at + said.size() >= text.size()) return;
  repeat_.learn(text, at, said.size());
}

/// Two frames in one: glued by a gateway, `{"id":"x{"id":...}` or `{"id":"xdata:{"id":...}` (Q6), or on several lines
/// of an event that was left open when the gateway wrote its error. What begins later can be read.
bool Decoder::recover(std::string_view data, std::vector<Event>& out) {
  int tries = 8;  // the words may stand in a text as well
  for (std::size_t at = data.find("data:", 1); at != std::string_view::npos && tries > 0;
       at = data.find("data:", at + 1)) {
    const std::string_view tail = trim(data.substr(at + 5));
    if (!tail.starts_with('{')) continue;
    --tries;
    if (recover_from(tail, out)) return error_body_.empty();
  }
  while (tries-- > 0 && !data.empty()) {  // the last line first
    const std::size_t end = data.rfind('\n');
    if (end == std::string_view::npos) return false;
    const std::string_view line = trim(data.substr(end));
    if (line.starts_with('{') && recover_from(line, out)) return error_body_.empty();
    data = data.substr(0, end);
  }
  return false;
}

bool Decoder::recover_from(std::string_view tail, std::vector<Event>& out) {
  if (!read(tail, {})) return false;
  if (tells_error(tail)) {
    fail(tail, false);
    return true;
  }
  out.emplace_back(Notice{"corrupt_frame", "a frame was cut off by the one behind it; its text is lost"});
  text_ = tail;
  emit(out, false);
  return true;
}

Decoder::State Decoder::fail(std::string_view body, bool unreadable) {
  error_body_.assign(body);
  unreadable_ = unreadable;
  return State::failed;
}

void Decoder::note_once(bool& noted, std::string_view code, std::string_view message, std::vector<Event>& out) {
  if (!std::exchange(noted, true)) out.emplace_back(Notice{std::string(code), std::string(message)});
}

void Decoder::emit(std::vector<Event>& out, bool whole_body) {
  begun_ = begun_ || frame_.has_choices || frame_.usage || frame_.begins;
  Choice& choice = frame_.choice;
  if (frame_.mended)
    note_once(noted_mended_, "mended_text",
              "the server sent bytes that are not valid UTF-8 or JSON; they were replaced", out);
  if (frame_.other_choices)
    note_once(noted_choices_, "other_choices", "more than one choice came; the message holds the first", out);
  if (!frame_.signature.empty()) signature_.append(frame_.signature);
  for (const std::string_view item : frame_.opaque) details_.append(details_.empty() ? "" : ",").append(item);
  if (choice.reasoning && !stray_.done()) drop_tag();
  if (!splitter_.done()) part_content(out);
  if (choice.reasoning) {
    reasoning_present_ = true;
    choice.reasoning = joined(reasoning_, *choice.reasoning, reasoning_scratch_);
    if (!choice.reasoning->empty()) emit_text<Thinking>(reasoning_, *choice.reasoning, out);
  }
  if (choice.content) {
    choice.content = joined(content_, *choice.content, content_scratch_);
    if (!choice.content->empty())
      emit_text<Text>(content_, *choice.content, out);
    else if (whole_body && choice.tool_calls.empty())
      out.emplace_back(Text{});  // an answer that is "" is not absent
  }
  for (const ToolFragment& fragment : choice.tool_calls) tool_calls_.add(fragment, out);
  altered_ = altered_ || (!choice.tool_calls.empty() && tool_calls_.misleading());
  if (frame_.usage) emit_usage(*frame_.usage, out);
  if (frame_.usage && provider_->estimates_stream_usage && !whole_body)
    note_once(noted_estimate_, "estimated_usage",
              "the tokens of a stream may be the gateway's own count, not the provider's", out);
  if (!choice.finish_reason.empty()) emit_finish(choice.finish_reason, out);
  if (frame_.has_choices) blank_end_ = choice.blank_finish && says_nothing(choice) && has_answer();
}

/// Whether a piece of an answer has come, so that there is something to end.
bool Decoder::has_answer() const { return content_.any || reasoning_.any || !tool_calls_.empty(); }

/// Takes the reasoning out of the content, where a server leaves it there (Q20).
void Decoder::part_content(std::vector<Event>& out) {
  Choice& choice = frame_.choice;
  parted_reasoning_.clear();
  parted_answer_.clear();
  const bool has_key = choice.reasoning && !choice.reasoning->empty();
  if (has_key) splitter_.finish(parted_answer_, parted_answer_);  // the server parts them itself
  if (choice.content) splitter_.feed(*choice.content, parted_reasoning_, parted_answer_);
  altered_ = altered_ || (choice.content && parted_answer_ != *choice.content);
  const bool ends = !choice.finish_reason.empty();
  if (ends) splitter_.finish(parted_reasoning_, parted_answer_);
  const bool all_taken = choice.content && !choice.content->empty() && parted_answer_.empty();
  if (choice.content || !parted_answer_.empty()) choice.content = parted_answer_;
  if (all_taken) choice.content.reset();  // that leaves no answer, not an empty one
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
  if (provider_->salvages_tool_markup && !channel.markup.passes(fragment)) {
    markup::Output read = channel.markup.feed(fragment);
    altered_ = altered_ || !read.is_only(std::is_same_v<Fragment, Text> ? read.answer : read.reasoning, fragment);
    return add(std::move(read), out);
  }
  channel.any = true;
  out.emplace_back(Fragment{std::string(fragment)});
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
  for (markup::Call& call : read.calls) leaked_.push_back(std::move(call));
}

void Decoder::add_leaked(std::vector<Event>& out) {
  for (markup::Call& call : leaked_) {
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
  altered_ = altered_ || !leaked_.empty();
  leaked_.clear();
  if (removed_ && !noted_salvage_)
    note_once(noted_removed_, "markup_removed", "the server left markup of the model in the text; it was taken away",
              out);
}

void Decoder::emit_usage(const Usage& usage, std::vector<Event>& out) {
  Usage merged = frame_.usage_is_whole ? Usage{} : usage_.value_or(Usage{});
  merged.merge(usage);
  if (usage_ == merged) return;
  usage_ = merged;
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

void Decoder::emit_finish(std::string_view reason, std::vector<Event>& out) {
  if (finished_) return;  // gateways repeat it on the usage frame (Q11)
  if (reason == "error" || reason == "abort") {
    error_body_ = R"({"error":{"message":"the server ended the answer with finish_reason \")" + std::string(reason) +
                  R"(\"","type":")" + std::string(reason) + R"("}})";
    return;
  }
  finished_ = true;
  const bool cut = reason == "length" || reason == "content_filter";
  flush_channels(cut ? markup::Ending::cut : markup::Ending::stop, out);
  tool_calls_.finish(cut, out);
  std::string final_reason(reason);
  if (tool_calls_.usable() && reason == "stop") final_reason = "tool_calls";  // vLLM, named tool choice (Q15)
  if (final_reason == "tool_calls" && !tool_calls_.usable())
    out.emplace_back(Notice{"tool_calls_empty",
                            "the model stopped for tool calls, but no usable call came; try again, "
                            "without streaming if the server is vLLM under load"});
  if (reason == "stop" && !content_.any && tool_calls_.empty())
    out.emplace_back(Notice{"empty_answer", reasoning_.any ? "the model only reasoned and gave no answer; try again"
                                                           : "the answer is empty; try again"});
  if (reason == "length" && !content_.any && reasoning_.any)
    out.emplace_back(Notice{"truncated_reasoning",
                            "max_tokens ran out inside the reasoning, before any answer; raise "
                            "max_tokens (16000 or more is advised with thinking)"});
  out.emplace_back(Finish{std::move(final_reason)});
}

FrameText Decoder::frame_text(bool whole_body, std::int64_t created) {
  if (provider_->protocol == Protocol::openai_chat)
    return is_repeated_ ? repeat_.share(text_) : FrameText(std::string(text_));
  return FrameText(whole_body ? wire::completion_json(frame_, id_, model_, created)
                              : wire::chunk_json(frame_, id_, model_, created));
}

std::string Decoder::reasoning_details() const {
  if (details_.empty()) return {};
  return join_details("[" + details_ + "]");
}

bool Decoder::finish(std::vector<Event>& out) {
  if (!finished_ && marked_ && (provider_->end_marker_completes || native_ || blank_end_)) {
    out.emplace_back(
        Notice{"missing_finish_reason", "the stream ended with its end marker, but without a finish reason"});
    emit_finish("stop", out);  // becomes tool_calls where one can be used
  }
  if (!finished_) {
    flush_channels(markup::Ending::cut, out);
    return false;
  }
  if (!marked_) out.emplace_back(Notice{"missing_end_marker", "the stream ended without its end marker"});
  if (!usage_ && !provider_->stream_usage.empty())
    out.emplace_back(Notice{"missing_usage", "the provider did not say what the answer cost in tokens"});
  return true;
}

}  // namespace kimistream::wire
