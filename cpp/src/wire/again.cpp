#include "wire/again.hpp"

namespace kimistream::wire {
namespace {

/// A text that comes again word for word and is no shorter is all there is so far; a short one may be a piece that is
/// said twice ("ha", "ha").
constexpr std::size_t too_long_to_be_said_twice = 16;

}  // namespace

bool Again::leave_news(std::optional<std::string_view>& text, bool came) {
  if (!text || text->empty() || kind_ == Kind::pieces) return false;
  if (so_far_.empty()) {
    if (came) {  // piece by piece, and now whole
      text.reset();
      return true;
    }
    so_far_ = *text;
    return false;
  }
  const bool longer = text->size() > so_far_.size();
  if (text->starts_with(so_far_) && (longer || kind_ == Kind::growing || so_far_.size() >= too_long_to_be_said_twice)) {
    const std::string_view news = text->substr(so_far_.size());
    if (longer) kind_ = Kind::growing;
    so_far_.append(news);
    text = news;
    if (news.empty()) text.reset();
    return true;
  }
  if (kind_ == Kind::growing) {  // what was shown cannot be taken back
    text.reset();
    return true;
  }
  kind_ = Kind::pieces;
  so_far_ = {};
  return false;
}

}  // namespace kimistream::wire
