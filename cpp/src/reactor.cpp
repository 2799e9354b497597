#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include "client_impl.hpp"
#include "kimistream/client.hpp"
#include "net/forks.hpp"

namespace kimistream {
namespace {

constexpr std::size_t sockets_a_look = 256;  // that the poller tells of

}  // namespace

Reactor::Reactor(const Client& client) : impl_(std::make_unique<Impl>(client.impl_)) { (void)impl_->descriptor(); }
Reactor::~Reactor() = default;

Stream Reactor::start(const Request& request, bool stream, Shape shape, Written* written) {
  return Stream(impl_->add(impl_->client->setup(request, stream, shape, written)));
}
Stream Reactor::start(const ResourceRequest& request) { return Stream(impl_->add(impl_->client->setup(request))); }
std::span<void* const> Reactor::pump(std::chrono::milliseconds wait) { return impl_->pump(wait); }
int Reactor::descriptor() const noexcept { return impl_->descriptor(); }

Reactor::Impl::Impl(std::shared_ptr<Client::Impl> owner, TransportPool* pool)
    : client(std::move(owner)),
      transport(pool ? pool->take() : client->pool.factory()()),
      pool_(pool),
      fork_generation_(net::fork_generation()) {}

Reactor::Impl::~Impl() {
  for (Stream::Impl* stream : streams_) stream->forget_reactor();
  if (pool_) pool_->give(std::move(transport), fork_generation_);
}

std::shared_ptr<Stream::Impl> Reactor::Impl::add(CallSetup setup) {
  auto stream = std::make_shared<Stream::Impl>(client, std::move(setup), *this, *transport);
  stream->place = streams_.size();
  streams_.push_back(stream.get());
  thread_ = std::this_thread::get_id();
  stream->call.start(*transport);
  next_check_ = std::min(next_check_, stream->call.deadline());
  transport->set_alarm(next_check_);
  return stream;
}

void Reactor::Impl::on_news(Stream::Impl& stream) {
  news_.push_back(&stream);
  if (!pumping_) transport->wake();
}

void Reactor::Impl::close(Stream::Impl& stream) noexcept {
  if (thread_ == std::this_thread::get_id()) return stream.shut();
  {
    const std::lock_guard lock(closing_mutex_);
    closing_.push_back(stream.weak_from_this());
    any_closing_ = true;
  }
  transport->wake();
}

void Reactor::Impl::close_those_asked_for() {
  if (!any_closing_) return;
  std::vector<std::weak_ptr<Stream::Impl>> closing;
  {
    const std::lock_guard lock(closing_mutex_);
    closing.swap(closing_);
    any_closing_ = false;
  }
  for (const auto& weak : closing)  // letting go of one's request may drop others
    if (const auto stream = weak.lock()) stream->shut();
}

bool Reactor::Impl::drive(std::chrono::milliseconds wait) {
  thread_ = std::this_thread::get_id();
  const bool undisturbed = transport->pump(wait);
  close_those_asked_for();
  return undisturbed;
}

void Reactor::Impl::forget(Stream::Impl& stream) noexcept {
  std::erase(news_, &stream);
  std::replace(shown_.begin(), shown_.end(), stream.tag, static_cast<void*>(nullptr));
  if (stream.place >= streams_.size() || streams_[stream.place] != &stream) return;  // memory ran out as it was added
  streams_[stream.place] = streams_.back();
  streams_[stream.place]->place = stream.place;
  streams_.pop_back();
}

/// Deadlines only move away while bytes come, so looking at all of them when the nearest has passed is rare.
void Reactor::Impl::check_time(Clock::time_point now) {
  next_check_ = Clock::time_point::max();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    streams_[i]->call.on_time(now);
    next_check_ = std::min(next_check_, streams_[i]->call.deadline());
  }
}

void Reactor::Impl::flush() {
  thread_ = std::this_thread::get_id();
  const bool outer = std::exchange(pumping_, true);
  try {
    transport->flush();
  } catch (...) {
    pumping_ = outer;
    throw;
  }
  pumping_ = outer;
  if (!news_.empty()) transport->wake();
}

std::span<void* const> Reactor::Impl::pump(std::chrono::milliseconds wait) {
  if (next_check_ != Clock::time_point::max()) {
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(next_check_ - Clock::now());
    wait = std::clamp(until, std::chrono::milliseconds(0), wait);
  }
  if (!news_.empty()) wait = {};
  pumping_ = true;
  try {
    disturbed_ = !drive(wait);
  } catch (...) {
    pumping_ = false;
    throw;
  }
  if (const auto now = Clock::now(); now >= next_check_) {
    // One look tells of so many sockets. Where whoever drives this was away, more may have something to read, and what
    // has come is not late.
    for (std::size_t more = streams_.size() / sockets_a_look; more > 0; --more) drive({});
    check_time(now);
  }
  shown_.clear();
  for (Stream::Impl* stream : news_) {
    shown_.push_back(stream->tag);
    stream->call.seen();
    next_check_ = std::min(next_check_, stream->call.deadline());  // a retry or a grace is nearer than an idle limit
  }
  news_.clear();
  pumping_ = false;
  if (next_check_ != Clock::time_point::max()) transport->set_alarm(next_check_);
  return shown_;
}

}  // namespace kimistream
