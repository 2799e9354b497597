#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "kimistream/recording.hpp"
#include "net/forks.hpp"

namespace kimistream {

class ExchangeQueue::Impl {
 public:
  Impl(std::size_t max_exchanges, std::size_t max_bytes) : max_exchanges_(max_exchanges), max_bytes_(max_bytes) {}
  ~Impl() { delete waiting_.load(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void put(const std::string& label, RecordedExchange exchange) {
    Waiting& waiting = own();
    const std::size_t size = exchange.size() + label.size();
    {
      const std::lock_guard lock(waiting.mutex);
      if (closed_) return;
      if (waiting.entries.size() >= max_exchanges_ || waiting.bytes + size > max_bytes_) {
        ++dropped_;
        return;
      }
      waiting.bytes += size;
      waiting.entries.push_back({label, std::move(exchange)});
    }
    waiting.news.notify_one();
  }

  std::optional<Entry> take(std::chrono::milliseconds longest) {
    Waiting& waiting = own();
    std::unique_lock lock(waiting.mutex);
    waiting.news.wait_for(lock, longest, [&] { return !waiting.entries.empty() || closed_; });
    if (waiting.entries.empty()) return std::nullopt;
    Entry entry = std::move(waiting.entries.front());
    waiting.entries.pop_front();
    waiting.bytes -= entry.exchange.size() + entry.label.size();
    return entry;
  }

  void close() noexcept {
    Waiting& waiting = own();
    {
      const std::lock_guard lock(waiting.mutex);
      closed_ = true;
    }
    waiting.news.notify_all();
  }

  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  struct Waiting {
    std::mutex mutex;
    std::condition_variable news;
    std::deque<Entry> entries;
    std::size_t bytes = 0;
  };

  /// This process's own. What a parent's threads may have been at work on is left behind.
  Waiting& own() {
    if (generation_ != net::fork_generation()) {
      const net::NoFork guard;
      if (generation_ != net::fork_generation()) waiting_ = new Waiting;
      generation_ = net::fork_generation();
    }
    return *waiting_;
  }

  std::size_t max_exchanges_, max_bytes_;
  std::atomic<Waiting*> waiting_{new Waiting};
  std::atomic<int> generation_{net::fork_generation()};
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> dropped_{0};
};

ExchangeQueue::ExchangeQueue(std::size_t max_exchanges, std::size_t max_bytes)
    : impl_(std::make_shared<Impl>(max_exchanges, max_bytes)) {}

ExchangeSink ExchangeQueue::sink(std::string label) const {
  return [impl = impl_, label = std::move(label)](RecordedExchange exchange) { impl->put(label, std::move(exchange)); };
}

std::optional<ExchangeQueue::Entry> ExchangeQueue::take(std::chrono::milliseconds longest) const {
  return impl_->take(longest);
}
void ExchangeQueue::close() const noexcept { impl_->close(); }
bool ExchangeQueue::closed() const noexcept { return impl_->closed(); }
std::uint64_t ExchangeQueue::dropped() const noexcept { return impl_->dropped(); }

}  // namespace kimistream
