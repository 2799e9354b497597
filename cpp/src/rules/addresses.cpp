#include "rules/addresses.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "json/tree.hpp"
#include "kimistream/headers.hpp"
#include "rules/view.hpp"

namespace kimistream::rules {
namespace {

constexpr std::size_t shortest = 32;  // characters; of a shorter text nothing can be told

/// How the base64 of each begins: a file's first bytes, written that way, from the place `at`.
struct Kind {
  bool video;
  std::size_t at;
  std::string_view begins, beginning;
};

constexpr Kind kinds[] = {
    {false, 0, "/9j/", "data:image/jpeg;base64,"},          {false, 0, "iVBORw0KGgo", "data:image/png;base64,"},
    {false, 0, "R0lGOD", "data:image/gif;base64,"},         {false, 0, "UklGR", "data:image/webp;base64,"},
    {true, 6, "Z0eX" /* ftyp */, "data:video/mp4;base64,"}, {true, 0, "GkXfo", "data:video/webm;base64,"},
};

bool is_base64(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

/// What was meant by an address, where that is not what it says.
std::optional<std::string> meant(std::string_view url, bool video) {
  if (begins_twice(url)) return std::string(url.substr(url.find(',') + 1));
  const std::string_view beginning = missing_beginning(url, video);
  if (beginning.empty()) return std::nullopt;
  return std::string(beginning) + std::string(url);
}

void mend(Part& part) {
  if (part.media || part.kind == Part::Kind::text) return;
  if (part.kind != Part::Kind::raw) {
    if (auto url = meant(part.value, part.kind == Part::Kind::video_url)) part.value = *std::move(url);
    return;
  }
  auto tree = object_in({part.value});
  if (!tree) return;
  const std::string type = tree->text_of("type");
  if (type != "image_url" && type != "video_url") return;
  json::Tree* holder = tree->find(type);
  if (!holder) return;
  json::Tree* const url = holder->is(json::Tree::Kind::object) ? holder->find("url") : holder;
  if (!url) return;
  auto mended = meant(url->text(), type == "video_url");
  if (!mended) return;
  *url = json::Tree::string(*mended);
  part.value.clear();
  tree->write(part.value);
}

}  // namespace

bool begins_twice(std::string_view url) noexcept {
  constexpr std::string_view data = "data:";
  const auto begins = [&](std::string_view text) { return equal_ignoring_case(text.substr(0, data.size()), data); };
  const std::size_t comma = url.find(',');
  return begins(url) && comma != std::string_view::npos && begins(url.substr(comma + 1));
}

std::string_view missing_beginning(std::string_view text, bool video) noexcept {
  if (text.size() < shortest || !std::all_of(text.begin(), text.begin() + shortest, is_base64)) return {};
  for (const Kind& kind : kinds)
    if (kind.video == video && text.substr(kind.at).starts_with(kind.begins)) return kind.beginning;
  return {};
}

void mend_addresses(Request& request) {
  for (Message& message : request.messages)
    for (Part& part : message.parts) mend(part);
}

}  // namespace kimistream::rules
