#include "kimistream/bulk_run.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <utility>

#include "bulk/fate.hpp"
#include "bulk/limiter.hpp"
#include "bulk/queue.hpp"
#include "client_impl.hpp"
#include "clock.hpp"
#include "dice.hpp"
#include "kimistream/tokens.hpp"

namespace kimistream {
namespace {

using bulk::Fate;
using bulk::forever;
using bulk::Seconds;
using std::chrono::milliseconds;

constexpr std::size_t usual_concurrency = 100;
constexpr std::size_t most_aside = 64;             // rows that wait for a time of their own and take no room
constexpr std::int64_t usual_max_tokens = 32'768;  // of a request that names none
constexpr Seconds look_again = 0.02;               // while all places are held by runs that may not be read
constexpr Seconds long_away = 0.1;                 // so long nobody waited for answers
// Rows are given back together where that holds up a place for this part of the time that an answer takes, and no
// longer than an eye would notice.
constexpr double linger_part = 1.0 / 20;
constexpr Seconds longest_linger = 0.01;
constexpr std::size_t many = 64;  // rows that need not wait for more of them

Seconds seconds_of(Clock::time_point when) { return std::chrono::duration<double>(when.time_since_epoch()).count(); }
Seconds now() { return seconds_of(Clock::now()); }

std::size_t places_of(const RunOptions& options) {
  const auto limit = options.limits.concurrency;
  const std::size_t most = limit ? static_cast<std::size_t>(std::max<std::int64_t>(*limit, 1)) : 0;
  if (options.concurrency == 0) return most > 0 ? most : usual_concurrency;
  return most > 0 ? std::min(most, options.concurrency) : options.concurrency;
}

}  // namespace

class BulkRun::Impl final : public bulk::Sharer, public std::enable_shared_from_this<Impl> {
 public:
  Impl(const Client& client, const RunOptions& options);
  ~Impl() override;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void wake() noexcept override { reactor_.transport->wake(); }
  void make_room() noexcept override;

  void join() { limiter_->join(shared_from_this()); }
  [[nodiscard]] std::size_t room() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept {
    const std::lock_guard lock(mutex_);
    return sent_.size() + queue_.ready() + queue_.later() + done_.size();
  }
  [[nodiscard]] bool counts_tokens() const noexcept { return limiter_->counts_tokens(); }
  void add(std::size_t index, Request request, std::optional<std::int64_t> tokens, std::optional<bool> streams);
  void no_more() noexcept;
  void stop() noexcept;
  void flush();
  bool pump(milliseconds longest);
  std::vector<Result> take();
  [[nodiscard]] double due() const noexcept;
  [[nodiscard]] double wait() const noexcept;
  [[nodiscard]] int descriptor() noexcept { return reactor_.descriptor(); }
  void close() noexcept;
  std::vector<std::string> take_log();

 private:
  struct Row {
    std::size_t index;
    Request request;
    std::int64_t tokens;
    int attempts = 0, retries = 0;
    int refusals = 0;  // for too much
    Seconds began = 0;
    bool streams = false;
    bool accepted = false;
    bulk::Place place{};
    std::optional<Stream> stream{};
    Call* call = nullptr;      // the stream's
    std::size_t position = 0;  // in sent_
  };
  using Owned = std::unique_ptr<Row>;

  void take_in(milliseconds wait);
  void look(Row& row);
  void fill();
  bool send(Owned row);
  void answered(Owned row);
  void failed(Owned row, Error error);
  void refused(Owned row, const Error& error, Seconds when);
  void end(Owned row, Result result);
  Owned no_longer_sent(Row& row);
  void release() noexcept;

  mutable std::recursive_mutex mutex_;  // recursive: what is told of an upload may close the run
  Reactor::Impl reactor_;
  std::shared_ptr<bulk::Limiter> limiter_;
  std::size_t places_;
  int max_retries_;
  bool streams_;
  std::vector<Owned> sent_;
  bulk::Queue<Row> queue_;
  std::vector<Result> done_;
  std::vector<std::string> log_;
  Seconds wait_ = forever;     // for a place
  Seconds first_done_at_ = 0;  // of done_
  Seconds answer_takes_ = 0;   // about as long as the quicker ones
  Seconds left_at_ = forever;  // when the last pump ended
  bool ended_ = false;         // no more rows come
  bool stopping_ = false;      // nothing more is sent
  bool of_all_ = false;        // one of done_ met what every row would
  std::atomic<bool> closing_{false};
};

BulkRun::Impl::Impl(const Client& client, const RunOptions& options)
    : reactor_(client.impl_, &client.impl_->crowds),
      limiter_(options.limits.sharing->limiter(options.limits)),
      places_(places_of(options)),
      max_retries_(client.impl_->options.max_retries),
      streams_(options.streams) {}

BulkRun::Impl::~Impl() {
  limiter_->leave(*this);
  for (const Owned& row : sent_) limiter_->gone(row->place, true, now());
}

std::size_t BulkRun::Impl::room() const noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t here = sent_.size() + queue_.ready() + done_.size(), all = size();
  const std::size_t most = std::max(most_aside, places_);
  if (here >= places_ || all >= most || stopping_) return 0;
  return std::min(places_ - here, most - all);
}

