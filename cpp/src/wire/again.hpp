// Whole messages within a stream of pieces. Some gateways end with one, some send all that there is so far in each
// frame, and some mean a piece by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kimistream::wire {

/// One text of such messages: the answer, or the reasoning.
class Again {
 public:
  /// Leaves what is new of `text`: nothing where nothing is.
  /// @param came pieces of this text have come, not in messages
  /// @return true when something of it had come before
  bool leave_news(std::optional<std::string_view>& text, bool came);

 private:
  enum class Kind : std::uint8_t { unknown, growing, pieces };
  std::string so_far_;  // of messages
  Kind kind_ = Kind::unknown;
};

}  // namespace kimistream::wire
