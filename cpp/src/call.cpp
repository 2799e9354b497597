#include "call.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <random>
#include <span>
#include <utility>

#include "advice.hpp"
#include "wire/encode.hpp"
#include "wire/errors.hpp"
#include "wire/triage.hpp"

namespace kimistream {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_refusal_bytes = std::size_t{1} << 20;
// With more than this waiting, the reader is slower than the server: stop reading.
constexpr std::size_t max_queued_bytes = std::size_t{1} << 20;
// libcurl reads on while a socket has data. Handing over what came before reading more keeps the queue in the cache.
constexpr std::size_t max_queued_items = 512;
constexpr milliseconds finish_grace{1000};  // for usage and end marker, once the finish reason has come

double roll_dice() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

bool all_notices(std::span<const Event> events) {
  return std::all_of(events.begin(), events.end(),
                     [](const Event& event) { return std::holds_alternative<Notice>(event); });
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

Call::Call(CallSetup setup, Listener* listener)
    : setup_(std::move(setup)),
      listener_(listener),
      outgoing_(Outgoing::watch(setup_.request.body)),
      clocks_(setup_.limits),
      parser_(setup_.max_event_bytes),
      decoder_(*setup_.provider, setup_.thinks, setup_.offer),
      log_(std::move(setup_.log)) {
  for (Notice& notice : setup_.notices) events_.emplace_back(std::move(notice));
}

void Call::start(Transport& transport) {
  transport_ = &transport;
  clocks_.begin(Clock::now());
  attempt();
}

void Call::attempt() {
  phase_ = Phase::requesting;
  accepted_ = false;
  body_kind_ = BodyKind::unknown;
  begun_ = false;
  body_.clear();
  head_ = {};
  said_ = news_ = false;
  clocks_.attempt(rough_now());
  if (outgoing_) outgoing_->restart();
  created_ = static_cast<std::int64_t>(std::time(nullptr));
  if (setup_.request.body)
    for (auto& segment : setup_.request.body->segments)
      if (retries_ > 0 && segment.source && !segment.source->rewind())
        return fail(invalid_request("the request cannot be repeated: one of its media can be read only once"));
  setup_.request.connect_timeout = setup_.limits.connect;
  try {
    exchange_ = transport_->start(setup_.request, *this);
    replayed_ = exchange_->is_replay();
  } catch (const Exception& exception) {
    fail(exception.error());
  }
}

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
  if (gathers())
    gathering_.add(decoder_, created_);
  else if (setup_.shape == Shape::chunks && state != wire::Decoder::State::failed)
    wire::add_chunk(decoder_, std::span(events_).subspan(before), created_, chunks_);
  // Text that is held back, for it may be markup, will be an event as well.
  news_ = news_ || decoder_.spoke() || (chunks_.size() > chunks_before && chunks_.back().has_choices) ||
          !all_notices(std::span(events_).subspan(before));
  if (state == wire::Decoder::State::open) return;
  if (state == wire::Decoder::State::ended) return complete();
  if (state == wire::Decoder::State::cut)
    return fail_or_retry(incomplete("its end marker came, but no finish reason", "stream_ended"));
  if (decoder_.finished() && decoder_.unreadable()) {  // garbage behind a complete answer
    events_.emplace_back(Notice{"corrupt_frame", "what came behind the finish reason could not be read"});
    decoder_.finish(events_);
    return complete();
  }
  // Some answer 200 before they find that they cannot; as long as nothing has come that is a refusal like others.
  fail_or_retry(stream_error());
}

/// Folds the new events and hands them on.
void Call::flush() {
  const std::size_t fresh = events_.size() - folded_;
  if (fresh == 0 && !news_ && !has_item()) return;
  const auto now = rough_now();
  if (std::exchange(news_, false)) {
    said_ = true;
    clocks_.came(now);
  }
  if (fresh > 0) {
    tempo_.came(fresh, clocks_.waiting_since(), now);
    const std::lock_guard lock(message_mutex_);
    for (; folded_ < events_.size(); ++folded_) accumulator_.add(events_[folded_]);
  }
  if (setup_.shape == Shape::chunks) {
    events_.clear();
    folded_ = 0;
  }
  tell();
}

bool Call::take(Event& event) {
  Event* const first = front();
  if (!first) return false;
  event = std::move(*first);
  pop();
  return true;
}

void Call::pop() {
  if (++next_event_ < folded_) return;
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(folded_));
  next_event_ = folded_ = 0;
  if (listener_) resume_reading();
}

void Call::resume_reading() {
  if (has_item() || !std::exchange(paused_, false) || !exchange_) return;
  exchange_->resume();
}

bool Call::take(Chunk& chunk) {
  Chunk* const first = front_chunk();
  if (!first) return false;
  chunk = std::move(*first);
  pop_chunk();
  return true;
}

