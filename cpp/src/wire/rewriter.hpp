// Messages that were written for an earlier request are written again as they stand there.
#pragma once

#include "json/tree.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/written.hpp"
#include "wire/history.hpp"

namespace kimistream::wire {

class Rewriter {
 public:
  /// @param written null: nothing is kept
  Rewriter(const Provider& provider, ThinkingMode thinking, Written* written);

  /// The turn's message, by `encode` where no text of it is kept. What that makes of a message without parts must
  /// depend on nothing but the turn, the row and the mode.
  template <class Encode>
  json::Tree message(const Turn& turn, Encode&& encode) {
    if (!written_ || !turn.message->parts.empty()) return encode();
    if (auto json = find(turn)) return json::Tree::written(std::move(json));
    return keep(turn, encode());
  }

 private:
  [[nodiscard]] std::shared_ptr<const std::string> find(const Turn& turn) const;
  json::Tree keep(const Turn& turn, const json::Tree& message);

  Written* written_;
};

}  // namespace kimistream::wire
