#include "wire/arguments.hpp"

#include "kimistream/json.hpp"

namespace kimistream::wire {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

struct Check : json::Visitor {
  void on_number(std::string_view text) override {
    strict = strict && text.find_first_of("NI") == std::string_view::npos;  // not NaN and not Infinity
  }

  bool strict = true;
};

bool parses(std::string_view text, bool strictly = false) {
  Check check;
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

}  // namespace

Arguments clean_arguments(std::string& text) {
  const std::string_view trimmed = trim(text);
  if (trimmed.empty() || trimmed == "null") {
    text = "{}";
    return Arguments::absent;
  }
  if (json::is_whole_object(trimmed) && parses(trimmed)) {
    if (trimmed.size() != text.size()) text = std::string(trimmed);
    return Arguments::clean;
  }
  const std::string_view object = first_object(trimmed);
  if (object.empty() || !parses(object)) return Arguments::invalid;
  text = std::string(object);
  return Arguments::mended;
}

bool is_json(std::string_view text) { return parses(text, true); }

}  // namespace kimistream::wire