void Call::pop_chunk() {
  if (++next_chunk_ < chunks_.size()) return;
  chunks_.clear();
  next_chunk_ = queued_bytes_ = 0;
  if (listener_) resume_reading();
}

// ---- the answer ends ----------------------------------------------------------------------------------------------

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
  if (decoder_.finish(events_)) return complete();
  flush();
  std::string why = broken ? broken->message : std::string("the connection was closed");
  fail_or_retry(incomplete(std::move(why), broken ? "connection_broken" : "stream_ended"));
}

void Call::finish_body() {
  if (setup_.bytes) return hand_over();
  if (body_.starts_with("\xEF\xBB\xBF")) body_.erase(0, 3);
  if (is_blank(body_)) return fail_or_retry(empty_answer());
  if (setup_.raw) {
    auto wrong = wire::error_in_resource(*setup_.provider, head_.status, head_.headers, body_);
    return wrong ? fail_or_retry(told(*std::move(wrong))) : hand_over();
  }
  if (decoder_.feed_body(body_, events_) == wire::Decoder::State::failed) {
    if (!decoder_.unreadable()) return fail_or_retry(stream_error());
    if (json::leading_object(body_).size() > 0 && !json::is_whole_object(body_)) return read_as_events();
    hide_keys(body_);
    return fail(not_an_answer("the response is not a chat completion; is base_url right? " +
                              wire::said_instead(head_.headers, body_)));
  }
  if (setup_.shape == Shape::chunks) chunks_.push_back(wire::whole_chunk(decoder_, events_, setup_.streams, created_));
  complete();
}

/// More than one object: a stream whose lines have no field names, or the first of them has none.
void Call::read_as_events() {
  body_kind_ = BodyKind::events;
  decoder_ = wire::Decoder(*setup_.provider, setup_.thinks, setup_.offer);
  const std::string body = std::exchange(body_, {});
  read_events(body);
  if (phase_ == Phase::reading) finish_events(std::nullopt);
}

void Call::sign() {
  const std::lock_guard lock(message_mutex_);
  Message& message = accumulator_.message();
  message.id = decoder_.id();
  message.model = decoder_.model();
  message.signature = decoder_.signature();
  message.reasoning_details.text = decoder_.reasoning_details();
  if (decoder_.reasoning_present() && !message.reasoning) message.reasoning.emplace();
}

Message Call::snapshot() const {
  const std::lock_guard lock(message_mutex_);
  return accumulator_.message();
}

void Call::complete() {
  phase_ = Phase::ended;
  flush();
  if (body_kind_ == BodyKind::events)
    if (auto notice = tempo_.held_back()) {
      events_.push_back(*std::move(notice));
      flush();
    }
  sign();
  if (gathers()) chunks_.push_back(gathering_.chunk(accumulator_.message()));
  release();
  tell();
}

void Call::fail_or_retry(Error error) {
  const bool once = has_begun() || may_be_kept(error);
  auto delay =
      once ? std::nullopt : next_delay(setup_.retry, error, retries_, roll_dice(), clocks_.elapsed(Clock::now()));
  if (!delay) return fail(std::move(error));
  if (replayed_) delay = 0;
  ++retries_;
  exchange_.reset();
  // What this attempt said does not belong to what the next one says; what it was warned of does.
  std::erase_if(events_, [](const Event& event) { return !std::holds_alternative<Notice>(event); });
  chunks_.clear();
  next_chunk_ = 0;
  decoder_ = wire::Decoder(*setup_.provider, setup_.thinks, setup_.offer);
  parser_ = sse::Parser(setup_.max_event_bytes);
  phase_ = Phase::backing_off;
  retry_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*delay));
  log_.push_back("attempt " + std::to_string(retries_) + " failed (" + error.message + "); tried again after " +
                 std::to_string(static_cast<int>(*delay * 1000)) + " ms");
  events_.emplace_back(Notice{"retried", log_.back()});
  // A proxy's read timeout: a model that thinks says nothing for longer, and each further attempt would cost as much
  // and end alike. A stream says something all the time.
  if (!setup_.raw && !setup_.streams && (error.status_code == 504 || error.status_code == 524)) ask_for_stream();
  tell();  // whoever drives this must look at the new deadline
}

bool Call::has_begun() const {
  return body_kind_ == BodyKind::events && phase_ == Phase::reading &&
         (!accumulator_.empty() || !all_notices(std::span(events_).subspan(folded_)));
}

