// Who may send, and when: the windows, the pace and the turns of all who share one `Limits`.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bulk/pace.hpp"
#include "bulk/window.hpp"
#include "kimistream/limits.hpp"

namespace kimistream::bulk {

/// A run that shares limits with others. Both are called by other threads.
class Sharer {
 public:
  virtual ~Sharer() = default;
  /// It may be worth asking again. Called under the limiter's lock: must not ask it anything.
  virtual void wake() noexcept = 0;
  /// Takes in what has come, unless its owner is at work: rows that nobody reads hold no places.
  virtual void make_room() noexcept = 0;
};

/// One request's place among those under way.
struct Place {
  std::int64_t tokens = 0;
  Pace::Round round = 0;
  bool counted = false;  ///< in the windows, under `entries`
  std::array<Window::Entry, 3> entries{};
};

/// Any thread. Asks nobody for the time.
class Limiter {
 public:
  /// @throws Exception (invalid_request) for a number below 1
  explicit Limiter(const Limits& limits);

  [[nodiscard]] bool has_windows() const noexcept { return !windows_.empty(); }
  [[nodiscard]] bool counts_tokens() const noexcept;

  void join(const std::shared_ptr<Sharer>& who);
  void leave(Sharer& who) noexcept;
  /// The others that share this.
  [[nodiscard]] std::vector<std::shared_ptr<Sharer>> others(const Sharer& who) const;
  /// It has nothing to send now: nobody waits for its turn.
  void rest(Sharer& who) noexcept;

  /// A place, or the seconds after which to ask again (infinite: when woken).
  struct Answer {
    std::optional<Place> place{};
    Seconds wait = 0;
  };
  [[nodiscard]] Answer take(Sharer& who, std::int64_t tokens, Seconds now);

  /// Its answer's head has come: from now on the windows count it.
  void accepted(Place& place, Seconds now);
  /// It has ended, with so many tokens where that is known.
  void answered(Place& place, std::optional<std::int64_t> tokens, Seconds now);
  /// It has ended without an answer. @param sent the provider may have counted it
  void gone(Place& place, bool sent, Seconds now);
  /// The provider refuses it: all who share this pause, and fewer go out at once afterwards.
  void refused(Place& place, const Refusal& refusal, Seconds now, double dice);

  [[nodiscard]] std::optional<double> ceiling() const;

 private:
  struct Turn {
    Sharer* who;
    std::weak_ptr<Sharer> kept;
    Seconds last = -forever;          // when it was served
    std::optional<Seconds> due = {};  // since when it could be served again
    [[nodiscard]] bool comes_before(const Turn& other, Seconds now) const noexcept;
  };
  [[nodiscard]] Turn* turn_of(const Sharer& who) noexcept;
  [[nodiscard]] Seconds wait(std::int64_t tokens, Seconds now);
  void stamp(Place& place, Seconds now);
  void drop(const Place& place) noexcept;
  void wake_those_who_wait(Seconds now) noexcept;

  mutable std::mutex mutex_;
  std::optional<std::int64_t> concurrency_;
  std::vector<Window> windows_;
  Pace pace_;
  std::int64_t under_way_ = 0;
  std::vector<Turn> turns_;
};

/// What the copies of one `Limits` have in common.
class Sharing {
 public:
  /// Made with these numbers by the first who asks. @throws Exception as the Limiter's
  [[nodiscard]] std::shared_ptr<Limiter> limiter(const Limits& limits);

 private:
  std::mutex mutex_;
  std::shared_ptr<Limiter> limiter_;
};

}  // namespace kimistream::bulk
