// Words in texts for people.
#pragma once

#include <cstddef>
#include <string_view>

namespace kimistream::wire {

/// Where the words stand in the text, without regard to the case of ASCII letters; npos where they do not.
[[nodiscard]] std::size_t find_words(std::string_view text, std::string_view words, std::size_t from = 0);

/// Whether the words stand in the text as words: "rpm" is not in "burpments", though "overload" is in "overloaded".
[[nodiscard]] bool says(std::string_view text, std::string_view words);

/// The beginning of the text, not more than so many bytes, never cut inside a character.
[[nodiscard]] std::string_view beginning(std::string_view text, std::size_t longest) noexcept;

}  // namespace kimistream::wire
