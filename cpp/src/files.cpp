#include "kimistream/files.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "clock.hpp"
#include "json/tree.hpp"
#include "kimistream/error.hpp"
#include "media/data_uri.hpp"
#include "media/kind.hpp"
#include "media/multipart.hpp"
#include "media/source.hpp"
#include "refuse.hpp"
#include "resources.hpp"

namespace kimistream {
namespace {

using json::Tree;

constexpr std::array<std::string_view, 4> purposes = {"file-extract", "image", "video", "batch"};
constexpr std::chrono::milliseconds between_reports{50};

const std::string& path_of_files(const Provider& provider) {
  if (provider.files_path.empty())
    refuse("the provider \"" + provider.name +
           "\" has no files: send pictures and videos within the message, by path or bytes, and documents as text");
  return provider.files_path;
}

/// The ending of a file name for a type: "image/png" gives ".png".
std::string ending_of(std::string_view mime) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> others = {
      {{"quicktime", "mov"}, {"x-matroska", "mkv"}, {"x-msvideo", "avi"}, {"3gpp", "3gp"}, {"jpeg", "jpg"}}};
  std::string_view kind = mime.substr(mime.find('/') + 1);
  for (const auto& [name, ending] : others)
    if (kind == name) return "." + std::string(ending);
  for (const std::string_view prefix : {"x-ms-", "x-"})
    if (kind.starts_with(prefix)) {
      kind.remove_prefix(prefix.size());
      break;
    }
  return kind.empty() ? std::string() : "." + std::string(kind);
}

/// Tells how far the reading has come.
class Reported final : public BodySource {
 public:
  Reported(std::shared_ptr<BodySource> source, std::function<void(std::uint64_t, std::uint64_t)> report)
      : source_(std::move(source)), report_(std::move(report)), total_(source_->size()) {}

  [[nodiscard]] std::uint64_t size() const override { return total_; }
  bool rewind() override {
    sent_ = 0;
    return source_->rewind();
  }
  std::size_t read(char* to, std::size_t capacity) override {
    if (next_ == Clock::time_point{}) tell();
    const std::size_t size = source_->read(to, capacity);
    sent_ += size;
    if (sent_ > told_ && (sent_ == total_ || Clock::now() >= next_)) tell();
    return size;
  }

 private:
  void tell() {
    next_ = Clock::now() + between_reports;
    told_ = sent_;
    report_(sent_, total_);
  }

  std::shared_ptr<BodySource> source_;
  std::function<void(std::uint64_t, std::uint64_t)> report_;
  std::uint64_t total_ = 0, sent_ = 0, told_ = 0;
  Clock::time_point next_{};
};

FileObject read_file(const Tree& tree) {
  return {.id = tree.text_of("id"),
          .filename = tree.text_of("filename"),
          .purpose = tree.text_of("purpose"),
          .status = tree.text_of("status"),
          .status_details = tree.text_of("status_details"),
          .bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(integer_of(tree, "bytes"), 0)),
          .created_at = integer_of(tree, "created_at")};
}

FileObject read_file(const Json& answer) {
  FileObject file = read_file(parsed(answer));
  if (file.id.empty()) throw_unreadable("the answer about a file names no id", answer);
  return file;
}

}  // namespace

std::span<const std::string_view> file_purposes() noexcept { return purposes; }

// ---- FileContent --------------------------------------------------------------------------------------------------

struct FileContent::State {
  std::optional<Media> media{};  // when set, it counts and `origin` does not
  media::Origin origin{};
  std::uint64_t size = 0;
  std::string_view mime{};

  explicit State(const Media& from) : media(from), size(from.size()), mime(from.mime_type()) {}
  explicit State(media::Origin from) : origin(std::move(from)) {
    const auto source = media::open(origin);
    size = source->size();
    std::string head(static_cast<std::size_t>(std::min<std::uint64_t>(size, media::head_bytes)), '\0');
    source->read(0, head.data(), head.size());
    source->finish();
    const media::Format* format = media::detect(head);
    if (format && format->family != media::Format::Family::refused) mime = format->mime;
  }
};

