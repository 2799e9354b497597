/// @file written.hpp
/// @brief The messages of a conversation as they were written, for requests that send them again.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kimistream/message.hpp"
#include "kimistream/request.hpp"

namespace kimistream {

struct Provider;
namespace wire {
class Rewriter;
}

/// Handed to `Client::start` with each request of a conversation, so that a history that goes out again with every step
/// is encoded once:
///
///     Written written;
///     client.start(request, true, Shape::events, &written);
///     request.messages.push_back(...);                       // those that were sent are as they were
///     client.start(request, true, Shape::events, &written);  // only the new ones are encoded
///
/// Messages are known by their place: whoever puts another one there, or changes it, says so before the next request.
/// Whatever else a text depends on (the provider's row, the thinking mode, ids that write-back makes) is looked after.
/// Nothing is kept of messages with parts, which may be large, of requests with Check::fix, which changes messages, and
/// in the Anthropic protocol, which joins them. A plain value; one request at a time.
class Written {
 public:
  /// The message at this place is another one from now on.
  void forget(std::size_t place) noexcept {
    if (place < entries_.size()) entries_[place] = {};
  }
  /// There are only so many messages that are as they were.
  void shorten(std::size_t count) noexcept {
    if (count < entries_.size()) entries_.resize(count);
  }

  /// How many messages have been encoded for it, in all.
  [[nodiscard]] std::size_t encoded() const noexcept { return encoded_; }

 private:
  friend class wire::Rewriter;

  /// One message, and what write-back had changed in it.
  struct Entry {
    std::shared_ptr<const std::string> json{};  // null: nothing is kept
    std::optional<std::vector<ToolCall>> calls{};
    std::optional<std::string> id{};
  };
  std::vector<Entry> entries_;
  const Provider* row_ = nullptr;
  ThinkingMode thinking_;
  std::size_t encoded_ = 0;
};

}  // namespace kimistream
