// A request's body as it is sent: its segments one behind the other, in blocks of any size, from the beginning again
// when it is sent again.
//
// What was announced is what is sent, to the byte: a source that gives fewer or more is an error before its last block
// is handed on, so that no server ever takes a wrong body for a whole one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "kimistream/error.hpp"
#include "kimistream/transport.hpp"

namespace kimistream::net {

/// One sending of a body at a time. No thread of its own, no lock.
class BodyReader {
 public:
  /// An empty body.
  BodyReader() = default;
  /// Asks every source for its size, once. Null: an empty body.
  explicit BodyReader(std::shared_ptr<Body> body);

  /// Bytes in all.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Bytes handed out since the beginning.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  [[nodiscard]] bool has_sources() const noexcept { return has_sources_; }
  /// The whole body where it is one text, or none at all: that can be sent from where it lies.
  [[nodiscard]] std::optional<std::string_view> plain() const noexcept;

  /// Fills up to `capacity` bytes, from as many segments as there is room for. @return bytes filled, 0 at the end;
  /// nothing when the body cannot be sent: `error()` says why
  [[nodiscard]] std::optional<std::size_t> read(char* to, std::size_t capacity) noexcept;

  /// Back to the beginning. @return false when a source cannot go there: `error()` says so
  [[nodiscard]] bool rewind() noexcept;

  /// Why the last `read` or `rewind` failed; null where it has not.
  [[nodiscard]] const Error* error() const noexcept { return error_.get(); }

 private:
  std::size_t fill(char* to, std::size_t capacity);
  std::size_t read_source(BodySource& source, char* to, std::size_t room, bool to_end);

  std::shared_ptr<Body> body_;
  std::vector<std::uint64_t> sizes_;  // of the segments, as announced
  std::uint64_t size_ = 0, sent_ = 0;
  std::size_t segment_ = 0;
  std::uint64_t at_ = 0;  // within the segment
  bool has_sources_ = false;
  std::unique_ptr<const Error> error_;
};

}  // namespace kimistream::net