void Call::ask_for_stream() {
  constexpr std::string_view accept = "text/event-stream";
  if (!setup_.request.body || !setup_.request.compressed) return;  // it does already
  setup_.request.body = wire::as_stream(*setup_.provider, *setup_.request.body);
  setup_.request.compressed = false;
  if (setup_.request.headers.find("accept") == "application/json")
    setup_.request.headers.set("Accept", std::string(accept));
  events_.emplace_back(
      Notice{"asked_as_stream",
             "something between the server and this client gave up waiting for the whole answer; it was "
             "asked for once more as a stream, and gathered"});
}

void Call::fail(Error error) {
  if (phase_ == Phase::reading && !decoder_.finished()) decoder_.finish(events_);  // what it holds back has come, too
  flush();
  sign();
  const Message& message = accumulator_.message();
  if (!accumulator_.empty()) error.partial = std::make_shared<const Message>(message);
  if (error.partial && (error.kind == ErrorKind::incomplete_stream || error.kind == ErrorKind::timeout))
    wire::add_sentence(error.message, "What had come is in .partial");
  if (error.request_id.empty()) error.request_id = message.request_id;
  advise({*setup_.provider, setup_.request.url, setup_.model, setup_.key_origin, has_key(setup_.request.headers),
          accepted_, message.warnings},
         error);
  if (error.headers.empty()) {
    error.headers = head_.headers;
    hide_keys(error.headers);
  }
  if (!error.request_id.empty() && error.message.find(error.request_id) == std::string::npos)
    error.message += " [request id " + error.request_id + "]";
  error_ = std::move(error);
  phase_ = Phase::failed;
  release();
  tell();
}

/// Lets go of the exchange: kept alive for its connection when the answer is complete, closed otherwise.
void Call::release() {
  if (!exchange_) return;
  if (phase_ == Phase::ended) exchange_->detach();
  exchange_.reset();
}

void Call::close() noexcept {
  events_.clear();
  chunks_.clear();
  next_event_ = folded_ = next_chunk_ = queued_bytes_ = 0;
  if (over()) return;
  phase_ = Phase::ended;
  exchange_.reset();
  tell();
}

void Call::tell() {
  if (!listener_ || std::exchange(told_, true)) return;
  listener_->on_news(*this);
}

// ---- time passes --------------------------------------------------------------------------------------------------

Clock::time_point Call::deadline() const noexcept {
  const auto earlier = [total = clocks_.total()](Clock::time_point due) { return std::min(due, total); };
  if (over()) return Clock::time_point::max();
  if (paused_) return clocks_.total();  // the reader is slow, not the server
  switch (phase_) {
    case Phase::backing_off: return earlier(retry_at_);
    case Phase::reading:
      if (decoder_.finished()) return earlier(clocks_.grace(finish_grace));
      return earlier(said_ ? clocks_.idle() : clocks_.first_event());
    default: return earlier(clocks_.first_event());
  }
}

void Call::look_what_was_sent(Clock::time_point now) noexcept {
  if (exchange_) clocks_.sent(exchange_->connected().value_or(now));
  if (outgoing_) clocks_.sent(outgoing_->at());
}

void Call::on_time(Clock::time_point now) {
  if (over() || now < deadline()) return;
  if (now >= clocks_.total()) return out_of_time();
  if (phase_ == Phase::backing_off) return attempt();
  if (phase_ == Phase::reading && decoder_.finished()) return complete_without_end();
  if (phase_ == Phase::requesting) look_what_was_sent(now);
  if (clocks_.away()) clocks_.still_away(now);
  if (now < deadline()) return;
  if (phase_ == Phase::refused) return on_end(std::nullopt);  // the status says enough
  if (said_) return run_out(timed_out("idle", "the stream was silent for", setup_.limits.idle));
  run_out(
      timed_out("first_event",
                outgoing_ ? "nothing more of the request was taken, and no answer began, for" : "no answer began for",
                setup_.limits.first_event));
}

/// A clock has run out: here, or where what is played again was recorded.
void Call::run_out(Error error) {
  if (exchange_) exchange_->run_out(error);
  if (phase_ == Phase::reading || error.clock == "total") return fail(std::move(error));
  fail_or_retry(std::move(error));
}

/// The total is over. What had come before that and was not read yet, for the reader was away, still counts.
void Call::out_of_time() {
  if (phase_ == Phase::reading && !std::exchange(last_look_, true)) {
    if (std::exchange(paused_, false) && exchange_) exchange_->resume();
    return;
  }
  if (phase_ == Phase::refused) return on_end(std::nullopt);
  if (phase_ == Phase::reading && decoder_.finished()) return complete_without_end();
  run_out(timed_out("total", "the answer was not complete within", setup_.limits.total));
}

/// All that matters has come; the rest is noted as missing.
void Call::complete_without_end() {
  decoder_.finish(events_);
  phase_ = Phase::ended;
  exchange_.reset();  // whatever the server still holds open is of no use to another request
  complete();
}

}  // namespace kimistream
