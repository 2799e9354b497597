#include "record/spoken.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace kimistream::record {
namespace {

constexpr std::size_t deepest_level = 64;
using Places = std::map<std::string, std::vector<Fragment>, std::less<>>;

/// Follows one frame; one that is no JSON gives what it has until that is seen, or nothing of use.
class Scan {
 public:
  Scan(std::string_view text, Places& places) : text_(text), places_(places) {}

  void frame(std::size_t at, std::size_t end) {
    levels_.clear();
    for (; at < end; ++at) switch (text_[at]) {
        case '"': at = string(at + 1, end); break;
        case '{':
        case '[':
          if (levels_.size() == deepest_level) return;
          levels_.push_back({.is_object = text_[at] == '{'});
          break;
        case '}':
        case ']':
          if (levels_.empty()) return;
          levels_.pop_back();
          break;
        case ':':
          if (!levels_.empty()) levels_.back().at_value = true;
          break;
        case ',':
          if (levels_.empty()) return;
          levels_.back().at_value = false;
          ++levels_.back().index;
          break;
        default: break;
      }
  }

 private:
  struct Level {
    bool is_object = false, at_value = false;  // behind the colon of a field
    std::size_t index = 0;
    std::string_view key{};
  };

  /// @return where it ends
  std::size_t string(std::size_t begin, std::size_t end) {
    std::size_t at = begin;
    while (at < end && text_[at] != '"') at += text_[at] == '\\' ? 2 : 1;
    at = std::min(at, end);
    if (levels_.empty()) return at;
    Level& level = levels_.back();
    if (level.is_object && !level.at_value)
      level.key = text_.substr(begin, at - begin);
    else
      places_[place()].push_back({begin, at - begin});
    return at;
  }

  [[nodiscard]] std::string place() const {
    std::string place;
    for (const Level& level : levels_) {
      place += '/';
      if (level.is_object)
        place += level.key;
      else
        place += std::to_string(level.index);
    }
    return place;
  }

  std::string_view text_;
  Places& places_;
  std::vector<Level> levels_;
};

}  // namespace

std::vector<std::vector<Fragment>> spoken_in(std::string_view text) {
  constexpr std::string_view field = "data:";
  Places places;
  Scan scan(text, places);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::size_t begin = at;
    if (text.substr(begin).starts_with(field)) begin += field.size();
    while (begin < end && text[begin] == ' ') ++begin;
    if (begin < end && text[begin] == '{') scan.frame(begin, end);
    at = end + 1;
  }
  std::vector<std::vector<Fragment>> spoken;
  for (auto& [place, fragments] : places) spoken.push_back(std::move(fragments));
  return spoken;
}

}  // namespace kimistream::record
