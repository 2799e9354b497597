/// @file json.hpp
/// @brief JSON as text, and what to read it with: single values by their place, or a visitor of all.
///
/// The library passes JSON that it does not interpret (tool parameters, extra fields, raw frames) as text.
/// Whoever wants its parts reads them, with the library's parser or with one of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kimistream {

/// JSON text. Empty text means "absent", which is not the same as the JSON value `null`.
struct Json {
  std::string text;

  [[nodiscard]] bool empty() const noexcept { return text.empty(); }
  friend bool operator==(const Json&, const Json&) = default;
};

namespace json {

/// The text is not JSON, or nests deeper than `max_depth`.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The value at a place of a document, e.g. of a tool call's arguments: `text_at(call.arguments, "/city")`. Nothing
/// where the place is not there, or where something of another kind stands; null is of no kind but JSON's own.
/// @param pointer as RFC 6901 has it: "/stops/0/name", "~1" for a / within a name and "~0" for a ~; "" is all of it
/// @throws Malformed when the text is not one whole JSON value
/// @throws std::invalid_argument for a pointer that is neither empty nor begins with a /
[[nodiscard]] std::optional<std::string> text_at(std::string_view json, std::string_view pointer);
[[nodiscard]] std::optional<double> number_at(std::string_view json, std::string_view pointer);
/// A number without fraction and exponent that 64 bits hold.
[[nodiscard]] std::optional<std::int64_t> integer_at(std::string_view json, std::string_view pointer);
[[nodiscard]] std::optional<bool> bool_at(std::string_view json, std::string_view pointer);
/// Any value, without white space, to look into further or to pass on; empty where there is none.
[[nodiscard]] Json value_at(std::string_view json, std::string_view pointer);
/// How many elements an array, or fields an object has.
[[nodiscard]] std::optional<std::size_t> size_at(std::string_view json, std::string_view pointer);

/// Deepest nesting that `visit` follows.
inline constexpr int max_depth = 512;

/// Is told about each value of a document, in order. Texts live only for the length of the call.
/// Strings are valid UTF-8: a surrogate without its other half comes as U+FFFD. What is not overridden is passed over.
class Visitor {
 public:
  virtual ~Visitor();
  virtual void on_null() {}
  virtual void on_bool(bool /*value*/) {}
  /// The number as it is written, e.g. "1.0", "1e3", "NaN".
  virtual void on_number(std::string_view /*text*/) {}
  virtual void on_string(std::string_view /*text*/) {}
  virtual void on_array_begin() {}
  virtual void on_array_end() {}
  virtual void on_object_begin() {}
  virtual void on_key(std::string_view /*text*/) {}
  virtual void on_object_end() {}
};

/// Reads one JSON document. Like many readers it also takes NaN, Infinity and -Infinity.
/// @throws Malformed when the text is not one whole JSON value.
void visit(std::string_view text, Visitor& visitor);

/// True for one whole JSON value, also where a string in it holds raw control characters or bytes that are not UTF-8.
[[nodiscard]] bool is_json(std::string_view text);

/// Follows a text piece by piece and knows when all of it is one whole JSON object with nothing but white space
/// around it. Looks at strings and nesting only: fast, linear, and it does not check numbers or keys.
class ObjectScan {
 public:
  /// @return true when everything fed so far is one whole object
  bool feed(std::string_view text) noexcept;
  [[nodiscard]] bool whole() const noexcept { return closed_ && !broken_; }
  /// True when the text so far ends within a string.
  [[nodiscard]] bool in_string() const noexcept { return in_string_; }

 private:
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool closed_ = false;
  bool broken_ = false;
};

[[nodiscard]] inline bool is_whole_object(std::string_view text) noexcept { return ObjectScan().feed(text); }

}  // namespace json
}  // namespace kimistream
