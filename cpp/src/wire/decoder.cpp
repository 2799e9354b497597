#include "wire/decoder.hpp"

#include <algorithm>
#include <utility>

#include "characters.hpp"
#include "json/text.hpp"
#include "wire/errors.hpp"
#include "wire/finish_reason.hpp"

namespace kimistream::wire {
namespace {

/// So many frames of other choices may come before one of choice 0; then there is none, and the least counts.
constexpr std::size_t most_strays = 64;

}  // namespace

Decoder::Decoder(const Provider& provider, bool thinks, std::shared_ptr<const Offer> offer)
    : provider_(&provider),
      offer_(std::move(offer)),
      reasoning_{.markup = {markup::Side::reasoning, offer_ != nullptr}},
      content_{.markup = {markup::Side::answer, offer_ != nullptr}},
      splitter_(provider.inline_thinking == InlineThinking::never                  ? ThinkSplitter::Start::off
                : provider.inline_thinking == InlineThinking::if_no_key || !thinks ? ThinkSplitter::Start::answer
                                                                                   : ThinkSplitter::Start::reasoning),
      stray_(provider.inline_thinking == InlineThinking::never ? ThinkSplitter::Start::off : ThinkSplitter::Start::tag),
      thinks_(thinks) {
  options_.choice_index = 0;
  if (provider.protocol == Protocol::anthropic_messages) anthropic_ = std::make_unique<AnthropicReader>();
}

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
    return has_failed() ? State::failed : fail(data, true);
  }
  if (tells_error(data)) return fail(data, false);
  text_ = data;
  emit(out, false);
  if (frame_.other_choices && !own_) keep_stray(data, out);
  if (has_failed()) return State::failed;
  return frame_.ended ? mark(out) : State::open;
}

Decoder::State Decoder::mark(std::vector<Event>& out) {
  marked_ = true;
  return finish(out) ? State::ended : State::cut;
}

/// Gateways pass the comments of their upstream on as data (": OPENROUTER PROCESSING"), or write words of their own.
Decoder::State Decoder::skip(std::string_view data, std::vector<Event>& out) {
  if (skipped().empty())
    out.emplace_back(Notice{"skipped_line", "the stream had data that is not JSON; it was skipped"});
  rare().skipped.assign(data.substr(0, 1024));
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
  if (frame_.other_choices && !own_) {
    options_.choice_index = frame_.other_index;
    read(body, {});
  }
  text_ = body;
  emit(out, true);
  if (has_failed()) return State::failed;
  if (!finished_) {
    out.emplace_back(Notice{"missing_finish_reason", "the answer came without a finish reason"});
    emit_finish("stop", out);  // becomes tool_calls where one can be used
  }
  return State::ended;
}

bool Decoder::read(std::string_view text, std::string_view type) {
  auto& reader = json::Reader::local();
  std::optional<std::int64_t> choice;
  if (anthropic_)
    anthropic_->read(reader, text, type, frame_);
  else
    choice = read_frame(reader, text, options_, frame_);
  if (frame_.malformed) return false;
  own_ = own_ || choice.has_value();
  if (own_ && rare_ && !rare_->strays.empty()) {
    rare_->strays = {};
    frame_.other_choices = true;
  }
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
  if (!(splitter_.done() || (splitter_.waits() && is_empty(choice.content))) || (choice.reasoning && !stray_.done()) ||
      !frame_.has_choices || frame_.other_choices || frame_.reshaped || choice.whole || !is_empty(choice.refusal) ||
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
    if (recover_from(tail, out)) return !has_failed();
  }
  while (tries-- > 0 && !data.empty()) {  // the last line first
    const std::size_t end = data.rfind('\n');
    if (end == std::string_view::npos) return false;
    const std::string_view line = trim(data.substr(end));
    if (line.starts_with('{') && recover_from(line, out)) return !has_failed();
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
  rare().error_body.assign(body);
  unreadable_ = unreadable;
  return State::failed;
}

/// A frame of other choices than the one to be read. There may be no other, so it is kept.
void Decoder::keep_stray(std::string_view data, std::vector<Event>& out) {
  Rare& kept = rare();
  kept.stray_index = kept.strays.empty() ? frame_.other_index : std::min(kept.stray_index, frame_.other_index);
  kept.strays.emplace_back(data);
  if (kept.strays.size() == most_strays) adopt_strays(out);
}

void Decoder::adopt_strays(std::vector<Event>& out) {
  options_.choice_index = rare().stray_index;
  own_ = true;
  for (const std::string& stray : std::exchange(rare().strays, {}))
    if (read(stray, {})) emit(out, false);
  altered_ = false;  // they were shown as they came
}

void Decoder::emit_finish(std::string_view reason, std::vector<Event>& out) {
  const std::string_view came = reason;
  reason = plain_reason(came);
  altered_ = altered_ || reason != came;
  if (finished_) return;  // gateways repeat it on the usage frame (Q11)
  if (reason == "error" || reason == "abort") {
    rare().error_body = R"({"error":{"message":"the server ended the answer with finish_reason \")" +
                        std::string(came) + R"(\"","type":")" + std::string(reason) + R"("}})";
    return;
  }
  finished_ = true;
  const bool cut = reason == "length" || reason == "content_filter";
  flush_channels(cut ? markup::Ending::cut : markup::Ending::stop, out);
  end_hold(out);
  tool_calls_.finish(cut, out);
  std::string final_reason(reason);
  if (tool_calls_.usable() && (reason == "stop" || !is_known_reason(reason))) {  // vLLM, named tool choice (Q15)
    if (reason != "stop" && reason != "function_call")
      out.emplace_back(Notice{"finish_reason_inferred", "the finish reason \"" + std::string(reason) +
                                                            "\" is not known; there are calls to be made, so it is "
                                                            "taken for tool_calls"});
    final_reason = "tool_calls";
    altered_ = altered_ || reason != "function_call";  // which those expect who read function_call
  }
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

bool Decoder::finish(std::vector<Event>& out) {
  if (!own_ && rare_ && !rare_->strays.empty()) adopt_strays(out);
  if (!finished_ && marked_ && (provider_->end_marker_completes || native_ || blank_end_)) {
    out.emplace_back(
        Notice{"missing_finish_reason", "the stream ended with its end marker, but without a finish reason"});
    emit_finish("stop", out);  // becomes tool_calls where one can be used
  }
  if (!finished_) {
    flush_channels(markup::Ending::cut, out);
    tool_calls_.release(out);
    return false;
  }
  if (!marked_) out.emplace_back(Notice{"missing_end_marker", "the stream ended without its end marker"});
  if (!usage_ && !provider_->stream_usage.empty())
    out.emplace_back(Notice{"missing_usage", "the provider did not say what the answer cost in tokens"});
  return true;
}

}  // namespace kimistream::wire
