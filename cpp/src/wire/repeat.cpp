#include "wire/repeat.hpp"

#include "json/text.hpp"

namespace kimistream::wire {

std::optional<std::string_view> Repeat::match(std::string_view frame, std::string& scratch) const {
  if (head_.empty() || frame.size() <= head_.size() + tail_.size()) return std::nullopt;
  // The tail first: a finish reason or a usage, the usual difference, stands there.
  if (!frame.ends_with(tail_) || !frame.starts_with(head_)) return std::nullopt;
  const std::string_view text = frame.substr(head_.size(), frame.size() - head_.size() - tail_.size());
  switch (json::string_form(text)) {
    case json::StringForm::plain: return text;
    case json::StringForm::escaped:
      scratch.clear();
      if (json::unescape(text, scratch)) return scratch;
      return std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace kimistream::wire