FileContent FileContent::from_file(std::string path, std::function<void()> on_signal) {
  return FileContent(std::make_shared<const State>(
      media::origin_of_path(std::move(path), {.max_bytes = max_stream_bytes, .on_signal = std::move(on_signal)})));
}

FileContent FileContent::from_descriptor(int descriptor, std::uint64_t begin, std::function<void()> on_signal) {
  return FileContent(std::make_shared<const State>(media::origin_of_descriptor(
      descriptor, begin, {.max_bytes = max_stream_bytes, .on_signal = std::move(on_signal)})));
}

FileContent FileContent::from_bytes(std::string bytes) {
  return FileContent(std::make_shared<const State>(media::origin_of_bytes(std::move(bytes))));
}

FileContent FileContent::from_memory(std::shared_ptr<const void> owner, std::span<const std::byte> bytes) {
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return FileContent(std::make_shared<const State>(media::MemoryOrigin{std::move(owner), view}));
}

FileContent FileContent::from_media(const Media& media) { return FileContent(std::make_shared<const State>(media)); }

std::uint64_t FileContent::size() const noexcept { return state_->size; }
std::string_view FileContent::mime_type() const noexcept { return state_->mime; }
std::string_view FileContent::name() const noexcept {
  if (state_->media) return state_->media->name();
  const auto* file = std::get_if<media::FileOrigin>(&state_->origin);
  if (!file) return {};
  const std::string_view path = file->path;
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
}
std::shared_ptr<BodySource> FileContent::body() const {
  if (state_->media) return state_->media->body();
  return std::make_shared<media::RawSource>(media::open(state_->origin));
}

// ---- requests -----------------------------------------------------------------------------------------------------

ResourceRequest upload_request(const Provider& provider, const FileContent& content, std::string_view purpose,
                               const UploadOptions& options) {
  ResourceRequest request{.path = path_of_files(provider), .method = "POST"};
  if (std::find(purposes.begin(), purposes.end(), purpose) == purposes.end()) {
    std::string known;
    for (const std::string_view each : purposes) known += (known.empty() ? "\"" : ", \"") + std::string(each) + '"';
    refuse("the purpose \"" + std::string(purpose.substr(0, 100)) + "\" is unknown: use one of " + known);
  }
  std::string_view mime = options.content_type;
  if (mime.empty()) mime = content.mime_type();
  std::string name = options.filename;
  if (name.empty()) name = content.name();
  if (name.empty()) name = "upload" + ending_of(content.mime_type());
  std::shared_ptr<BodySource> source = content.body();
  if (options.on_progress) source = std::make_shared<Reported>(std::move(source), options.on_progress);
  media::Multipart form;
  form.add_field("purpose", purpose);
  form.add_file("file", name, mime, std::move(source));
  request.content_type = form.content_type();
  request.body = form.finish();
  request.timeout = options.timeout;
  request.creates = true;
  return request;
}

ResourceRequest file_request(const Provider& provider, std::string_view id, std::string_view below) {
  if (id.starts_with("ms://")) id.remove_prefix(5);
  return {.path = path_of_files(provider) + "/" + piece_of_path(id, "a file") + std::string(below)};
}

// ---- with a client ------------------------------------------------------------------------------------------------

FileObject upload(Client& client, const FileContent& content, std::string_view purpose, const UploadOptions& options) {
  return read_file(client.send(upload_request(client.provider(), content, purpose, options)));
}

std::vector<FileObject> list_files(Client& client) {
  std::vector<FileObject> files;
  for_each_item(client, path_of_files(client.provider()), [&](const Tree& item) { files.push_back(read_file(item)); });
  return files;
}

FileObject file(Client& client, std::string_view id) {
  return read_file(client.send(file_request(client.provider(), id)));
}

std::string file_content(Client& client, std::string_view id) {
  ResourceRequest request = file_request(client.provider(), id, "/content");
  request.bytes = true;
  return client.send(request).text;
}

void delete_file(Client& client, std::string_view id) {
  ResourceRequest request = file_request(client.provider(), id);
  request.method = "DELETE";
  (void)client.send(request);
}

}  // namespace kimistream
