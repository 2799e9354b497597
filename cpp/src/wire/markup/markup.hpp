// The markup that a model writes round its thinking, its answer and its calls. Servers parse it; where one lets it
// through it stands in the text. One generation's markup is one grammar (k2.cpp, k3.cpp): the next is a file more, and
// a line in reader.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "wire/markup/sink.hpp"

namespace kimistream::wire::markup {

/// How a text ends.
enum class Ending {
  open,  // more may come
  stop,  // the model has ended it
  cut,   // tokens or connection ran out
};

/// What every token of every grammar begins with.
inline constexpr std::string_view prefix = "<|";

/// What `Grammar::measure` says beside the size of a token.
inline constexpr std::size_t foreign = 0;                 // no token of this grammar
inline constexpr std::size_t unsure = std::string::npos;  // it may become one

/// Reads a text in pieces, from a token on that opens something until that is closed. All it holds back has a limit.
class Grammar {
 public:
  Grammar() = default;
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;
  virtual ~Grammar() = default;

  /// @return the size of the token that `rest` begins with, `foreign` or `unsure`
  [[nodiscard]] virtual std::size_t measure(std::string_view rest, Ending ending, const Sink& sink) const = 0;
  /// Does what a token says. @param behind what follows it directly: the end, or `open`
  virtual void take(std::string_view token, Ending behind, Sink& sink) = 0;
  /// True when something is open, so that all that comes is this grammar's.
  [[nodiscard]] virtual bool inside() const noexcept = 0;
  /// While `inside`. @return how much of `rest` was read; what is left may be a token under way
  std::size_t read(std::string_view rest, Ending ending, Sink& sink);
  /// At a model's own end, still `inside`: text to be read once more, because something in it was taken for what it
  /// was not. It gives some only once.
  [[nodiscard]] virtual std::string again() = 0;
  /// At the end, still `inside`: closes what is open.
  virtual void finish(Ending ending, Sink& sink) = 0;

 protected:
  /// Text without tokens, while `inside`; takes all of it.
  virtual void add(std::string_view text, Sink& sink) = 0;
  /// True within a string of JSON, where whatever may look like a token is a part of it: the quotation mark that ends
  /// the string could pass for one of an attribute.
  [[nodiscard]] virtual bool quotes() = 0;
  /// True when a token is a part of the text where it stands.
  [[nodiscard]] virtual bool holds(std::string_view) { return false; }
};

}  // namespace kimistream::wire::markup
