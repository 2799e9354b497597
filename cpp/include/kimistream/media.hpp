/// @file media.hpp
/// @brief Pictures and videos in a message, from a file, bytes, an address or the id of an uploaded file.
///
///     ks::user({ks::text("What is in this clip?"), ks::video_file("clip.mp4")})
///
/// All of these are plain values. A file's bytes are read, base64-encoded and sent piece by piece when the request goes
/// out, and again when it is repeated or the conversation goes on: memory does not grow with them. What a file is, its
/// first bytes tell, not its name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kimistream/message.hpp"

namespace kimistream {

class BodySource;

enum class MediaKind { image, video };

struct MediaOptions {
  /// More is refused. 0: the client sets no limit; providers have theirs, for the whole request or for one upload
  /// (Moonshot: 100 MB for either).
  std::uint64_t max_bytes = 0;
  /// A pipe or device is read at once and kept in memory, up to this; more is refused.
  std::uint64_t max_stream_bytes = 100 * 1024 * 1024;
  /// Called when a signal interrupts the reading of a pipe; what it throws ends it. Empty: reading goes on.
  std::function<void()> on_signal{};
};

/// A picture or a video that is sent within the request. Making one looks at the first bytes and throws Exception
/// (invalid_request) when there is nothing to read, when it is no format that the API takes (SVG and PDF are told apart
/// and the message says what to do instead), or when it is larger than the options allow.
///
/// Immutable, cheap to copy, safe to share between threads.
class Media {
 public:
  /// Fills up to `capacity` bytes from `offset` on. @return how many, 0 at the end
  using Read = std::function<std::size_t(std::uint64_t offset, char* to, std::size_t capacity)>;

  /// @param path in UTF-8. A regular file must still be there, whole, when the request is sent, and may be another one
  /// by then; one that changes while it is being sent is an error. A pipe or device is read now.
  [[nodiscard]] static Media from_file(std::string path, const MediaOptions& options = {});
  /// An open file, from `begin` to its end. The descriptor stays the caller's and may be closed afterwards; its
  /// position is not moved. A pipe is read now.
  [[nodiscard]] static Media from_descriptor(int descriptor, std::uint64_t begin = 0, const MediaOptions& options = {});
  [[nodiscard]] static Media from_bytes(std::string bytes, const MediaOptions& options = {});
  /// Without a copy: `owner` keeps the bytes alive, and nobody may change them.
  [[nodiscard]] static Media from_memory(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                                         const MediaOptions& options = {});
  /// Anything that can be read at any place. `read` is called on the thread that drives the request, and for requests
  /// on several threads at the same time.
  [[nodiscard]] static Media from_function(std::uint64_t size, Read read, const MediaOptions& options = {});

  [[nodiscard]] MediaKind kind() const noexcept;
  [[nodiscard]] std::string_view format() const noexcept;     ///< "PNG", "MP4", ...
  [[nodiscard]] std::string_view mime_type() const noexcept;  ///< "image/png", "video/mp4", ...
  [[nodiscard]] std::uint64_t size() const noexcept;          ///< in bytes, when it was made
  [[nodiscard]] std::string_view name() const noexcept;       ///< of the file, without directories; may be ""

  /// A new reading as `data:<mime>;base64,...`, in constant memory; its length is known and it can be rewound. A file
  /// is looked at anew. @throws Exception (invalid_request) as the makers above
  [[nodiscard]] std::shared_ptr<BodySource> data_uri() const;
  /// The base64 text alone, for requests that name the type beside it. @throws Exception as above, and when a file has
  /// another type than `mime_type()` says by now
  [[nodiscard]] std::shared_ptr<BodySource> base64() const;
  /// The same of the bytes as they are, for uploads.
  [[nodiscard]] std::shared_ptr<BodySource> body() const;

  /// Of the same path, the same bytes in memory, or the same descriptor or function.
  friend bool operator==(const Media& a, const Media& b);

 private:
  struct State;
  explicit Media(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// The parts of a message. @throws Exception (invalid_request) as Media does, and when a picture is given as a video or
/// the other way round
[[nodiscard]] Part text(std::string text);

[[nodiscard]] Part image(Media media);
[[nodiscard]] Part image_file(std::string path);
[[nodiscard]] Part image_bytes(std::span<const std::byte> bytes);  ///< copied
[[nodiscard]] Part image_bytes(std::string bytes);
/// @param url http(s)://, data: or ms://. Which of them a provider takes differs; Moonshot takes no http(s).
[[nodiscard]] Part image_url(std::string url);
[[nodiscard]] Part image_id(std::string_view id);  ///< of an uploaded file, with or without ms://

[[nodiscard]] Part video(Media media);
[[nodiscard]] Part video_file(std::string path);
[[nodiscard]] Part video_bytes(std::span<const std::byte> bytes);
[[nodiscard]] Part video_bytes(std::string bytes);
[[nodiscard]] Part video_url(std::string url);
[[nodiscard]] Part video_id(std::string_view id);

}  // namespace kimistream
