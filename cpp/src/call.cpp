#include "call.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include "advice.hpp"
#include "dice.hpp"
#include "wire/encode.hpp"
#include "wire/triage.hpp"

namespace kimistream {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds finish_grace{1000};  // for usage and end marker, once the finish reason has come

}  // namespace

Call::Call(CallSetup setup, Listener* listener)
    : setup_(std::move(setup)),
      listener_(listener),
      outgoing_(Outgoing::watch(setup_.request.body)),
      clocks_(setup_.limits),
      parser_(setup_.max_event_bytes),
      decoder_(new_decoder()),
      log_(std::move(setup_.log)) {
  if (setup_.mend) {
    mending_ = std::make_unique<Mending>(*std::move(setup_.mend));
    mending_->first = {setup_.request.body, outgoing_, setup_.thinks, setup_.offer};
  }
  for (Notice& notice : setup_.notices) events_.emplace_back(std::move(notice));
}

void Call::start(Transport& transport) {
  transport_ = &transport;
  trying_since_ = Clock::now();
  clocks_.begin(trying_since_);
  attempt();
}

void Call::attempt() {
  phase_ = Phase::requesting;
  accepted_ = false;
  body_kind_ = BodyKind::unknown;
  begun_ = paused_ = false;
  body_.clear();
  if (!is_later()) head_ = {};
  said_ = news_ = false;
  clocks_.attempt(rough_now());
  if (outgoing_) outgoing_->restart();
  created_ = static_cast<std::int64_t>(std::time(nullptr));
  if (setup_.request.body)
    for (auto& segment : setup_.request.body->segments)
      if (attempts_ > 0 && segment.source && !segment.source->rewind()) return cannot_repeat();
  ++attempts_;
  setup_.request.connect_timeout = setup_.limits.connect;
  try {
    exchange_ = transport_->start(setup_.request, *this);
    replayed_ = exchange_->is_replay();
  } catch (const Exception& exception) {
    fail(exception.error());
  }
}

// ---- what has come is handed on ------------------------------------------------------------------------------------

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
    if (mending_ && !first_said_ && setup_.shape == Shape::events) look_what_is_said();
    for (; folded_ < events_.size(); ++folded_) {
      if (auto* usage = std::get_if<Usage>(&events_[folded_])) {
        if (setup_.price) fill_in_cost(*usage, *setup_.price);
        if (usage->cost && usage->currency.empty()) usage->currency = setup_.currency;
      }
      accumulator_.add(events_[folded_]);
    }
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
  ++taken_;
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
  ++taken_;
  if (++next_chunk_ < chunks_.size()) return;
  chunks_.clear();
  next_chunk_ = queued_bytes_ = 0;
  if (listener_) resume_reading();
}

// ---- the answer ends ----------------------------------------------------------------------------------------------

void Call::sign() {
  const std::lock_guard lock(message_mutex_);
  Message& message = accumulator_.message();
  if (is_later() && !mending_->goes_on() && !mending_->voided) return;  // it is still that of the attempt before
  if (is_later() && mending_->goes_on()) {
    if (message.id.empty()) message.id = decoder_.id();
    if (message.model.empty()) message.model = decoder_.model();
    return;
  }
  message.id = decoder_.id();
  message.model = decoder_.model();
  message.signature = decoder_.signature();
  message.reasoning_details.text = decoder_.reasoning_details();
  if (decoder_.reasoning_present() && !message.reasoning) message.reasoning.emplace();
}

Message Call::take_message() {
  const std::lock_guard lock(message_mutex_);
  return std::move(accumulator_.message());
}

Message Call::snapshot() const {
  const std::lock_guard lock(message_mutex_);
  return accumulator_.message();
}

void Call::complete() {
  if (mending_ && mending_->finish) return grow();
  phase_ = Phase::ended;
  flush();
  if (body_kind_ == BodyKind::events)
    if (auto notice = tempo_.held_back()) {
      events_.push_back(*std::move(notice));
      flush();
    }
  sign();
  if (gathers()) chunks_.push_back(gathering().chunk(accumulator_.message()));
  release();
  tell();
}

/// @param lost the connection was lost, or silent for too long
void Call::fail_or_retry(Error error, bool lost) {
  if (has_begun()) return broken(std::move(error), lost);
  if (is_later() && mending_->goes_on() && refuses(error)) return refused_to_go_on(std::move(error));
  const auto delay = may_be_kept(error) ? std::nullopt : pause_behind(error, setup_.retry, retries_);
  if (!delay) return fail(std::move(error));
  ++retries_;
  // What this attempt said does not belong to what the next one says; what it was warned of does.
  events_.erase(std::remove_if(events_.begin() + static_cast<std::ptrdiff_t>(folded_), events_.end(),
                               [](const Event& event) { return !std::holds_alternative<Notice>(event); }),
                events_.end());
  if (!is_later()) {
    chunks_.clear();
    next_chunk_ = 0;
  }
  drop_attempt();
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

/// Seconds before the next attempt; nothing where there shall be none. One that would outlast the total is not begun.
std::optional<double> Call::pause_behind(const Error& error, const RetryPolicy& policy, int retries) const {
  const auto now = Clock::now();
  const auto since = std::chrono::duration<double>(now - trying_since_).count();
  const auto delay = next_delay(policy, error, retries, roll_dice(), since);
  const auto left = std::chrono::duration<double>(clocks_.total() - now).count();
  if (!delay || *delay >= left) return std::nullopt;
  return replayed_ ? 0 : *delay;
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
  if (phase_ == Phase::reading && !decoder_.finished()) drain();  // what it holds back has come, too
  flush();
  sign();
  const Message& message = accumulator_.message();
  if (!accumulator_.empty()) error.partial = std::make_shared<const Message>(message);
  if (error.partial && (error.kind == ErrorKind::incomplete_stream || error.kind == ErrorKind::timeout))
    wire::add_sentence(error.message, "What had come is in .partial");
  if (error.request_id.empty()) error.request_id = message.request_id;
  advise({*setup_.provider, setup_.request.url, setup_.model, setup_.key_origin, setup_.models_call,
          has_key(setup_.request.headers), accepted_, message.warnings},
         error);
  if (error.headers.empty()) {
    error.headers = head_.headers;
    hide_keys(error.headers);
  }
  if (!error.request_id.empty() && error.message.find(error.request_id) == std::string::npos)
    error.message += " [request id " + error.request_id + "]";
  error_ = std::make_unique<const Error>(std::move(error));
  phase_ = Phase::failed;
  release();
  tell();
}

/// Whatever the server still sends or holds open is of no use to another request.
void Call::complete_at_once() {
  exchange_.reset();
  complete();
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
  if (error.clock == "idle" && has_begun()) return broken(std::move(error), true);
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
  drain();
  complete_at_once();
}

}  // namespace kimistream
