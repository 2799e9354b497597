// JSON strings: escaping, unescaping, mending. No parser in here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kimistream::json {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);

/// Where the first byte from `at` on stands that `append_string` does not write without a look: a quote, a backslash, a
/// control character, any beyond ASCII; the text's size where there is none.
[[nodiscard]] std::size_t end_of_plain(std::string_view text, std::size_t at) noexcept;

/// Appends what the escaped text between two quotes means. A lone surrogate is kept as its three bytes (see `Halves`).
/// @return false at an escape that JSON does not have
bool unescape(std::string_view escaped, std::string& out);

/// How many bytes at the beginning of the text are whole UTF-8.
[[nodiscard]] std::size_t utf8_prefix(std::string_view text) noexcept;
/// True when the text is the beginning of one character of UTF-8 and lacks its end.
[[nodiscard]] bool is_cut_utf8(std::string_view text) noexcept;

/// What stands between the quotes of a JSON string.
enum class StringForm {
  plain,    // means itself
  escaped,  // holds escapes: `unescape` says what it means, or that one of them does not exist
  broken,   // cannot be the inside of a string: a quote, a control character, bytes that are not UTF-8
};
[[nodiscard]] StringForm string_form(std::string_view text) noexcept;

/// Makes a document readable that is not quite JSON: bytes that are not UTF-8 become U+FFFD, raw control characters
/// inside strings are escaped.
[[nodiscard]] std::string mend(std::string_view text);

/// The object that the text begins with, white space before it aside; "" where none begins there or it has no end.
[[nodiscard]] std::string_view leading_object(std::string_view text) noexcept;

/// True when `text` ends with (begins with) the three bytes that stand for the first (second) half of a surrogate pair.
[[nodiscard]] bool ends_with_high_half(std::string_view text) noexcept;
[[nodiscard]] bool begins_with_low_half(std::string_view text) noexcept;
/// True when the text holds such a half anywhere.
[[nodiscard]] bool has_half(std::string_view text) noexcept;
/// Joins halves that now stand side by side; those that are still alone become U+FFFD.
[[nodiscard]] std::string join_halves(std::string_view text);

}  // namespace kimistream::json
