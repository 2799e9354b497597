// One request's life: attempts, response head, decoding, clocks, end. Never waits: it is told of bytes by a transport
// and of time by whoever drives it, so the same call serves a blocking iterator, an event loop and a bulk run.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "body_kind.hpp"
#include "clocks.hpp"
#include "kimistream/accumulator.hpp"
#include "kimistream/client.hpp"
#include "kimistream/retry.hpp"
#include "kimistream/sse.hpp"
#include "kimistream/transport.hpp"
#include "mending.hpp"
#include "outgoing.hpp"
#include "redact.hpp"
#include "tempo.hpp"
#include "wire/chunks.hpp"
#include "wire/decoder.hpp"

namespace kimistream {

/// What a call needs to know. The row, and what is viewed, must outlive it.
struct CallSetup {
  const Provider* provider = nullptr;
  HttpRequest request;
  std::string model;  // in the provider's spelling; "" for a resource that knows none
  // Of the request's headers; null: to be looked for there.
  const std::vector<std::string>* secrets = nullptr;
  std::string_view key_origin;  // this and the next: see ClientOptions
  std::string_view models_call;
  const Price* price = nullptr;  // of its tokens; null: not known
  std::string_view currency;     // of costs that the provider tells; "": not known
  Shape shape = Shape::events;
  bool streams = true;                       // a stream is asked for
  bool thinks = true;                        // false: the request asks for no thinking
  std::shared_ptr<const wire::Offer> offer;  // the functions that the request offers; null: none
  bool raw = false;                          // a resource that is no answer: the body becomes one chunk
  bool bytes = false;                        // and may be anything
  bool creates = false;                      // repeated only where nothing of it can have been kept
  RetryPolicy retry;
  std::optional<MendSetup> mend;  // nothing: an answer that breaks is an error
  ClockLimits limits;
  std::size_t max_event_bytes = 0;
  std::size_t max_body_bytes = 0;
  std::vector<Notice> notices;
  std::vector<std::string> log;
};

class Call final : private Receiver {
 public:
  /// Told when a call has something new, once until `seen()`.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_news(Call& call) = 0;
  };

  explicit Call(CallSetup setup, Listener* listener = nullptr);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Begins the first attempt. The transport must outlive the call, or the call be closed first.
  void start(Transport& transport);

  /// True when the response head has been accepted, or the call has failed.
  [[nodiscard]] bool head_ready() const noexcept { return phase_ >= Phase::reading || is_later(); }
  /// True when the response head has been accepted, whatever came later.
  [[nodiscard]] bool accepted() const noexcept { return accepted_ || is_later(); }
  /// True when nothing more will come: what is queued is all.
  [[nodiscard]] bool over() const noexcept { return phase_ == Phase::ended || phase_ == Phase::failed; }
  [[nodiscard]] bool failed() const noexcept { return phase_ == Phase::failed; }
  /// Why; of a call that has failed.
  [[nodiscard]] const Error& error() const noexcept { return *error_; }

  [[nodiscard]] bool has_item() const noexcept { return next_event_ < folded_ || next_chunk_ < chunks_.size(); }
  [[nodiscard]] bool take(Event& event);
  /// The event that is next, or null; and taking it away.
  [[nodiscard]] Event* front() noexcept { return next_event_ < folded_ ? &events_[next_event_] : nullptr; }
  void pop();
  void pop_chunk();
  [[nodiscard]] Chunk* front_chunk() noexcept { return next_chunk_ < chunks_.size() ? &chunks_[next_chunk_] : nullptr; }
  [[nodiscard]] bool take(Chunk& chunk);

  [[nodiscard]] const Message& message() const noexcept { return accumulator_.message(); }
  /// The same, moved away.
  [[nodiscard]] Message take_message();
  /// A copy, from any thread.
  [[nodiscard]] Message snapshot() const;
  /// What the last attempt brings is played again; nothing is waited for behind it.
  [[nodiscard]] bool replayed() const noexcept { return replayed_; }
  [[nodiscard]] const ResponseHead& head() const noexcept { return head_; }

  /// What was taken cannot be taken back: an answer that would have to be restarted behind it fails instead.
  void cannot_be_taken_back() noexcept {
    if (mending_) mending_->cannot_be_taken_back = true;
  }

  /// Somebody waits from now on, or nobody any more: the clocks of first event and idle run only meanwhile. Somebody
  /// does from the start.
  void reader_waits(Clock::time_point now) noexcept { clocks_.reader_waits(now); }
  void reader_leaves() noexcept { clocks_.reader_leaves(); }
  [[nodiscard]] bool reader_is_away() const noexcept { return clocks_.away(); }
  /// When `on_time` must be called at the latest.
  [[nodiscard]] Clock::time_point deadline() const noexcept;
  /// Something may be due: a retry, a timeout, the end of a grace.
  void on_time(Clock::time_point now);

  /// Reads on after the queue had been full. With a listener that happens as the last item is taken; without one it
  /// is left to whoever waits, so that taking an item costs nothing more.
  void resume_reading();

  /// Ends the call and closes its connection, unless it is over.
  void close() noexcept;

  void seen() noexcept { told_ = false; }
  [[nodiscard]] std::vector<std::string> take_log() noexcept { return std::exchange(log_, {}); }

 private:
  enum class Phase {
    requesting,   // an attempt is under way, no accepted head yet
    backing_off,  // between attempts
    refused,      // the status is an error: its body is collected
    reading,      // the answer comes
    ended,
    failed,
  };

