#include "kimistream/stream.hpp"

#include <algorithm>
#include <utility>

#include "client_impl.hpp"

namespace kimistream {

using std::chrono::milliseconds;

// ---- Stream::Impl --------------------------------------------------------------------------------------------------------

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

Stream::State Stream::Impl::wait(milliseconds longest) {
  if (busy_.exchange(true))
    throw Exception(invalid_request("this stream is being read by another thread: give each thread its own stream"));
  struct Release {
    std::atomic<bool>& flag;
    ~Release() { flag = false; }
  } release{busy_};

  const State before = state();
  auto now = Clock::now();
  const auto until = now + longest;
  call.reader_waits(now);
  while (state() == before && (before == State::opening || before == State::waiting) && now < until) {
    if (close_requested_) break;
    call.on_time(now);
    if (state() != before) break;
    const auto next = std::min(until, call.deadline());
    Transport* transport = lane_ ? lane_.get() : reactor_ ? reactor_->transport.get() : nullptr;
    if (!transport) break;
    const auto pause = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(next - now));
    if (!transport->pump(std::min(pause, milliseconds(60'000)))) break;
    now = Clock::now();
  }
  if (close_requested_) call.close();
  if (call.over()) give_back();
  return state();
}

void Stream::Impl::close() noexcept {
  close_requested_ = true;
  if (busy_.exchange(true)) {  // another thread waits: it closes when it wakes
    const std::lock_guard lock(lane_mutex_);
    if (lane_) lane_->wake();
    return;
  }
  call.close();
  give_back();
  busy_ = false;
}

void Stream::Impl::give_back() noexcept {
  std::unique_ptr<Transport> lane;
  {
    const std::lock_guard lock(lane_mutex_);
    lane = std::move(lane_);
  }
  if (lane) client_->pool.give(std::move(lane));
}

// ---- Stream ----------------------------------------------------------------------------------------------------------------

Stream::Stream(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Stream::State Stream::state() const noexcept { return impl_->state(); }
Stream::State Stream::wait(milliseconds longest) { return impl_->wait(longest); }
bool Stream::take(Event& event) { return impl_->call.take(event); }
bool Stream::take(Chunk& chunk) { return impl_->call.take(chunk); }
const Event* Stream::peek() const noexcept { return impl_->call.peek(); }
const Error* Stream::error() const noexcept { return impl_->call.failed() ? &impl_->call.error() : nullptr; }
void Stream::close() noexcept { impl_->close(); }
const Message& Stream::partial() const noexcept { return impl_->call.message(); }
Message Stream::snapshot() const { return impl_->call.snapshot(); }
bool Stream::busy() const noexcept { return impl_->busy(); }
void Stream::set_tag(void* tag) noexcept { impl_->tag = tag; }
std::optional<Usage> Stream::usage() const { return impl_->call.message().usage; }
const std::string& Stream::request_id() const noexcept { return impl_->call.message().request_id; }
int Stream::status_code() const noexcept { return impl_->call.head().status; }
const Headers& Stream::headers() const noexcept { return impl_->call.head().headers; }

namespace {

/// Waits for the next item. @return false at the end
bool wait_for_item(Stream& stream) {
  for (;;) {
    switch (stream.state()) {
      case Stream::State::ready: return true;
      case Stream::State::ended: return false;
      case Stream::State::failed: throw Exception(*stream.error());
      default: stream.wait(std::chrono::hours(1));
    }
  }
}

}  // namespace

std::optional<Event> Stream::next() {
  Event event;
  if (take(event)) return event;
  if (!wait_for_item(*this) || !take(event)) return std::nullopt;
  return event;
}

std::optional<Chunk> Stream::next_chunk() {
  Chunk chunk;
  if (take(chunk)) return chunk;
  if (!wait_for_item(*this) || !take(chunk)) return std::nullopt;
  return chunk;
}

const Message& Stream::message() {
  Event event;
  Chunk chunk;
  while (wait_for_item(*this)) {
    while (take(event)) continue;
    while (take(chunk)) continue;
  }
  return partial();
}

}  // namespace kimistream
