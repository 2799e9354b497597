#include "media/slots.hpp"

#include <charconv>
#include <utility>

#include "media/random_text.hpp"

namespace kimistream::media {

std::string Slots::add(std::shared_ptr<BodySource> source) {
  // '~' is rare in any text, so that the search runs at memchr's speed.
  if (mark_.empty()) mark_ = '~' + random_text() + '-';
  sources_.push_back(std::move(source));
  return mark_ + std::to_string(sources_.size() - 1) + '~';
}

std::vector<Body::Segment> Slots::split(std::string text) const {
  std::vector<Body::Segment> segments;
  std::size_t begin = 0;
  if (!sources_.empty()) {
    const std::string_view all = text;
    for (std::size_t found = 0; (found = all.find(mark_, begin)) != std::string_view::npos;) {
      std::size_t number = 0;
      const char* digits = all.data() + found + mark_.size();
      const char* end = std::from_chars(digits, all.data() + all.size(), number).ptr;
      if (found > begin) segments.push_back({.text = std::string(all.substr(begin, found - begin))});
      segments.push_back({.source = sources_.at(number)});
      begin = static_cast<std::size_t>(end - all.data()) + 1;
    }
  }
  if (begin == 0)
    segments.push_back({.text = std::move(text)});
  else if (begin < text.size())
    segments.push_back({.text = text.substr(begin)});
  return segments;
}

}  // namespace kimistream::media