  void attempt();
  void on_head(ResponseHead head) override;
  bool on_body(std::string_view block) override;
  void on_end(std::optional<Error> error) override;

  void accept_head();
  void look_at(std::string_view block);
  void read_events(std::string_view block);
  void read_event(const sse::Event& event);
  void flush();
  void finish_events(std::optional<Error> broken);
  void finish_body();
  void read_as_events();
  void finish_refused();
  void complete();
  void complete_at_once();
  void hand_over() {
    chunks_.emplace_back().frame = FrameText(std::move(body_));
    complete();
  }
  /// A stream that is read in a whole answer's place.
  [[nodiscard]] bool gathers() const noexcept {
    return setup_.shape == Shape::chunks && !setup_.streams &&
           (body_kind_ == BodyKind::events || (mending_ && mending_->joins()));
  }
  /// Something of the answer has come; what comes first in many streams, a role alone, says nothing yet.
  [[nodiscard]] bool has_begun() const;
  void ask_for_stream();
  /// As long as there is no connection, or the request's body goes out, it is not the server that is late.
  void look_what_was_sent(Clock::time_point now) noexcept;
  void body_came(std::string_view block);
  void out_of_time();
  void run_out(Error error);
  void complete_without_end();
  /// The server may have made what was to be made, whatever it answered: trying again could make a second one.
  [[nodiscard]] bool may_be_kept(const Error& error) const noexcept {
    return setup_.creates && error.status_code != 429 && error.status_code != 503 && (!outgoing_ || outgoing_->begun());
  }
  void sign();
  /// What the server said, without the keys of this request, and what it means.
  Error told(Error error) const;
  void fail(Error error);
  void fail_or_retry(Error error, bool lost = false);
  [[nodiscard]] std::optional<double> pause_behind(const Error& error, const RetryPolicy& policy, int retries) const;

  // ---- answers that are mended: call_mending.cpp ----
  [[nodiscard]] bool is_later() const noexcept { return mending_ && mending_->later(); }
  std::size_t settle(std::size_t fresh);
  void begin_later(std::size_t& fresh);
  std::size_t void_what_was_said(std::size_t fresh);
  void hold_finish(std::size_t fresh);
  void broken(Error error, bool lost);
  void refused_to_go_on(Error error);
  void grow();
  void give_as_it_was();
  void ask_anew(Error cause);
  void ask_to_go_on(Mending::For what);
  void ask(Asking asking);
  void attempt_later(double delay, std::string_view how);
  void drop_attempt();
  [[nodiscard]] bool was_delivered() const noexcept { return first_said_ && taken_ > *first_said_; }
  void look_what_is_said() noexcept;
  [[nodiscard]] bool cannot_take_back() const noexcept;
  Error not_taken_back(Error error) const;

  /// What the decoder still holds back. @return what `Decoder::finish` does
  bool drain();
  [[nodiscard]] wire::Decoder new_decoder() const {
    wire::Decoder decoder(*setup_.provider, setup_.thinks, setup_.offer);
    if (mending_ && mending_->goes_on()) decoder.go_on();
    return decoder;
  }
  void show_chunks(std::size_t fresh);
  wire::Gathering& gathering();
  /// Takes the keys of this request out of a text or an error.
  template <class Shown>
  void hide_keys(Shown& shown) const {
    if (setup_.secrets) return redact(shown, *setup_.secrets);
    redact(shown, secrets_in(setup_.request.headers));
  }
  Error stream_error();
  Error incomplete(std::string why, std::string type);
  void cannot_repeat();
  Error not_an_answer(std::string why);
  Error empty_answer();
  void release();
  void tell();

  CallSetup setup_;
  Listener* listener_;
  Transport* transport_ = nullptr;
  std::shared_ptr<Outgoing> outgoing_;  // null where the body is plain text
  std::unique_ptr<Exchange> exchange_;
  Phase phase_ = Phase::requesting;
  BodyKind body_kind_ = BodyKind::unknown;
  bool accepted_ = false;
  bool replayed_ = false;
  bool begun_ = false;  // the body's first bytes have settled its kind
  int retries_ = 0;     // since an answer began, or broke
  int attempts_ = 0;
  std::int64_t created_ = 0;  // seconds since 1970
  Tempo tempo_;
  std::unique_ptr<wire::Gathering> gathering_;  // null unless it gathers(), and something has come
  Clocks clocks_;
  Clock::time_point trying_since_{}, retry_at_{};

  ResponseHead head_;
  std::string body_;  // of a refusal, a JSON answer, or one whose kind is not known yet
  sse::Parser parser_;
  std::unique_ptr<Mending> mending_;  // null where an answer that breaks is an error
  wire::Decoder decoder_;
  Accumulator accumulator_;
  mutable std::mutex message_mutex_;    // writers are on one thread; held so that snapshot() sees a whole message
  std::unique_ptr<const Error> error_;  // null until it has failed
  std::vector<std::string> log_;

  std::vector<Event> events_;  // the decoder appends; those before folded_ are in the message and may be taken
  std::vector<Chunk> chunks_;
  std::size_t next_event_ = 0, folded_ = 0, next_chunk_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t taken_ = 0;                  // items, so far
  std::optional<std::size_t> first_said_;  // the first of them that said something of this answer, by its number
  bool paused_ = false, told_ = false;
  bool said_ = false;       // something of this attempt has come that is an event, or will be
  bool news_ = false;       // and since the last flush
  bool last_look_ = false;  // the total is over: what lies there unread is read, and no more
};

}  // namespace kimistream
