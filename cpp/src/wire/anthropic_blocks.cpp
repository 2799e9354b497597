#include "wire/anthropic_blocks.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "characters.hpp"
#include "kimistream/media.hpp"
#include "wire/encode_common.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

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

Tree of_address(std::string_view type, std::string_view url, std::size_t position, std::vector<Notice>& notices) {
  const auto mended = mended_address(url, position, notices);
  return of_url(type, mended ? *mended : url, position, notices);
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
      return part.media ? of_media("image", *part.media) : of_address("image", part.value, position, notices);
    case Part::Kind::video_url:
      return part.media ? of_media("video", *part.media) : of_address("video", part.value, position, notices);
    case Part::Kind::raw: break;
  }
  Tree raw = parse_object({part.value}, "a content part");
  const std::string type = raw.text_of("type");
  for (const auto& [key, kind] : {std::pair("image_url", "image"), std::pair("video_url", "video")}) {
    const Tree* address = raw.find(key);
    if (type != key || !address) continue;
    const bool bare = address->is(Tree::Kind::string);
    return of_address(kind, bare ? address->text() : address->text_of("url"), position, notices);
  }
  // The protocol's own kinds of blocks may be given as they are.
  constexpr std::array known = {"text", "image", "video", "document", "search_result", "tool_result", "tool_use"};
  if (std::find(known.begin(), known.end(), type) == known.end()) note_unknown_part(type, position, notices);
  return raw;
}

Tree Blocks::of_media(std::string_view type, const Media& media) {
  Tree block = Tree::object();
  block.set("type", Tree::string(type));
  block.set("source", base64_source(media.mime_type(), slots_.add(media.base64())));
  return block;
}

}  // namespace kimistream::wire
