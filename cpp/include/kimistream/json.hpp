/// @file json.hpp
/// @brief JSON as text, and a visitor to read it with.
///
/// The library passes JSON that it does not interpret (tool parameters, extra fields, raw frames) as text.
/// Whoever wants its parts visits them, with the library's parser or with one of their own.
#pragma once

#include <cstdint>
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

/// Deepest nesting that `visit` follows.
inline constexpr int max_depth = 512;

/// Is told about each value of a document, in order. Texts live only for the length of the call.
/// Strings are valid UTF-8: a surrogate without its other half comes as U+FFFD.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void on_null() = 0;
  virtual void on_bool(bool value) = 0;
  /// The number as it is written, e.g. "1.0", "1e3", "NaN".
  virtual void on_number(std::string_view text) = 0;
  virtual void on_string(std::string_view text) = 0;
  virtual void on_array_begin() = 0;
  virtual void on_array_end() = 0;
  virtual void on_object_begin() = 0;
  virtual void on_key(std::string_view text) = 0;
  virtual void on_object_end() = 0;
};

/// Reads one JSON document. Like many readers it also takes NaN, Infinity and -Infinity.
/// @throws Malformed when the text is not one whole JSON value.
void visit(std::string_view text, Visitor& visitor);

/// Follows a text piece by piece and knows when all of it is one whole JSON object with nothing but white space
/// around it. Looks at strings and nesting only: fast, linear, and it does not check numbers or keys.
class ObjectScan {
 public:
  /// @return true when everything fed so far is one whole object
  bool feed(std::string_view text) noexcept;
  [[nodiscard]] bool whole() const noexcept { return closed_ && !broken_; }

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
