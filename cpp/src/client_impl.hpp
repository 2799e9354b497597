// The hidden halves of Client, Stream and Reactor.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "call.hpp"
#include "kimistream/client.hpp"
#include "net/forks.hpp"
#include "rules/listed.hpp"

namespace kimistream {

/// Transports that wait for their next use, each with its warm connections. The last one given back is taken first: its
/// connection is the least likely to have been closed by the server. Any thread.
class TransportPool {
 public:
  /// @param max_idle how many wait at most
  TransportPool(TransportFactory factory, std::size_t max_idle) : factory_(std::move(factory)), max_idle_(max_idle) {}
  std::unique_ptr<Transport> take();
  /// @param fork_generation of the process that took it: a parent's transport does not come to wait in its child
  void give(std::unique_ptr<Transport> transport, int fork_generation) noexcept;
  void clear() noexcept;
  [[nodiscard]] const TransportFactory& factory() const noexcept { return factory_; }

 private:
  TransportFactory factory_;
  std::size_t max_idle_;
  std::vector<std::unique_ptr<Transport>> idle_;  // whole at a fork
  int fork_generation_ = 0;
  bool closed_ = false;
};

class Client::Impl {
 public:
  explicit Impl(ClientOptions options);

  [[nodiscard]] CallSetup setup(const Request& request, bool stream, Shape shape, Written* written = nullptr) const;
  [[nodiscard]] CallSetup setup(const ResourceRequest& request) const;
  /// Closes the connections that wait.
  void close() noexcept;

  void learn_models(const Json& list);
  [[nodiscard]] const Price* price(std::string_view model) const noexcept;

  ClientOptions options;
  Destination destination;
  std::string model;
  const Provider& seller;  // the row whose prices count, and whose currency
  TransportPool pool;      // each for one stream at a time
  TransportPool crowds;    // each for a run

 private:
  [[nodiscard]] MendPolicy mend_policy(const Request& request) const;
  [[nodiscard]] CallSetup common(std::string_view path, const Headers& headers, const Timeout& timeout) const;

  bool in_clear_;  // a key that is sent can be read on the way
  /// What the provider says of the models, null before it was asked. Any thread.
  [[nodiscard]] std::shared_ptr<const rules::Listed> listed() const;
  mutable std::mutex listed_mutex_;
  std::shared_ptr<const rules::Listed> listed_;

  mutable std::atomic<bool> logged_in_clear_{false};  // resources have no notices: the log has it, once
  Headers headers_;                   // of every request: key, user agent, the row's and the caller's own
  Headers streamed_, whole_;          // and of one for a message, by how its answer is to come
  std::vector<std::string> secrets_;  // in these
};

class Stream::Impl final : public Call::Listener, public std::enable_shared_from_this<Stream::Impl> {
 public:
  /// On a transport of its own, taken from the client's pool.
  Impl(std::shared_ptr<Client::Impl> client, CallSetup setup);
  /// On a reactor's transport.
  Impl(std::shared_ptr<Client::Impl> client, CallSetup setup, Reactor::Impl& reactor, Transport& transport);
  ~Impl() override;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Stream::State state() const noexcept;
  /// Keeps other threads out while one reads. A close that comes meanwhile is left to the reader.
  class Hold {
   public:
    explicit Hold(Impl& impl);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Impl& impl_;
  };
  Stream::State wait(std::chrono::milliseconds longest);
  /// Waits for the next item; the stream must be held. @return false at the end @throws Exception
  bool wait_for_item();
  void close() noexcept;
  /// Closes now; nobody else may be at work on this stream or its transport.
  void shut() noexcept;
  void on_news(Call& call) override;
  void forget_reactor() noexcept;
  [[nodiscard]] bool busy() const noexcept { return busy_; }

  Call call;
  void* tag = nullptr;
  std::size_t place = 0;  // among its reactor's

 private:
  Stream::State wait_held(std::chrono::milliseconds longest);
  void give_back() noexcept;

  std::shared_ptr<Client::Impl> client_;
  std::mutex lane_mutex_;  // the lane may be given back while close() wants to wake it
  std::unique_ptr<Transport> lane_;
  int fork_generation_ = net::fork_generation();
  Reactor::Impl* reactor_ = nullptr;
  bool waiting_on_ = false;  // the last wait ended before anything came
  std::atomic<bool> busy_{false};
  std::atomic<bool> close_requested_{false};
};

class Reactor::Impl {
 public:
  /// @param pool of the owner's: from which the transport is taken, and where it comes to wait; null: it is for this
  ///             reactor alone, and its connections close with it
  explicit Impl(std::shared_ptr<Client::Impl> owner, TransportPool* pool = nullptr);
  ~Impl();

  /// As the transport's. Alarms are set on it from the first call on: they cost something, and who waits in pump()
  /// needs none.
  [[nodiscard]] int descriptor() { return transport->descriptor(); }
  std::shared_ptr<Stream::Impl> add(CallSetup setup);
  std::span<void* const> pump(std::chrono::milliseconds wait);
  /// As the transport's.
  void flush();
  /// A signal or a wake has ended the wait of the last pump().
  [[nodiscard]] bool disturbed() const noexcept { return disturbed_; }
  /// Pumps the transport. @return false when a signal or a wake ended the wait
  bool drive(std::chrono::milliseconds wait);
  /// The next pump() names the stream, and is due at once.
  void on_news(Stream::Impl& stream);
  /// Any thread. At once on the one that drives; for another it is left to that one, which is woken.
  void close(Stream::Impl& stream) noexcept;
  void forget(Stream::Impl& stream) noexcept;

  std::shared_ptr<Client::Impl> client;
  std::unique_ptr<Transport> transport;

 private:
  void check_time(Clock::time_point now);
  void close_those_asked_for();

  std::vector<Stream::Impl*> streams_;
  std::vector<Stream::Impl*> news_;
  std::vector<void*> shown_;  // tags of those that the last pump() named
  Clock::time_point next_check_ = Clock::time_point::max();
  bool pumping_ = false, disturbed_ = false;
  TransportPool* pool_;
  int fork_generation_;
  std::atomic<std::thread::id> thread_{};  // the one that drives
  std::mutex closing_mutex_;
  std::vector<std::weak_ptr<Stream::Impl>> closing_;  // as other threads want it
  std::atomic<bool> any_closing_{false};
};

}  // namespace kimistream
