#include "body_kind.hpp"

#include "characters.hpp"

namespace kimistream {

std::string_view media_type(const Headers& headers) {
  std::string_view type = headers.find("content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return type;
}

BodyKind kind_of_label(const Headers& headers) {
  const std::string_view type = media_type(headers);
  if (equal_ignoring_case(type, "text/event-stream")) return BodyKind::events;
  if (equal_ignoring_case(type, "application/json") || type.ends_with("+json")) return BodyKind::json;
  return BodyKind::unknown;
}

BodyKind kind_of_bytes(std::string_view text, BodyKind labelled) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (byte_order_mark.starts_with(text)) return BodyKind::unknown;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  text = trim_front(text);
  if (text.empty()) return BodyKind::unknown;
  if (text.front() == '{') return BodyKind::json;
  for (const std::string_view start : {"data:", ":", "event:", "id:", "retry:", "error:"}) {
    if (text.starts_with(start)) return BodyKind::events;
    if (start.starts_with(text)) return BodyKind::unknown;  // may become one
  }
  return labelled == BodyKind::unknown ? BodyKind::other : labelled;
}

}  // namespace kimistream
