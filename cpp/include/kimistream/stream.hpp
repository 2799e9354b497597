/// @file stream.hpp
/// @brief An answer while it arrives.
#pragma once

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kimistream/error.hpp"
#include "kimistream/event.hpp"
#include "kimistream/headers.hpp"
#include "kimistream/message.hpp"

namespace kimistream {

/// An answer that is read by pulling: whoever asks for the next event does the work, on their own thread.
///
/// Movable, not copyable. Destroying it before its end closes the connection. One thread at a time; only `close()` may
/// be called from another, and ends the wait of the first.
class Stream {
 public:
  class Impl;
  explicit Stream(std::shared_ptr<Impl> impl) noexcept;
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// The next event; waits for it. Nothing after the last one, for ever.
  /// @throws Exception when the answer cannot be completed; `error().partial` has what came. Once thrown, it is
  ///         thrown again by each further call.
  std::optional<Event> next();

  /// The same for chunks, on a stream that was opened for them.
  std::optional<Chunk> next_chunk();

  /// The whole message; reads to the end. @throws Exception as `next()`
  const Message& message();

  /// What has come so far; never waits. Not while another thread waits on this stream: see `snapshot()`.
  [[nodiscard]] const Message& partial() const noexcept;
  /// A copy of what has come so far, from any thread.
  [[nodiscard]] Message snapshot() const;
  [[nodiscard]] std::optional<Usage> usage() const;
  [[nodiscard]] const std::string& request_id() const noexcept;
  [[nodiscard]] int status_code() const noexcept;
  [[nodiscard]] const Headers& headers() const noexcept;

  /// Ends the answer and closes its connection, unless it is over. `next()` then gives nothing. Any thread; any number
  /// of times.
  void close() noexcept;

  // For event loops and bindings: the pieces that `next()` is made of.

  /// What a stream has to give without waiting.
  enum class State {
    opening,  ///< the response head has not come yet
    waiting,  ///< nothing is there
    ready,    ///< an event or chunk is there
    ended,
    failed,
  };
  [[nodiscard]] State state() const noexcept;
  /// Waits until the state is another one, at most for `longest`; returns early on a signal. Does nothing once there is
  /// something to take. @throws Exception (invalid_request) while another thread waits on this stream
  State wait(std::chrono::milliseconds longest);
  /// The next event or chunk that is there, without waiting.
  [[nodiscard]] bool take(Event& event);
  [[nodiscard]] bool take(Chunk& chunk);
  /// The event that `take` would give, or null; it stays there until `pop()` takes it away.
  [[nodiscard]] const Event* peek() noexcept;
  void pop();
  /// The same for chunks. What is shown may be moved from before it is popped.
  [[nodiscard]] Chunk* peek_chunk() noexcept;
  void pop_chunk();
  /// True once the response head has come and is that of an answer; what fails from then on fails while reading.
  [[nodiscard]] bool opened() const noexcept;
  /// The error of a failed stream, else null.
  [[nodiscard]] const Error* error() const noexcept;
  /// True for an answer that is played from a cassette, and not in its own time: what a program would wait for behind
  /// it, it need not.
  [[nodiscard]] bool replayed() const noexcept;
  /// True while a thread waits on this stream.
  [[nodiscard]] bool busy() const noexcept;
  /// What happened behind the scenes since the last call (a failed attempt, a retry): lines for a log.
  [[nodiscard]] std::vector<std::string> take_log();
  /// For those who wait by `Reactor::pump()`: whether somebody waits for this stream. The clocks of first event and
  /// idle run only meanwhile; without a word they always do.
  void set_waiting(bool waits) noexcept;
  /// A mark by which `Reactor::pump()` names this stream.
  void set_tag(void* tag) noexcept;

  /// An input iterator over events.
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::input_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using pointer = const Event*;
    using reference = const Event&;

    iterator() = default;
    explicit iterator(Stream& stream) : stream_(&stream), event_(stream.next()) {}
    reference operator*() const { return *event_; }
    pointer operator->() const { return &*event_; }
    iterator& operator++() {
      event_ = stream_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) { return !it.event_; }

   private:
    Stream* stream_ = nullptr;
    std::optional<Event> event_;
  };

  [[nodiscard]] iterator begin() { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kimistream
