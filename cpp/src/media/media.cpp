#include "kimistream/media.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kimistream/error.hpp"
#include "media/data_uri.hpp"
#include "media/kind.hpp"
#include "media/source.hpp"
#include "refuse.hpp"

namespace kimistream {
namespace {

std::string_view file_name(const media::Origin& origin) noexcept {
  const auto* file = std::get_if<media::FileOrigin>(&origin);
  if (!file) return {};
  const std::string_view path = file->path;
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
}

std::string described(const media::Origin& origin) {
  const auto* file = std::get_if<media::FileOrigin>(&origin);
  return file ? '"' + file->path + '"' : "what was given";
}

const media::Format& format_of(const media::Origin& origin, media::Source& source) {
  std::string head(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), media::head_bytes)), '\0');
  source.read(0, head.data(), head.size());
  source.finish();
  using Family = media::Format::Family;
  const media::Format* format = media::detect(head);
  if (!format)
    refuse(described(origin) + " is no picture or video of a known format. Pictures: " +
           media::names_of(Family::image) + "; videos: " + media::names_of(Family::video) +
           ". Send other files through the files API, or their text as text");
  if (format->family == Family::refused)
    refuse(described(origin) + " is " + std::string(format->name) + ": " + std::string(format->advice));
  return *format;
}

media::StreamLimits stream_limits(const MediaOptions& options) {
  const bool lower = options.max_bytes != 0 && options.max_bytes < options.max_stream_bytes;
  return {lower ? options.max_bytes : options.max_stream_bytes, options.on_signal};
}

Part part(Part::Kind kind, MediaKind wanted, Media medium) {
  if (medium.kind() != wanted) {
    const bool video = medium.kind() == MediaKind::video;
    refuse((medium.name().empty() ? "what was given" : '"' + std::string(medium.name()) + '"') + " is a " +
           (video ? "video (" : "picture (") + std::string(medium.mime_type()) + "): pass it as " +
           (video ? "a video" : "an image"));
  }
  Part made{.kind = kind, .value = {}};
  made.media = std::make_shared<const Media>(std::move(medium));
  return made;
}

