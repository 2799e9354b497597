#include "kimistream/stream.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "client_impl.hpp"

namespace kimistream {

using std::chrono::milliseconds;

// ---- Stream::Impl -------------------------------------------------------------------------------------------------

Stream::Impl::Impl(std::shared_ptr<Client::Impl> client, CallSetup setup)
    : call(std::move(setup)), client_(std::move(client)), lane_(client_->pool.take()) {
  call.start(*lane_);
}

Stream::Impl::Impl(std::shared_ptr<Client::Impl> client, CallSetup setup, Reactor::Impl& reactor, Transport&)
    : call(std::move(setup), this), client_(std::move(client)), reactor_(&reactor) {}

Stream::Impl::~Impl() {
  call.close();
  give_back();
  if (reactor_) reactor_->forget(*this);
}

void Stream::Impl::on_news(Call&) {
  if (reactor_) reactor_->on_news(*this);
}

void Stream::Impl::forget_reactor() noexcept {
  call.close();
  reactor_ = nullptr;
}

Stream::State Stream::Impl::state() const noexcept {
  if (call.has_item()) return State::ready;
  if (call.failed()) return State::failed;
  if (call.over()) return State::ended;
  return call.head_ready() ? State::waiting : State::opening;
}

Stream::Impl::Hold::Hold(Impl& impl) : impl_(impl) {
  while (impl.busy_.exchange(true)) {
    if (!impl.close_requested_)
      throw Exception(invalid_request("this stream is being read by another thread: give each thread its own stream"));
    std::this_thread::yield();  // whoever closes it is done in a moment
  }
}

Stream::Impl::Hold::~Hold() {
  if (impl_.close_requested_) impl_.shut();
  impl_.busy_ = false;
  // A close that came between these two lines has left it to us.
  if (impl_.close_requested_ && !impl_.busy_.exchange(true)) {
    impl_.shut();
    impl_.busy_ = false;
  }
}

Stream::State Stream::Impl::wait(milliseconds longest) {
  const Hold hold(*this);
  return wait_held(longest);
}

Stream::State Stream::Impl::wait_held(milliseconds longest) {
  const State before = state();
  auto now = Clock::now();
  const auto until = now + longest;
  // Several waits for one item are one wait: the clocks began with the first.
  if (!std::exchange(waiting_on_, true)) call.reader_waits(now);
  while (state() == before && (before == State::opening || before == State::waiting) && !close_requested_) {
    call.resume_reading();
    if (state() != before) break;
    const auto due = call.deadline(), next = std::min(until, due);
    if (!lane_ && !reactor_) break;
    const auto pause = std::clamp(std::chrono::ceil<milliseconds>(next - now), milliseconds(0), milliseconds(60'000));
    if (!(lane_ ? lane_->pump(pause) : reactor_->drive(pause))) break;
    now = Clock::now();
    // The clocks are looked at behind the bytes: what lay unread while the reader was away is not late.
    if (now >= due) call.on_time(now);
    if (now >= until) break;
  }
  if (close_requested_) call.close();
  if (call.over()) give_back();
  const State after = state();
  if (after != before) waiting_on_ = false;
  return after;
}

bool Stream::Impl::wait_for_item() {
  for (;;) {
    switch (state()) {
      case State::ready: return true;
      case State::ended: return false;
      case State::failed: throw Exception(call.error());
      default: wait_held(std::chrono::hours(1));
    }
  }
}

void Stream::Impl::close() noexcept {
  close_requested_ = true;
  if (reactor_) return reactor_->close(*this);
  if (busy_.exchange(true)) {  // another thread reads: it closes when it wakes
    const std::lock_guard lock(lane_mutex_);
    if (lane_) lane_->wake();
    return;
  }
  shut();
  busy_ = false;
}

void Stream::Impl::shut() noexcept {
  call.close();
  give_back();
}

void Stream::Impl::give_back() noexcept {
  std::unique_ptr<Transport> lane;
  {
    const std::lock_guard lock(lane_mutex_);
    lane = std::move(lane_);
  }
  if (lane) client_->pool.give(std::move(lane), fork_generation_);
}

// ---- Stream -------------------------------------------------------------------------------------------------------

Stream::Stream(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Stream::State Stream::state() const noexcept { return impl_->state(); }
Stream::State Stream::wait(milliseconds longest) { return impl_->wait(longest); }
bool Stream::take(Event& event) { return impl_->call.take(event); }
bool Stream::take(Chunk& chunk) { return impl_->call.take(chunk); }
const Event* Stream::peek() noexcept { return impl_->call.front(); }
void Stream::pop() { impl_->call.pop(); }
void Stream::cannot_take_back() noexcept { impl_->call.cannot_be_taken_back(); }
Chunk* Stream::peek_chunk() noexcept { return impl_->call.front_chunk(); }
void Stream::pop_chunk() { impl_->call.pop_chunk(); }
bool Stream::opened() const noexcept { return impl_->call.accepted(); }
const Error* Stream::error() const noexcept { return impl_->call.failed() ? &impl_->call.error() : nullptr; }
void Stream::close() noexcept { impl_->close(); }
const Message& Stream::partial() const noexcept { return impl_->call.message(); }
Message Stream::snapshot() const { return impl_->call.snapshot(); }
bool Stream::replayed() const noexcept { return impl_->call.replayed(); }
bool Stream::busy() const noexcept { return impl_->busy(); }
std::vector<std::string> Stream::take_log() { return impl_->call.take_log(); }
void Stream::set_tag(void* tag) noexcept { impl_->tag = tag; }
void Stream::set_waiting(bool waits) noexcept {
  Call& call = impl_->call;
  if (!waits)
    call.reader_leaves();
  else if (call.reader_is_away())
    call.reader_waits(Clock::now());
}
std::optional<Usage> Stream::usage() const { return impl_->call.message().usage; }
const std::string& Stream::request_id() const noexcept { return impl_->call.message().request_id; }
int Stream::status_code() const noexcept { return impl_->call.head().status; }
const Headers& Stream::headers() const noexcept { return impl_->call.head().headers; }

std::optional<Event> Stream::next() {
  const Impl::Hold hold(*impl_);
  Event event;
  if (take(event) || (impl_->wait_for_item() && take(event))) return event;
  return std::nullopt;
}

std::optional<Chunk> Stream::next_chunk() {
  const Impl::Hold hold(*impl_);
  Chunk chunk;
  if (take(chunk) || (impl_->wait_for_item() && take(chunk))) return chunk;
  return std::nullopt;
}

const Message& Stream::message() {
  const Impl::Hold hold(*impl_);
  Event event;
  Chunk chunk;
  while (impl_->wait_for_item()) {
    while (take(event)) continue;
    while (take(chunk)) continue;
  }
  return partial();
}

}  // namespace kimistream
