// Whether a stream came as a stream. Proxies that buffer hold its events back and hand them over at once at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "clock.hpp"
#include "kimistream/event.hpp"

namespace kimistream {

/// One attempt's. Asked once for each block, so it costs nothing to speak of.
class Tempo {
 public:
  /// The response head has come, for a request that was sent at `sent`.
  void head(Clock::time_point sent, Clock::time_point now) noexcept {
    *this = {};
    head_at_ = now;
    silence_ = now - sent;
  }

  /// Events have come. @param waiting_since the reader had been away until then, and nothing was read meanwhile
  void came(std::size_t events, Clock::time_point waiting_since, Clock::time_point now) noexcept {
    if (count_ == 0) {
      first_at_ = now;
      silence_ += now - std::max(head_at_, waiting_since);
    }
    count_ += events;
    last_at_ = now;
  }

  /// What to say of a stream that has ended; nothing where it came as it was made, or too few to tell.
  [[nodiscard]] std::optional<Notice> held_back() const;

 private:
  std::size_t count_ = 0;
  Clock::duration silence_{};
  Clock::time_point head_at_{}, first_at_{}, last_at_{};
};

}  // namespace kimistream
