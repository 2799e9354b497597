#include "wire/markup/sink.hpp"

#include <algorithm>
#include <utility>

namespace kimistream::wire::markup {

void Sink::text(std::string_view text) {
  const std::size_t solid = std::min(text.find_first_not_of(white), text.size());
  said = said || solid < text.size();
  if (waiting_) {
    if (!kept_) {
      text.remove_prefix(solid);
    } else if (solid == text.size() && blank_.size() + text.size() <= longest_blank) {
      blank_.append(text);
      return;
    }
    if (text.empty()) return;
    waiting_ = false;
    give(std::exchange(blank_, {}));
  }
  give(text);
}

void Sink::give(std::string_view text) {
  if (text.empty()) return;
  (side_ == Side::reasoning ? out.reasoning : out.answer).append(text);
  last = text.back();
}

void Sink::turn_to(Side side) {
  out.parted = out.parted || (side == Side::reasoning && home_ == Side::answer);
  side_ = side;
  waiting_ = false;
  blank_.clear();
}

void Sink::gap(bool kept) {
  kept_ = kept && (kept_ || !waiting_);  // of several in a row one that drops is enough
  waiting_ = true;
  blank_.clear();  // what stood between two tokens goes with them
}

}  // namespace kimistream::wire::markup
