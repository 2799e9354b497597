// How a call reads one answer: from the bytes of a response to events and chunks, and to its end.
#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "call.hpp"
#include "characters.hpp"
#include "wire/errors.hpp"

namespace kimistream {
namespace {

constexpr std::size_t max_refusal_bytes = std::size_t{1} << 20;
// With more than this waiting, the reader is slower than the server: stop reading.
constexpr std::size_t max_queued_bytes = std::size_t{1} << 20;
// libcurl reads on while a socket has data. Handing over what came before reading more keeps the queue in the cache.
constexpr std::size_t max_queued_items = 512;

bool all_notices(std::span<const Event> events) {
  return std::all_of(events.begin(), events.end(),
                     [](const Event& event) { return std::holds_alternative<Notice>(event); });
}

}  // namespace

// ---- bytes come ---------------------------------------------------------------------------------------------------

void Call::on_head(ResponseHead head) {
  head_ = std::move(head);
  accumulator_.message().request_id = wire::request_id(*setup_.provider, head_.headers);
  hide_keys(accumulator_.message().request_id);
  if (head_.status >= 300) {
    phase_ = Phase::refused;
    return;
  }
  body_kind_ = setup_.bytes ? BodyKind::json : kind_of_label(head_.headers);
  if (body_kind_ != BodyKind::unknown) accept_head();
}

void Call::accept_head() {
  phase_ = Phase::reading;
  accepted_ = true;
  const auto now = rough_now();
  look_what_was_sent(now);
  clocks_.head(now);
  tempo_.head(clocks_.sent_at(), now);
  tell();
}

/// The first bytes settle what the body is, and where the label is wrong they count.
void Call::look_at(std::string_view block) {
  const BodyKind kind = kind_of_bytes(block, body_kind_);
  if (kind == BodyKind::unknown) return;
  begun_ = true;
  const bool labelled = std::exchange(body_kind_, kind) != BodyKind::unknown;
  if (!labelled && kind != BodyKind::other) accept_head();
}

bool Call::on_body(std::string_view block) {
  if (phase_ == Phase::refused || body_kind_ == BodyKind::other) {
    body_.append(block.substr(0, max_refusal_bytes - std::min(body_.size(), max_refusal_bytes)));
    if (body_.size() == max_refusal_bytes) on_end(std::nullopt);
    return true;
  }
  if (over()) return true;
  if (body_kind_ != BodyKind::events && body_.size() + block.size() > setup_.max_body_bytes) {
    fail(not_an_answer("the response is larger than max_body_bytes (" + std::to_string(setup_.max_body_bytes) + ")"));
    return true;
  }
  if (body_kind_ != BodyKind::events) {
    body_.append(block);
    if (!begun_ && !setup_.raw && !setup_.bytes) look_at(body_);
    if (body_kind_ == BodyKind::events)
      read_events(std::exchange(body_, {}));
    else
      body_came(block);
    return true;
  }
  if (!begun_) look_at(block);
  if (body_kind_ == BodyKind::json) {
    body_.append(block);
    body_came(block);
    return true;
  }
  if (!has_item()) queued_bytes_ = 0;
  if (!last_look_ && (queued_bytes_ > max_queued_bytes || events_.size() - next_event_ > max_queued_items ||
                      chunks_.size() - next_chunk_ > max_queued_items)) {
    paused_ = true;
    return false;
  }
  queued_bytes_ += block.size();
  read_events(block);
  return true;
}

/// Of an answer that comes whole. Gateways send blanks while they wait themselves.
void Call::body_came(std::string_view block) {
  if (body_kind_ != BodyKind::json || is_blank(block)) return;
  said_ = true;
  clocks_.came(rough_now());
}

void Call::read_events(std::string_view block) {
  parser_.feed(block);
  while (!over()) {
    const auto event = parser_.next();
    if (!event) break;
    read_event(*event);
  }
  if (!over() && parser_.overflowed())
    fail(incomplete("an event is larger than max_event_bytes (" + std::to_string(setup_.max_event_bytes) + ")",
                    "event_too_large"));
  flush();
}

void Call::read_event(const sse::Event& event) {
  const std::size_t before = events_.size(), chunks_before = chunks_.size();
  const auto state = decoder_.feed(event.data, event.type, events_);
  // Text that is held back, for it may be markup, will be an event as well.
  news_ = news_ || decoder_.spoke() || !all_notices(std::span(events_).subspan(before));
  const std::size_t fresh = mending_ ? settle(before) : before;
  if (setup_.shape == Shape::chunks && state != wire::Decoder::State::failed) {
    show_chunks(fresh);
    news_ = news_ || (chunks_.size() > chunks_before && chunks_.back().has_choices);
  }
  if (mending_ && mending_->joint && mending_->joint->stopped()) return complete_at_once();
  if (state == wire::Decoder::State::open) return;
  if (state == wire::Decoder::State::ended) return complete();
  if (state == wire::Decoder::State::cut)
    return fail_or_retry(incomplete("its end marker came, but no finish reason", "stream_ended"));
  if (decoder_.finished() && decoder_.unreadable()) {  // garbage behind a complete answer
    events_.emplace_back(Notice{"corrupt_frame", "what came behind the finish reason could not be read"});
    drain();
    return complete();
  }
  // Some answer 200 before they find that they cannot; as long as nothing has come that is a refusal like others.
  fail_or_retry(stream_error());
}

bool Call::has_begun() const {
  if (is_later()) return mending_->begun && body_kind_ == BodyKind::events && phase_ == Phase::reading;
  return body_kind_ == BodyKind::events && phase_ == Phase::reading &&
         (!accumulator_.empty() || !all_notices(std::span(events_).subspan(folded_)));
}

// ---- the response ends ------------------------------------------------------------------------------------------

void Call::on_end(std::optional<Error> error) {
  if (over()) return;
  if (error && !error->clock.empty() && error->clock != "connect") return run_out(*std::move(error));
  if (phase_ == Phase::refused || body_kind_ == BodyKind::other) hide_keys(body_);  // before it is cut
  switch (phase_) {
    case Phase::refused: return finish_refused();  // an error status whose body broke off is still that error
    case Phase::reading:
      if (body_kind_ == BodyKind::events) return finish_events(std::move(error));
      if (error) return fail_or_retry(std::move(*error));
      return finish_body();
    default:
      if (error) return fail_or_retry(std::move(*error));
      if (is_blank(body_)) return fail_or_retry(empty_answer());
      return fail(not_an_answer("the response is neither an event stream nor JSON (content type \"" +
                                std::string(media_type(head_.headers)) + "\"); is base_url right? " +
                                wire::said_instead(head_.headers, body_)));
  }
}

void Call::finish_events(std::optional<Error> broken) {
  if (!broken) {
    // A last event without its blank line counts when all of it is there.
    while (const auto event = parser_.finish()) {
      const bool marker = event->data == setup_.provider->end_marker;
      const std::string_view last_line = event->data.substr(event->data.rfind('\n') + 1);
      if (marker || event->type == "error" || json::is_whole_object(event->data) || json::is_whole_object(last_line))
        read_event(*event);
      else
        break;
      if (over() || phase_ == Phase::backing_off) return flush();
    }
  }
  if (mending_) decoder_.forget_halves();
  if (drain()) return complete();
  flush();
  std::string why = broken ? broken->message : std::string("the connection was closed");
  fail_or_retry(incomplete(std::move(why), broken ? "connection_broken" : "stream_ended"), true);
}

void Call::finish_body() {
  if (setup_.bytes) return hand_over();
  if (body_.starts_with("\xEF\xBB\xBF")) body_.erase(0, 3);
  if (is_blank(body_)) return fail_or_retry(empty_answer());
  if (setup_.raw) {
    auto wrong = wire::error_in_resource(*setup_.provider, head_.status, head_.headers, body_);
    return wrong ? fail_or_retry(told(*std::move(wrong))) : hand_over();
  }
  const std::size_t before = events_.size();
  if (decoder_.feed_body(body_, events_) == wire::Decoder::State::failed) {
    if (!decoder_.unreadable()) return fail_or_retry(stream_error());
    if (json::leading_object(body_).size() > 0 && !json::is_whole_object(body_)) return read_as_events();
    hide_keys(body_);
    return fail(not_an_answer("the response is not a chat completion; is base_url right? " +
                              wire::said_instead(head_.headers, body_)));
  }
  const std::size_t fresh = mending_ ? settle(before) : before;
  if (mending_ && mending_->joins() && setup_.shape == Shape::chunks)
    show_chunks(fresh);
  else if (setup_.shape == Shape::chunks)
    chunks_.push_back(wire::whole_chunk(decoder_, events_, setup_.streams, created_));
  complete();
}

/// More than one object: a stream whose lines have no field names, or the first of them has none.
void Call::read_as_events() {
  body_kind_ = BodyKind::events;
  decoder_ = new_decoder();
  const std::string body = std::exchange(body_, {});
  read_events(body);
  if (phase_ == Phase::reading) finish_events(std::nullopt);
}

}  // namespace kimistream