void BulkRun::Impl::add(std::size_t index, Request request, std::optional<std::int64_t> tokens,
                        std::optional<bool> streams) {
  std::int64_t reckoned = tokens.value_or(0);
  if (!tokens && limiter_->counts_tokens())
    reckoned = estimate_tokens(request) + request.max_tokens.value_or(usual_max_tokens);
  const std::lock_guard lock(mutex_);
  if (!stopping_)
    queue_.add(std::make_unique<Row>(
        Row{.index = index, .request = std::move(request), .tokens = reckoned, .streams = streams.value_or(streams_)}));
}

void BulkRun::Impl::no_more() noexcept {
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

void BulkRun::Impl::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  queue_.clear();
  wait_ = forever;
  limiter_->rest(*this);
}

// ---- what comes ---------------------------------------------------------------------------------------------------

bool BulkRun::Impl::pump(milliseconds longest) {
  const std::lock_guard lock(mutex_);
  if (closing_) {
    release();
    return false;
  }
  if (now() - left_at_ > long_away)
    for (const Owned& row : sent_) {  // nobody has waited for them meanwhile
      row->stream->set_waiting(false);
      row->stream->set_waiting(true);
    }
  fill();
  const double until = std::min(std::ceil(std::min(wait(), due()) * 1000), static_cast<double>(longest.count()));
  take_in(milliseconds(static_cast<std::int64_t>(until)));
  fill();
  left_at_ = now();
  if (closing_) release();
  return !reactor_.disturbed();
}

void BulkRun::Impl::flush() {
  const std::lock_guard lock(mutex_);
  if (closing_) return;
  fill();
  reactor_.flush();
}

void BulkRun::Impl::take_in(milliseconds wait) {
  for (void* tag : reactor_.pump(wait))
    if (tag) look(*static_cast<Row*>(tag));
}

void BulkRun::Impl::make_room() noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;  // its owner is at work
  try {
    take_in({});
  } catch (...) {
    return;  // its owner meets it, too
  }
  if (!done_.empty()) wake();  // its owner may wait for what has been taken in here
}

void BulkRun::Impl::look(Row& row) {
  Stream& stream = *row.stream;
  for (std::string& line : stream.take_log()) log_.push_back(std::move(line));
  Event event;
  while (stream.take(event)) continue;
  if (!row.accepted && stream.opened()) {
    row.accepted = true;
    limiter_->accepted(row.place, now());
  }
  switch (stream.state()) {
    case Stream::State::ended: return answered(no_longer_sent(row));
    case Stream::State::failed: return failed(no_longer_sent(row), *stream.error());
    default: return;
  }
}

BulkRun::Impl::Owned BulkRun::Impl::no_longer_sent(Row& row) {
  const std::size_t position = row.position;
  std::swap(sent_[position], sent_.back());
  sent_[position]->position = position;
  Owned owned = std::move(sent_.back());
  sent_.pop_back();
  return owned;
}

void BulkRun::Impl::answered(Owned row) {
  const Seconds when = now(), took = when - row->began;
  Result result{.message = row->call->take_message()};
  const auto& usage = result.message->usage;
  limiter_->answered(row->place, usage ? usage->total_tokens : std::nullopt, when);
  answer_takes_ = answer_takes_ == 0 ? took : std::min(took, answer_takes_ + (took - answer_takes_) / 16);
  end(std::move(row), std::move(result));
}

void BulkRun::Impl::failed(Owned row, Error error) {
  const Seconds when = now();
  const Fate fate = bulk::fate_of(error, row->retries, max_retries_);
  if (fate == Fate::wait) return refused(std::move(row), error, when);
  limiter_->gone(row->place, bulk::may_be_counted(error), when);
  if (fate == Fate::again) {
    row->stream.reset();
    if (stopping_) return;  // to be done yet
    row->streams = row->streams || bulk::streams_next(error);
    const Seconds due = when + bulk::pause_before(error, row->retries++, roll_dice());
    return queue_.add(std::move(row), due);
  }
  of_all_ = of_all_ || fate == Fate::run;
  end(std::move(row), {.error = std::move(error), .meets_every_row = fate == Fate::run});
}

void BulkRun::Impl::refused(Owned row, const Error& error, Seconds when) {
  const int refusals = row->refusals++;
  limiter_->refused(row->place, {.hint = error.retry_after, .reason = error.reason, .of_one = refusals > 1}, when,
                    roll_dice());
  row->stream.reset();
  if (stopping_) return;
  if (refusals == 0) return queue_.add(std::move(row));
  const bulk::Aside aside = bulk::aside_of(error, refusals);
  queue_.set_aside(std::move(row), when + aside.earliest, when + aside.due);
}

