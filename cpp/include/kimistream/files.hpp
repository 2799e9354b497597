/// @file files.hpp
/// @brief Files at the provider: uploaded for their text, as pictures and videos of a message, or for a batch.
///
///     ks::FileObject report = ks::upload(client, ks::FileContent::from_file("report.pdf"), "file-extract");
///     std::string text = ks::file_content(client, report.id);
///
/// Moonshot's limits (platform.kimi.ai, files): 1,000 files, 100 MB each, 10 GB together. They are the server's to
/// check. Where a provider has no such resource, every function throws Exception (invalid_request).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/client.hpp"
#include "kimistream/media.hpp"

namespace kimistream {

/// What a file may be uploaded for: "file-extract", "image", "video", "batch" (Moonshot's OpenAPI).
[[nodiscard]] std::span<const std::string_view> file_purposes() noexcept;

/// What the provider knows of a file.
struct FileObject {
  std::string id{};  ///< opaque; in a message ms://ID, for the purposes image and video
  std::string filename{};
  std::string purpose{};
  std::string status{};          ///< "ready" or "ok" when it can be used, "error" when it never will; an open set
  std::string status_details{};  ///< why
  std::uint64_t bytes = 0;
  std::int64_t created_at = 0;  ///< seconds since 1970

  friend bool operator==(const FileObject&, const FileObject&) = default;
};

/// The bytes of any file, to be uploaded. Read piece by piece while they go out: memory does not grow with them.
/// Immutable, cheap to copy, safe to share between threads. All makers throw Exception (invalid_request) for what is
/// missing, unreadable, a directory or empty.
class FileContent {
 public:
  /// A pipe or device has no size and no second time: it is read at once and kept, up to this.
  static constexpr std::uint64_t max_stream_bytes = std::uint64_t{100} * 1024 * 1024;

  /// @param path in UTF-8. A regular file is read when it is sent; one that changes meanwhile is an error.
  /// @param on_signal called when a signal interrupts the reading of a pipe; what it throws ends it
  [[nodiscard]] static FileContent from_file(std::string path, std::function<void()> on_signal = {});
  /// An open file, from `begin` to its end. The descriptor stays the caller's and may be closed afterwards; its
  /// position is not moved.
  [[nodiscard]] static FileContent from_descriptor(int descriptor, std::uint64_t begin = 0,
                                                   std::function<void()> on_signal = {});
  [[nodiscard]] static FileContent from_bytes(std::string bytes);
  /// The bytes of a picture or video.
  [[nodiscard]] static FileContent from_media(const Media& media);
  /// Without a copy: `owner` keeps the bytes alive, and nobody may change them.
  [[nodiscard]] static FileContent from_memory(std::shared_ptr<const void> owner, std::span<const std::byte> bytes);

  [[nodiscard]] std::uint64_t size() const noexcept;          ///< in bytes, when it was made
  [[nodiscard]] std::string_view name() const noexcept;       ///< of the file, without directories; may be ""
  [[nodiscard]] std::string_view mime_type() const noexcept;  ///< of a picture or video, by its first bytes; else ""
  /// A new reading. @throws Exception (invalid_request) as the makers
  [[nodiscard]] std::shared_ptr<BodySource> body() const;

 private:
  struct State;
  explicit FileContent(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

struct UploadOptions {
  std::string filename{};      ///< in UTF-8; empty: the file's own, else "upload" and what goes with its type
  std::string content_type{};  ///< empty: that of a picture or video by its first bytes, else application/octet-stream
  /// Told how many bytes of the file have been given to the network, of how many: before the first, at most twenty
  /// times a second on the way, and at the end; never less than before. Called on the thread that drives the request.
  /// What it throws ends the upload: an Exception as it is, anything else as invalid_request.
  std::function<void(std::uint64_t sent, std::uint64_t total)> on_progress{};
  /// `first_event` is each silence while the file goes out, and the wait for the answer behind it.
  TimeoutOption timeout{};
};

/// An upload as a request, for those who wait in a way of their own. Repeated only where nothing of the file can have
/// been kept: no byte of it had gone out, or the server answered 429 or 503.
/// @throws Exception (invalid_request) for a purpose that is none of `file_purposes()`
[[nodiscard]] ResourceRequest upload_request(const Provider& provider, const FileContent& content,
                                             std::string_view purpose, const UploadOptions& options = {});
/// A request about one file. @param below e.g. "/content" @throws Exception (invalid_request) for an id that is none
[[nodiscard]] ResourceRequest file_request(const Provider& provider, std::string_view id, std::string_view below = {});

/// Uploads; returns when the provider has the file. @throws Exception where that fails
FileObject upload(Client& client, const FileContent& content, std::string_view purpose,
                  const UploadOptions& options = {});
/// All files, however many pages that takes. @throws Exception where that fails
[[nodiscard]] std::vector<FileObject> list_files(Client& client);
/// @throws Exception, with status 404 for an id that is not known; likewise below
[[nodiscard]] FileObject file(Client& client, std::string_view id);
/// The text of a file that was uploaded for "file-extract", as the provider wraps it; of others the bytes. At most
/// `max_body_bytes` of the client's options.
[[nodiscard]] std::string file_content(Client& client, std::string_view id);
void delete_file(Client& client, std::string_view id);

}  // namespace kimistream
