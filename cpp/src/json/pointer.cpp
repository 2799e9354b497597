#include <algorithm>
#include <charconv>

#include "json/tree.hpp"
#include "kimistream/json.hpp"

namespace kimistream::json {
namespace {

/// One name of a pointer, without its escapes. In one pass: "~01" is "~1" and not "/".
std::string unescaped(std::string_view token) {
  std::string name;
  name.reserve(token.size());
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    name += escape ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return name;
}

const Tree* element(const Tree& array, std::string_view token) {
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto [behind, error] = std::from_chars(token.data(), end, index);
  const bool plain = error == std::errc() && behind == end && (token.size() == 1 || token.front() != '0');
  return plain && index < array.items().size() ? &array.items()[index] : nullptr;
}

const Tree* place(const Tree& root, std::string_view pointer) {
  const Tree* node = &root;
  while (node && !pointer.empty()) {
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    const std::string_view token = pointer.substr(1, end - 1);
    node = node->is(Tree::Kind::array) ? element(*node, token) : node->find(unescaped(token));
    pointer.remove_prefix(end);
  }
  return node;
}

/// The value at this place; `read` says what it is, or that it is of another kind.
template <class Read>
auto value_of(std::string_view json, std::string_view pointer, Read read) -> decltype(read(Tree())) {
  if (!pointer.empty() && pointer.front() != '/')
    throw std::invalid_argument("a JSON pointer begins with a slash: \"/" + std::string(pointer) + "\"");
  const Tree root = Tree::parse(json);
  const Tree* value = place(root, pointer);
  return value ? read(*value) : std::nullopt;
}

}  // namespace

std::optional<std::string> text_at(std::string_view json, std::string_view pointer) {
  return value_of(json, pointer, [](const Tree& value) {
    return value.is(Tree::Kind::string) ? std::optional(value.text()) : std::nullopt;
  });
}

std::optional<double> number_at(std::string_view json, std::string_view pointer) {
  return value_of(json, pointer, [](const Tree& value) { return value.as_number(); });
}

std::optional<std::int64_t> integer_at(std::string_view json, std::string_view pointer) {
  return value_of(json, pointer, [](const Tree& value) -> std::optional<std::int64_t> {
    if (!value.is(Tree::Kind::number)) return std::nullopt;
    const std::string& text = value.text();
    const char* const end = text.data() + text.size();
    std::int64_t whole = 0;
    const auto [behind, error] = std::from_chars(text.data(), end, whole);
    return error == std::errc() && behind == end ? std::optional(whole) : std::nullopt;
  });
}

std::optional<bool> bool_at(std::string_view json, std::string_view pointer) {
  return value_of(json, pointer, [](const Tree& value) {
    return value.is(Tree::Kind::boolean) ? std::optional(value.text() == "true") : std::nullopt;
  });
}

Json value_at(std::string_view json, std::string_view pointer) {
  const auto written = value_of(json, pointer, [](const Tree& value) {
    Json whole;
    value.write(whole.text);
    return std::optional(std::move(whole));
  });
  return written.value_or(Json());
}

std::optional<std::size_t> size_at(std::string_view json, std::string_view pointer) {
  return value_of(json, pointer, [](const Tree& value) -> std::optional<std::size_t> {
    if (value.is(Tree::Kind::array)) return value.items().size();
    if (value.is(Tree::Kind::object)) return value.fields().size();
    return std::nullopt;
  });
}

}  // namespace kimistream::json