void BulkRun::Impl::end(Owned row, Result result) {
  const Seconds when = now();
  result.index = row->index;
  result.attempts = row->attempts;
  result.seconds = row->attempts > 0 ? when - row->began : 0;
  if (done_.empty()) {
    first_done_at_ = when;
    done_.reserve(std::min(many, places_));  // moved, each costs as much as to make
  }
  done_.push_back(std::move(result));
}

// ---- what goes ----------------------------------------------------------------------------------------------------

void BulkRun::Impl::fill() {
  wait_ = forever;
  if (stopping_ || closing_ || of_all_) return;
  queue_.look(now(), ended_);
  for (bool asked_others = false; queue_.front() && sent_.size() + done_.size() < places_;) {
    const auto answer = limiter_->take(*this, queue_.front()->tokens, now());
    if (answer.place) {
      Owned row = queue_.take();
      row->place = *answer.place;
      (void)send(std::move(row));
      continue;
    }
    wait_ = now() + answer.wait;
    if (answer.wait < forever) return;
    if (std::exchange(asked_others, true)) break;
    const auto others = limiter_->others(*this);
    for (const auto& other : others) other->make_room();
    if (others.empty()) break;
  }
  if (!queue_.front()) limiter_->rest(*this);
  if (wait_ == forever && queue_.front() && sent_.empty() && done_.empty()) wait_ = now() + look_again;
}

/// @return false for one that cannot be sent
bool BulkRun::Impl::send(Owned row) {
  row->accepted = false;
  try {
    CallSetup setup = reactor_.client->setup(row->request, row->streams, Shape::events);
    setup.retry.max_retries = 0;  // a refusal for too much is the affair of all rows
    auto stream = reactor_.add(std::move(setup));
    row->call = &stream->call;
    row->stream.emplace(std::move(stream));
  } catch (const Exception& exception) {
    limiter_->gone(row->place, false, now());
    end(std::move(row), {.error = exception.error()});
    return false;
  }
  if (row->attempts++ == 0) row->began = now();
  row->stream->set_tag(row.get());
  row->position = sent_.size();
  sent_.push_back(std::move(row));
  return true;
}

// ---- what is given back -------------------------------------------------------------------------------------------

std::vector<Result> BulkRun::Impl::take() {
  const std::lock_guard lock(mutex_);
  of_all_ = false;
  return std::exchange(done_, {});
}

double BulkRun::Impl::due() const noexcept {
  const std::lock_guard lock(mutex_);
  if (done_.empty()) return forever;
  if (of_all_ || sent_.empty() || done_.size() >= many) return 0;
  const Seconds linger = std::min(longest_linger, answer_takes_ * linger_part);
  return std::max(0.0, first_done_at_ + linger - now());
}

double BulkRun::Impl::wait() const noexcept {
  const std::lock_guard lock(mutex_);
  const Seconds next = std::min(wait_, queue_.next());
  return next == forever ? forever : std::max(0.0, next - now());
}

void BulkRun::Impl::close() noexcept {
  closing_ = true;
  wake();
  const std::lock_guard lock(mutex_);
  release();
}

void BulkRun::Impl::release() noexcept {
  stopping_ = true;
  queue_.clear();
  for (const Owned& row : sent_) limiter_->gone(row->place, true, now());
  sent_.clear();
  limiter_->leave(*this);
}

std::vector<std::string> BulkRun::Impl::take_log() {
  const std::lock_guard lock(mutex_);
  return std::exchange(log_, {});
}

// ---- BulkRun ------------------------------------------------------------------------------------------------------

BulkRun::BulkRun(const Client& client, RunOptions options) : impl_(std::make_shared<Impl>(client, options)) {
  impl_->join();
}
BulkRun::~BulkRun() { impl_->close(); }

std::size_t BulkRun::room() const noexcept { return impl_->room(); }
std::size_t BulkRun::size() const noexcept { return impl_->size(); }
bool BulkRun::counts_tokens() const noexcept { return impl_->counts_tokens(); }
void BulkRun::add(std::size_t index, Request request, std::optional<std::int64_t> tokens, std::optional<bool> streams) {
  impl_->add(index, std::move(request), tokens, streams);
}
void BulkRun::no_more() noexcept { impl_->no_more(); }
void BulkRun::stop() noexcept { impl_->stop(); }
void BulkRun::flush() { impl_->flush(); }
bool BulkRun::pump(milliseconds wait) { return impl_->pump(wait); }
std::vector<Result> BulkRun::take() { return impl_->take(); }
double BulkRun::due() const noexcept { return impl_->due(); }
double BulkRun::wait() const noexcept { return impl_->wait(); }
int BulkRun::descriptor() const noexcept { return impl_->descriptor(); }
void BulkRun::wake() noexcept { impl_->wake(); }
void BulkRun::close() noexcept { impl_->close(); }
std::vector<std::string> BulkRun::take_log() { return impl_->take_log(); }

}  // namespace kimistream
