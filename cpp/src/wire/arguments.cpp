#include "wire/arguments.hpp"

#include <algorithm>
#include <utility>

#include "characters.hpp"
#include "json/tree.hpp"
#include "kimistream/json.hpp"

namespace kimistream::wire {
namespace {

struct DoublesCheck : json::Visitor {
  void on_number(std::string_view text) override {
    strict = strict && text.find_first_of("NI") == std::string_view::npos;  // not NaN and not Infinity
  }

  bool strict = true;
};

bool parses(std::string_view text, bool strictly = false) {
  DoublesCheck check;
  try {
    json::visit(text, check);
    return check.strict || !strictly;
  } catch (const json::Malformed&) {
    return false;
  }
}

/// The first whole object that begins at the first brace, "" when there is none.
std::string_view first_object(std::string_view text) {
  const std::size_t begin = text.find('{');
  if (begin == std::string_view::npos) return {};
  json::ObjectScan scan;
  for (std::size_t i = begin; i < text.size(); ++i) {
    // Only a closing brace can end it; feeding single characters keeps this one pass.
    if (scan.feed(text.substr(i, 1))) return text.substr(begin, i - begin + 1);
  }
  return {};
}

using json::Tree;

/// True when `later` says all that `earlier` says, and perhaps more: what a gateway sends that shows the arguments as
/// they grow.
bool grows(const Tree& earlier, const Tree& later) {
  if (earlier.kind() != later.kind()) return false;
  switch (earlier.kind()) {
    case Tree::Kind::object:
      return std::all_of(earlier.fields().begin(), earlier.fields().end(), [&](const Tree::Field& field) {
        const Tree* same = later.find(field.first);
        return same && grows(field.second, *same);
      });
    case Tree::Kind::array:
      return earlier.items().size() <= later.items().size() &&
             std::equal(earlier.items().begin(), earlier.items().end(), later.items().begin(), grows);
    default: return later.text().starts_with(earlier.text());
  }
}

/// The object that a text means which holds more than one: the first, or of objects that follow it and grow the last,
/// such as {} and then the real ones (openai/openai-agents-js#712, BerriAI/litellm#4537). "" where there is none, and
/// where what follows {} was cut.
/// @throws json::Malformed
std::string_view meant_object(std::string_view text) {
  std::string_view meant = first_object(text);
  if (meant.empty()) return {};
  Tree earlier = Tree::parse(meant);
  if (!text.starts_with('{')) return meant;
  for (std::string_view rest = trim(text.substr(meant.size())); rest.starts_with('{');) {
    const std::string_view next = first_object(rest);
    if (!parses(next)) return earlier.fields().empty() ? std::string_view() : meant;
    Tree later = Tree::parse(next);
    if (!grows(earlier, later)) break;
    earlier = std::move(later);
    meant = next;
    rest = trim(rest.substr(next.size()));
  }
  return meant;
}

/// The text that a JSON string says, "" for anything else.
std::string text_in_string(std::string_view text) {
  if (!text.starts_with('"') || !text.ends_with('"')) return {};
  try {
    return Tree::parse(text).text();
  } catch (const json::Malformed&) {
    return {};
  }
}

}  // namespace

Arguments clean_arguments(std::string& text) {
  if (std::string inner = text_in_string(trim(text)); is_whole_arguments(inner)) {  // JSON text of JSON text
    text = trim(inner);
    return Arguments::mended;
  }
  const std::string_view trimmed = trim(text);
  if (trimmed.empty() || trimmed == "null") {
    text = "{}";
    return Arguments::absent;
  }
  if (is_whole_arguments(trimmed)) {
    if (trimmed.size() != text.size()) text = std::string(trimmed);
    return Arguments::clean;
  }
  try {
    const std::string_view object = meant_object(trimmed);
    if (object.empty()) return Arguments::invalid;
    text = std::string(object);
    return Arguments::mended;
  } catch (const json::Malformed&) {
    return Arguments::invalid;
  }
}

bool is_whole_arguments(std::string_view text) {
  const std::string_view trimmed = trim(text);
  return json::is_whole_object(trimmed) && parses(trimmed);
}

bool is_json(std::string_view text) { return parses(text, true); }

}  // namespace kimistream::wire
