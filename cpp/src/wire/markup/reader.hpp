// Takes the markup of every model out of one text, however it is cut. Nothing of a token reaches whoever reads the
// text; what may become one is held back.
#pragma once

#include <memory>
#include <string_view>

#include "wire/markup/markup.hpp"

namespace kimistream::wire::markup {

class Reader {
 public:
  /// @param home    whose text it is where no markup says otherwise
  /// @param offered calls are looked for: a function was offered to the model. Else markup in an answer is an
  ///                explanation of it, and only what bounds the answer is taken away
  Reader(Side home, bool offered);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  /// True when a fragment can pass as it is: nothing is held back, and it has nothing of a token in it.
  [[nodiscard]] bool passes(std::string_view fragment) noexcept {
    if (busy_ || fragment.empty() || fragment.find('<') != std::string_view::npos) return false;
    last_ = fragment.back();
    said_ = said_ || fragment.find_first_not_of(white) != std::string_view::npos;
    return true;
  }
  /// True when something is held back or open.
  [[nodiscard]] bool busy() const noexcept { return busy_; }
  /// Takes a fragment. @return what it amounts to
  Output feed(std::string_view fragment);
  /// Nothing more comes. @return what was held back and is text or a call after all
  Output finish(Ending ending);

 private:
  struct State;

  void read(std::string_view fragment, Ending ending);

  Side home_;
  bool offered_, busy_ = false, said_ = false;
  char last_ = '\0';
  std::unique_ptr<State> state_;  // made for the first '<'
};

}  // namespace kimistream::wire::markup
