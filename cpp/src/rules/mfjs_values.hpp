// The seven types of JSON Schema: their names, what people write for them, and which values are of one.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "json/tree.hpp"

namespace kimistream::rules::mfjs {

inline constexpr std::array<std::string_view, 7> types = {"null",   "boolean", "object", "array",
                                                          "number", "integer", "string"};
/// What speaks about a value without saying which ones are right.
inline constexpr std::array<std::string_view, 4> annotations = {"description", "title", "default", "examples"};

template <class List>
bool among(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

[[nodiscard]] bool has(const json::Tree& tree, std::initializer_list<std::string_view> keys);

/// A string as it is, anything else as JSON.
[[nodiscard]] std::string text_of(const json::Tree& tree);
/// {"type": TYPE}
[[nodiscard]] json::Tree typed(std::string_view type);
[[nodiscard]] json::Tree list_of(const std::vector<std::string>& words);

/// The types that a `type` names, under their right names ("str" is "string"); unknown ones are left out.
[[nodiscard]] std::vector<std::string> words_of(const json::Tree* type);

[[nodiscard]] bool is_integer(const json::Tree& number);
/// The value, which is no array and no object, is of one of these types.
[[nodiscard]] bool matches(const json::Tree& value, const std::vector<std::string>& words);

/// The definition that "#/$defs/NAME" names at this root, or null.
[[nodiscard]] const json::Tree* definition(const json::Tree& root, std::string_view ref);

}  // namespace kimistream::rules::mfjs
