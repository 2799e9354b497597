#include "rules/mfjs_values.hpp"

#include <utility>

namespace kimistream::rules::mfjs {

using json::Tree;
using Kind = Tree::Kind;

namespace {

/// What people and generators write for them.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {
    {"int", "integer"},  {"float", "number"}, {"double", "number"}, {"str", "string"},
    {"bool", "boolean"}, {"list", "array"},   {"dict", "object"},   {"None", "null"}};

}  // namespace

bool has(const Tree& tree, std::initializer_list<std::string_view> keys) {
  return std::any_of(tree.fields().begin(), tree.fields().end(), [&](const Tree::Field& field) {
    return std::find(keys.begin(), keys.end(), field.first) != keys.end();
  });
}

std::string text_of(const Tree& tree) {
  if (tree.is(Kind::string)) return tree.text();
  std::string out;
  tree.write(out);
  return out;
}

Tree typed(std::string_view type) {
  Tree tree = Tree::object();
  tree.set("type", Tree::string(type));
  return tree;
}

Tree list_of(const std::vector<std::string>& words) {
  Tree list = Tree::array();
  for (const auto& word : words) list.items().push_back(Tree::string(word));
  return list;
}

std::vector<std::string> words_of(const Tree* type) {
  std::vector<std::string> words;
  const auto add = [&](const Tree& word) {
    std::string name = word.text();
    for (const auto& [other, right] : other_names)
      if (name == other) name = right;
    if (word.is(Kind::string) && among(types, name) && !among(words, name)) words.push_back(std::move(name));
  };
  if (type && type->is(Kind::array))
    for (const Tree& each : type->items()) add(each);
  else if (type)
    add(*type);
  return words;
}

bool is_integer(const Tree& number) { return number.text().find_first_of(".eE") == std::string::npos; }

bool matches(const Tree& value, const std::vector<std::string>& words) {
  switch (value.kind()) {
    case Kind::null: return among(words, "null");
    case Kind::boolean: return among(words, "boolean");
    case Kind::string: return among(words, "string");
    case Kind::number: return among(words, "number") || (among(words, "integer") && is_integer(value));
    default: return false;
  }
}

const Tree* definition(const Tree& root, std::string_view ref) {
  constexpr std::string_view start = "#/$defs/";
  if (!ref.starts_with(start)) return nullptr;
  const Tree* defs = root.find("$defs");
  return defs ? defs->find(ref.substr(start.size())) : nullptr;
}

}  // namespace kimistream::rules::mfjs
