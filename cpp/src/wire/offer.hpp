// The functions that a request offers to the model, as far as its answer is read by them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "json/tree.hpp"

namespace kimistream::wire {

class Offer {
 public:
  /// @param tools the declarations, in either protocol's form
  explicit Offer(const json::Tree& tools);

  /// The function that a model means by `name`: itself, or its last part where only that was declared.
  [[nodiscard]] std::string_view meant_by(std::string_view name) const;
  /// The only function whose parameters these arguments fit; "" where none or several do.
  [[nodiscard]] std::string_view fitting(std::string_view arguments) const;

 private:
  struct Function {
    std::string name;
    std::vector<std::string> parameters, required;
  };
  std::vector<Function> functions_;
};

/// What the body of a request offers; null where it offers nothing, or forbids to call it.
[[nodiscard]] std::shared_ptr<const Offer> offer_in(const json::Tree& body);

}  // namespace kimistream::wire