Part address(Part::Kind kind, std::string url) {
  constexpr std::string_view schemes[] = {"data:", "http://", "https://", "ms://"};
  std::string start = url.substr(0, 32);
  std::transform(start.begin(), start.end(), start.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  start.erase(0, std::min(start.find_first_not_of(" \t\r\n"), start.size()));
  if (std::none_of(std::begin(schemes), std::end(schemes), [&](auto scheme) { return start.starts_with(scheme); }))
    refuse('"' + url.substr(0, 100) +
           "\" is no address: it must begin with https://, http://, data: or ms://. A path " +
           "is passed as a file, an id as an id");
  if (start.starts_with("data:image/svg"))
    refuse("the data URI is SVG: the API takes no vector graphics; render it to PNG first, or send its text as text");
  return {.kind = kind, .value = std::move(url)};
}

Part uploaded(Part::Kind kind, std::string_view id) {
  if (id.starts_with("ms://")) id.remove_prefix(5);
  if (id.empty()) refuse("the id of the uploaded file is empty");
  return {.kind = kind, .value = "ms://" + std::string(id)};
}

std::string copied(std::span<const std::byte> bytes) {
  return bytes.empty() ? std::string() : std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

struct Media::State {
  media::Origin origin;
  const media::Format* format = nullptr;
  std::uint64_t size = 0;
  std::uint64_t max_bytes = 0;

  State(media::Origin from, const MediaOptions& options) : origin(std::move(from)), max_bytes(options.max_bytes) {
    const auto source = media::open(origin);
    check(*source);
    format = &format_of(origin, *source);
    size = source->size();
  }
  void check(const media::Source& source) const {
    if (max_bytes != 0 && source.size() > max_bytes)
      refuse(described(origin) + " has " + std::to_string(source.size()) + " bytes, more than the " +
             std::to_string(max_bytes) + " that are allowed: make it smaller or shorter, or upload it and send its id");
  }
  /// Memory stays what it is, files need not.
  [[nodiscard]] const media::Format& look_again(media::Source& source) const {
    check(source);
    return std::holds_alternative<media::FileOrigin>(origin) ? format_of(origin, source) : *format;
  }
  [[noreturn]] void refuse_changed(const media::Format& now) const {
    refuse(described(origin) + " was " + std::string(format->name) + " and is now " + std::string(now.name));
  }
};

Media Media::from_file(std::string path, const MediaOptions& options) {
  return Media(std::make_shared<const State>(media::origin_of_path(std::move(path), stream_limits(options)), options));
}

Media Media::from_descriptor(int descriptor, std::uint64_t begin, const MediaOptions& options) {
  return Media(
      std::make_shared<const State>(media::origin_of_descriptor(descriptor, begin, stream_limits(options)), options));
}

Media Media::from_bytes(std::string bytes, const MediaOptions& options) {
  return Media(std::make_shared<const State>(media::origin_of_bytes(std::move(bytes)), options));
}

Media Media::from_memory(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                         const MediaOptions& options) {
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return Media(std::make_shared<const State>(media::MemoryOrigin{std::move(owner), view}, options));
}

Media Media::from_function(std::uint64_t size, Read read, const MediaOptions& options) {
  auto shared = std::make_shared<const Read>(std::move(read));
  return Media(std::make_shared<const State>(media::FunctionOrigin{std::move(shared), size}, options));
}

MediaKind Media::kind() const noexcept {
  return state_->format->family == media::Format::Family::video ? MediaKind::video : MediaKind::image;
}
std::string_view Media::format() const noexcept { return state_->format->name; }
std::string_view Media::mime_type() const noexcept { return state_->format->mime; }
std::uint64_t Media::size() const noexcept { return state_->size; }
std::string_view Media::name() const noexcept { return file_name(state_->origin); }

std::shared_ptr<BodySource> Media::data_uri() const {
  auto source = media::open(state_->origin);
  const media::Format& format = state_->look_again(*source);
  if (format.family != state_->format->family) state_->refuse_changed(format);
  return std::make_shared<media::Base64Source>(std::move(source), format.mime);
}

std::shared_ptr<BodySource> Media::base64() const {
  auto source = media::open(state_->origin);
  const media::Format& format = state_->look_again(*source);
  if (&format != state_->format) state_->refuse_changed(format);
  return std::make_shared<media::Base64Source>(std::move(source), "");
}

std::shared_ptr<BodySource> Media::body() const {
  auto source = media::open(state_->origin);
  state_->check(*source);
  return std::make_shared<media::RawSource>(std::move(source));
}

bool operator==(const Media& a, const Media& b) {
  return a.state_ == b.state_ || (a.state_->format == b.state_->format && a.state_->origin == b.state_->origin);
}

bool operator==(const Part& a, const Part& b) {
  if (a.kind != b.kind || a.value != b.value) return false;
  return a.media == b.media || (a.media && b.media && *a.media == *b.media);
}

Part text(std::string text) { return {.kind = Part::Kind::text, .value = std::move(text)}; }

Part image(Media media) { return part(Part::Kind::image_url, MediaKind::image, std::move(media)); }
Part image_file(std::string path) { return image(Media::from_file(std::move(path))); }
Part image_bytes(std::span<const std::byte> bytes) { return image_bytes(copied(bytes)); }
Part image_bytes(std::string bytes) { return image(Media::from_bytes(std::move(bytes))); }
Part image_url(std::string url) { return address(Part::Kind::image_url, std::move(url)); }
Part image_id(std::string_view id) { return uploaded(Part::Kind::image_url, id); }

Part video(Media media) { return part(Part::Kind::video_url, MediaKind::video, std::move(media)); }
Part video_file(std::string path) { return video(Media::from_file(std::move(path))); }
Part video_bytes(std::span<const std::byte> bytes) { return video_bytes(copied(bytes)); }
Part video_bytes(std::string bytes) { return video(Media::from_bytes(std::move(bytes))); }
Part video_url(std::string url) { return address(Part::Kind::video_url, std::move(url)); }
Part video_id(std::string_view id) { return uploaded(Part::Kind::video_url, id); }

}  // namespace kimistream
