// A tag of K3's markup: "<|open|>call tool=\"f\" index=\"1\"<|sep|>", "<|close|>call<|sep|>" or "<|end_of_msg|>".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "wire/markup/markup.hpp"

namespace kimistream::wire::markup {

struct Tag {
  static constexpr std::size_t longest = 1024;  // what goes on for longer without its separator is text

  enum class Kind { open, close, end } kind = Kind::end;
  std::string_view name, attributes;
  bool separated = true;  // false: the separator was left out

  /// Reads the tag that `rest` begins with. Blanks may stand round its name; the separator may be missing before
  /// another tag, at the end, and where a line ends behind the close of a channel.
  /// @return its size, `foreign` or `unsure`
  static std::size_t read(std::string_view rest, Ending ending, Tag& tag);

  [[nodiscard]] bool opens(std::string_view what) const { return kind == Kind::open && name == what; }
  [[nodiscard]] bool closes(std::string_view what) const { return kind == Kind::close && name == what; }
  /// True for tools, call, argument and json.
  [[nodiscard]] bool of_calls() const;
  /// The attribute's value, "" where it is missing.
  [[nodiscard]] std::string attribute(std::string_view key) const;
};

}  // namespace kimistream::wire::markup
