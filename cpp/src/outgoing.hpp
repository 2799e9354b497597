// A request's body on its way out. A body that is read while it is sent can take long, and as long as bytes of it go
// out the server is not late with its answer; and what has not gone out cannot have been kept by anybody.
#pragma once

#include <memory>

#include "clock.hpp"
#include "kimistream/transport.hpp"

namespace kimistream {

class Outgoing {
 public:
  /// Puts watches around the body's sources. A body that is shared is replaced by a copy, its sources stay shared.
  /// @return null where there is no source to watch
  static std::shared_ptr<Outgoing> watch(std::shared_ptr<Body>& body);

  /// An attempt begins.
  void restart() noexcept { begun_ = false; }
  /// Bytes of a source have been given out in this attempt.
  [[nodiscard]] bool begun() const noexcept { return begun_; }
  /// When that was the last time.
  [[nodiscard]] Clock::time_point at() const noexcept { return at_; }

 private:
  class Watch;
  bool begun_ = false;
  Clock::time_point at_{};
};

}  // namespace kimistream
