#include "record/body.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "json/text.hpp"
#include "json/tree.hpp"
#include "kimistream/json.hpp"
#include "media/base64.hpp"
#include "media/base64_decode.hpp"
#include "net/body_reader.hpp"
#include "record/sha256.hpp"

namespace kimistream::record {
namespace {

namespace base64 = media::base64;

constexpr std::size_t longest_base64 = base64::encoded_size(largest_inline);  // which a byte more may have, too
constexpr std::string_view boundary_mark = "boundary=";
constexpr std::string_view boundary_stand_in = "kimistream-boundary";

std::string hashed(std::string_view prefix, std::string hash) {
  return std::string(prefix) + "sha256:" + std::move(hash);
}

/// What stands before the base64 text of a data URI, "" where the text is none.
std::string_view data_prefix(std::string_view text) {
  constexpr std::string_view before = ";base64,";
  if (!text.starts_with("data:")) return {};
  const std::size_t at = text.substr(0, 256).find(before);
  return at == std::string_view::npos ? std::string_view() : text.substr(0, at + before.size());
}

/// Where a medium may stand as base64 without the beginning of a data URI. Elsewhere such a text is one: of DNA, of
/// hex.
bool names_bytes(std::string_view key) {
  constexpr std::string_view keys[] = {"data", "file_data", "b64_json", "url", "image_url", "video_url"};
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

/// What stands for a text that is a large medium in base64; nothing for any other.
std::optional<std::string> named(std::string_view text, bool bare) {
  if (text.size() < longest_base64) return std::nullopt;
  const std::string_view prefix = data_prefix(text);
  if (prefix.empty() && !bare) return std::nullopt;
  const auto bytes = base64::decode(text.substr(prefix.size()));
  if (!bytes || bytes->size() <= largest_inline) return std::nullopt;
  Sha256 hash;
  hash.add(*bytes);
  return hashed(prefix, hash.finish());
}

/// Media that somebody has put into the JSON as text.
void name_media(json::Tree& tree, bool bare = false) {
  for (auto& [key, value] : tree.fields()) name_media(value, names_bytes(key));
  for (json::Tree& item : tree.items()) name_media(item);
  if (!tree.is(json::Tree::Kind::string)) return;
  if (const auto name = named(tree.text(), bare)) tree = json::Tree::string(*name);
}

bool is_json_type(const Headers& headers) {
  return headers.find("content-type").value_or("").find("json") != std::string_view::npos;
}

/// Of a form, "" for anything else.
std::string boundary_of(const Headers& headers) {
  const std::string_view type = headers.find("content-type").value_or("");
  const std::size_t at = type.find(boundary_mark);
  if (!type.starts_with("multipart/") || at == std::string_view::npos) return {};
  std::string_view boundary = type.substr(at + boundary_mark.size());
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() >= 2 && boundary.front() == '"') boundary = boundary.substr(1, boundary.size() - 2);
  return std::string(boundary);
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

class SentBody::Source final : public BodySource {
 public:
  Source(std::shared_ptr<BodySource> source, bool is_base64)
      : source_(std::move(source)), size_(source_->size()), is_base64_(is_base64) {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  bool rewind() override {
    read_ = 0;
    kept_.clear();
    hash_.reset();
    return source_->rewind();
  }
  std::size_t read(char* to, std::size_t capacity) override {
    const std::size_t size = source_->read(to, capacity);
    note({to, size});
    return size;
  }

  [[nodiscard]] std::string text() const {
    if (read_ != size_ || is_strange_) return std::string(unsent_mark) + ", " + std::to_string(size_) + " bytes]";
    if (hash_) return hashed(kept_, Sha256(*hash_).finish());
    return (is_base64_ ? named(kept_, true) : std::nullopt).value_or(kept_);
  }

 private:
  void note(std::string_view block) {
    read_ += block.size();
    if (hash_) return add(block);
    kept_ += block;
    const std::size_t prefix = is_base64_ ? data_prefix(kept_).size() : 0;
    if (kept_.size() - prefix <= (is_base64_ ? longest_base64 : largest_inline)) return;
    hash_.emplace();
    decoder_ = {};
    is_strange_ = false;
    const std::string media = kept_.substr(prefix);
    kept_.resize(prefix);
    add(media);
  }
  void add(std::string_view block) {
    if (!is_base64_) return hash_->add(block);
    std::string bytes;
    is_strange_ = !decoder_.feed(block, bytes) || is_strange_;
    hash_->add(bytes);
  }

  std::shared_ptr<BodySource> source_;
  std::uint64_t size_, read_ = 0;
  bool is_base64_;
  std::string kept_;  // all of it, or what stands before a hash
  std::optional<Sha256> hash_;
  base64::Decoder decoder_;
  bool is_strange_ = false;  // no base64 where there should be
};

SentBody::SentBody(HttpRequest& request) : body_(request.body) {
  const auto has_source = [](const Body::Segment& segment) { return segment.source != nullptr; };
  if (!body_ || std::none_of(body_->segments.begin(), body_->segments.end(), has_source)) return;
  request.body = std::make_shared<Body>(*body_);
  auto texts = std::make_shared<Body>();  // the sources are not held for longer than the request
  for (Body::Segment& segment : request.body->segments) {
    texts->segments.push_back({.text = segment.text});
    if (segment.source)
      segment.source =
          sources_.emplace_back(std::make_shared<Source>(std::move(segment.source), is_json_type(request.headers)));
    else
      sources_.emplace_back();
  }
  body_ = std::move(texts);
}

std::shared_ptr<const Body> SentBody::text() const {
  if (sources_.empty()) return body_;
  auto sent = std::make_shared<Body>(*body_);
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (sources_[i]) sent->segments[i].text = sources_[i]->text();
  return sent;
}

std::shared_ptr<const Body> read_body(const HttpRequest& request) {
  HttpRequest copy{.headers = request.headers, .body = request.body};
  const SentBody sent(copy);
  if (!copy.body || copy.body == request.body) return sent.text();
  net::BodyReader reader(copy.body);
  std::vector<char> block(std::size_t{64} << 10);
  for (;;) {
    const auto size = reader.read(block.data(), block.size());
    if (!size) throw Exception(*reader.error());
    if (*size == 0) break;
  }
  auto text = sent.text();
  if (!reader.rewind()) throw Exception(*reader.error());
  return text;
}

void append_bytes(std::string& out, std::string_view bytes) {
  if (json::utf8_prefix(bytes) == bytes.size()) return json::append_string(out, bytes);
  std::string text(static_cast<std::size_t>(base64::encoded_size(bytes.size())), '\0');
  base64::encode(bytes.data(), bytes.size(), text.data());
  out += "{\"base64\":";
  json::append_string(out, text);
  out += '}';
}

std::string body_as_json(const Body* body, Headers& headers) {
  if (!body) return "null";
  std::string text, out;
  for (const Body::Segment& segment : body->segments) text += segment.text;
  if (text.empty()) return "null";
  if (const std::string boundary = boundary_of(headers); !boundary.empty()) {
    replace(text, boundary, boundary_stand_in);
    std::string type(*headers.find("content-type"));
    replace(type, boundary, boundary_stand_in);
    headers.set("Content-Type", std::move(type));
  } else {
    try {
      json::Tree tree = json::Tree::parse(text);
      name_media(tree);
      tree.write(out);
      return out;
    } catch (const json::Malformed&) {  // it is something else
    }
  }
  append_bytes(out, text);
  return out;
}

}  // namespace kimistream::record
