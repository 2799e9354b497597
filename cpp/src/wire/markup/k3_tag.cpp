#include "wire/markup/k3_tag.hpp"

#include <algorithm>
#include <array>

#include "characters.hpp"

namespace kimistream::wire::markup {
namespace {

using Text = std::string_view;

constexpr Text opening_tag = "<|open|>", closing_tag = "<|close|>", separator = "<|sep|>",
               end_of_message = "<|end_of_msg|>";
// Those of channels first.
constexpr std::array names{Text("think"), Text("response"), Text("message"), Text("tools"),
                           Text("call"),  Text("argument"), Text("json")};
constexpr std::size_t channels = 3;

/// Where the name stands among them, or behind them all.
std::size_t known(Text name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

bool begins_name(Text text) {
  return std::any_of(names.begin(), names.end(), [&](Text name) { return name.starts_with(text); });
}

/// True when the text is the beginning of one of these tokens, and not all of it.
template <class... Tokens>
bool begins(Text text, Tokens... tokens) {
  return (... || (text.size() < tokens.size() && tokens.starts_with(text)));
}

/// The size of the attribute that `text` begins with, NAME="VALUE", `foreign` or `unsure`.
std::size_t attribute_size(Text text) {
  const std::size_t name = std::min(text.find_first_not_of(letters), text.size());
  const Text behind = text.substr(name, 2);
  if (name == 0 || !Text("=\"").starts_with(behind)) return foreign;
  if (behind.size() < 2) return unsure;
  const std::size_t end = text.find('"', name + 2);
  return end == Text::npos ? unsure : end + 1;
}

/// & is written &amp; and " is written &quot;; nothing else is escaped.
std::string unescaped(Text text) {
  std::string out;
  while (!text.empty()) {
    const bool quote = text.starts_with("&quot;");
    out += quote ? '"' : text.front();
    text.remove_prefix(quote ? 6 : text.starts_with("&amp;") ? 5 : 1);
  }
  return out;
}

}  // namespace

std::size_t Tag::read(Text rest, Ending ending, Tag& tag) {
  tag = {};
  if (rest.size() > longest) {  // what is unsure after so much will not become one
    const std::size_t size = read(rest.substr(0, longest), Ending::open, tag);
    return size == unsure ? foreign : size;
  }
  if (rest.starts_with(end_of_message)) return end_of_message.size();
  if (begins(rest, opening_tag, closing_tag, end_of_message)) return unsure;
  const bool opens = rest.starts_with(opening_tag);
  if (!opens && !rest.starts_with(closing_tag)) return foreign;
  tag.kind = opens ? Kind::open : Kind::close;

  const std::size_t name_at = rest.find_first_not_of(white, opens ? opening_tag.size() : closing_tag.size());
  if (name_at == Text::npos) return unsure;
  std::size_t at = std::min(rest.find_first_not_of(letters, name_at), rest.size());
  tag.name = rest.substr(name_at, at - name_at);
  const std::size_t behind_name = at, which = known(tag.name);
  if (at == rest.size() && begins_name(tag.name) && (ending == Ending::open || which == names.size())) return unsure;
  if (which == names.size()) return foreign;

  while (true) {
    const std::size_t solid = std::min(rest.find_first_not_of(white, at), rest.size());
    const Text blank = rest.substr(at, solid - at), here = rest.substr(solid);
    tag.attributes = rest.substr(behind_name, at - behind_name);
    tag.separated = here.starts_with(separator);
    if (tag.separated) return solid + separator.size();
    if (here.empty()) return ending == Ending::open ? unsure : rest.size();
    if (here.starts_with(opening_tag) || here.starts_with(closing_tag) || here.starts_with(end_of_message)) return at;
    if (begins(here, separator, opening_tag, closing_tag, end_of_message)) return unsure;
    const std::size_t attribute = opens && !blank.empty() ? attribute_size(here) : foreign;
    if (attribute == unsure) return unsure;
    if (attribute == foreign) return !opens && which < channels && blank.find('\n') != Text::npos ? at : foreign;
    at = solid + attribute;
  }
}

bool Tag::of_calls() const { return kind != Kind::end && known(name) >= channels; }

std::string Tag::attribute(Text key) const {
  for (Text rest = trim(attributes); !rest.empty();) {
    const Text each = rest.substr(0, attribute_size(rest));
    rest = trim(rest.substr(each.size()));
    if (!each.starts_with(key) || each.substr(key.size(), 2) != "=\"") continue;
    return unescaped(each.substr(key.size() + 2, each.size() - key.size() - 3));
  }
  return {};
}

}  // namespace kimistream::wire::markup
