// Where the bytes of a medium come from: a file, memory, a descriptor or somebody's function.
//
// A file is read with pread, not mapped: touched pages of a mapping count as the program's memory, and a file that is
// cut while it is mapped kills the program. Its size is fixed when the source is made; a file that is not the same any
// more while it is read is an error before its last byte is handed on, so no body of two halves is ever finished.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace kimistream::media {

/// One reading of the bytes. One thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// Fills exactly `count` bytes from `offset` on; `offset + count` is at most `size()`.
  /// @throws Exception (invalid_request) when they are not there any more
  virtual void read(std::uint64_t offset, char* to, std::size_t count) = 0;
  /// All of the bytes, where they lie in memory anyway; else empty. Lives as long as the source.
  [[nodiscard]] virtual std::string_view memory() const noexcept { return {}; }
  /// The last bytes have been read: lets go of what is scarce. `read` may be called again afterwards.
  /// @throws Exception (invalid_request) when what was read is not of one state of the file
  virtual void finish() {}
};

/// A path in UTF-8. Each reading opens the file anew, and only while it lasts: a thousand requests that wait for their
/// turn or their answer hold no descriptor.
struct FileOrigin {
  std::string path;
  friend bool operator==(const FileOrigin&, const FileOrigin&) = default;
};

/// Bytes that `owner` keeps alive; they must not change.
struct MemoryOrigin {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
  friend bool operator==(const MemoryOrigin& a, const MemoryOrigin& b) noexcept { return a.bytes == b.bytes; }
};

/// An open regular file from `begin` to its end. The descriptor's own position is neither used nor moved.
struct DescriptorOrigin {
  std::shared_ptr<const int> descriptor;  // closed by its deleter
  std::uint64_t begin = 0;
  friend bool operator==(const DescriptorOrigin&, const DescriptorOrigin&) = default;
};

/// Somebody's function: fills up to `capacity` bytes from `offset` on and gives how many, 0 at the end.
struct FunctionOrigin {
  using Read = std::function<std::size_t(std::uint64_t offset, char* to, std::size_t capacity)>;
  std::shared_ptr<const Read> read;
  std::uint64_t size = 0;
  friend bool operator==(const FunctionOrigin&, const FunctionOrigin&) = default;
};

using Origin = std::variant<FileOrigin, MemoryOrigin, DescriptorOrigin, FunctionOrigin>;

/// A new reading. Looks at the file, and keeps it open only from the first `read` to `finish`.
/// @throws Exception (invalid_request) for what is missing, no regular file, unreadable or empty
[[nodiscard]] std::unique_ptr<Source> open(const Origin& origin);

/// Limits and waits of bytes that can be read only once.
struct StreamLimits {
  std::uint64_t max_bytes = 0;
  std::function<void()> on_signal;  // called when a signal ends a wait; may throw
};

/// What a path names: a regular file stays where it is; a pipe or a device is read into memory at once.
/// @throws Exception (invalid_request) as `open`, and when a pipe or device gives more than the limit
[[nodiscard]] Origin origin_of_path(std::string path, const StreamLimits& limits);

/// The same for an open descriptor, which stays the caller's. @param begin used for regular files only
[[nodiscard]] Origin origin_of_descriptor(int descriptor, std::uint64_t begin, const StreamLimits& limits);

[[nodiscard]] Origin origin_of_bytes(std::string bytes);

}  // namespace kimistream::media
