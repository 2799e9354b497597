#include "wire/anthropic_blocks.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "kimistream/media.hpp"
#include "wire/encode_common.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

/// A data URI without what stands before its base64 text: here the type stands in a field of its own.
class WithoutPrefix final : public BodySource {
 public:
  WithoutPrefix(std::shared_ptr<BodySource> inner, std::size_t prefix) : inner_(std::move(inner)), prefix_(prefix) {}

  [[nodiscard]] std::uint64_t size() const override { return inner_->size() - prefix_; }
  bool rewind() override {
    skipped_ = 0;
    return inner_->rewind();
  }
  std::size_t read(char* to, std::size_t capacity) override {
    while (skipped_ < prefix_) {
      std::array<char, 64> beginning{};
      const std::size_t got = inner_->read(beginning.data(), std::min(prefix_ - skipped_, beginning.size()));
      if (got == 0) return 0;
      skipped_ += got;
    }
    return inner_->read(to, capacity);
  }

 private:
  std::shared_ptr<BodySource> inner_;
  std::size_t prefix_, skipped_ = 0;
};

Tree base64_source(std::string_view mime_type, std::string_view data) {
  Tree source = Tree::object();
  source.set("type", Tree::string("base64"));
  source.set("media_type", Tree::string(mime_type));
  source.set("data", Tree::string(data));
  return source;
}

struct DataUri {
  std::string_view mime_type, data;
};

/// The parts of `data:<mime>[;parameter]...;base64,<data>`.
std::optional<DataUri> split_data_uri(std::string_view url) {
  if (!url.starts_with("data:")) return std::nullopt;
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view head = url.substr(5, comma - 5);
  if (!head.ends_with(";base64")) return std::nullopt;
  const std::string_view mime = head.substr(0, head.find(';'));
  if (mime.empty()) return std::nullopt;
  return DataUri{mime, url.substr(comma + 1)};
}

/// @param type "image" or "video"
Tree of_url(std::string_view type, std::string_view url, std::size_t position, std::vector<Notice>& notices) {
  Tree block = Tree::object();
  block.set("type", Tree::string(type));
  if (const auto uri = split_data_uri(url)) {
    block.set("source", base64_source(uri->mime_type, uri->data));
    return block;
  }
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    notices.push_back({"media_form", "message " + std::to_string(position) +
                                         ": this protocol has base64 data and http " + "addresses only; \"" +
                                         std::string(url.substr(0, 40)) +
                                         "\" is sent as an address, which may be refused"});
  Tree source = Tree::object();
  source.set("type", Tree::string("url"));
  source.set("url", Tree::string(url));
  block.set("source", std::move(source));
  return block;
}

}  // namespace

Tree text_block(std::string_view text) {
  Tree block = Tree::object();
  block.set("type", Tree::string("text"));
  block.set("text", Tree::string(text));
  return block;
}

void Blocks::add_content(const Message& message, std::size_t position, std::vector<Tree>& blocks,
                         std::vector<Notice>& notices) {
  if (message.parts.empty()) {
    if (!is_blank(message.text())) blocks.push_back(text_block(message.text()));
    return;
  }
  for (const Part& part : message.parts)
    if (part.kind != Part::Kind::text || !is_blank(part.value)) blocks.push_back(of_part(part, position, notices));
}

Tree Blocks::of_part(const Part& part, std::size_t position, std::vector<Notice>& notices) {
  switch (part.kind) {
    case Part::Kind::text: return text_block(part.value);
    case Part::Kind::image_url:
      return part.media ? of_media("image", *part.media) : of_url("image", part.value, position, notices);
    case Part::Kind::video_url:
      return part.media ? of_media("video", *part.media) : of_url("video", part.value, position, notices);
    case Part::Kind::raw: break;
  }
  Tree raw = parse_object({part.value}, "a content part");
  const std::string type = raw.text_of("type");
  for (const auto& [key, kind] : {std::pair("image_url", "image"), std::pair("video_url", "video")}) {
    const Tree* address = raw.find(key);
    if (type != key || !address) continue;
    return of_url(kind, address->is(Tree::Kind::string) ? address->text() : address->text_of("url"), position, notices);
  }
  // The protocol's own kinds of blocks may be given as they are.
  constexpr std::array known = {"text", "image", "video", "document", "search_result", "tool_result", "tool_use"};
  if (std::find(known.begin(), known.end(), type) == known.end()) note_unknown_part(type, position, notices);
  return raw;
}

Tree Blocks::of_media(std::string_view type, const Media& media) {
  const std::size_t prefix = std::string_view("data:;base64,").size() + media.mime_type().size();
  Tree block = Tree::object();
  block.set("type", Tree::string(type));
  const std::string slot = slots_.add(std::make_shared<WithoutPrefix>(media.data_uri(), prefix));
  block.set("source", base64_source(media.mime_type(), slot));
  return block;
}

}  // namespace kimistream::wire
