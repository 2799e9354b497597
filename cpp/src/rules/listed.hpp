// Models as their provider describes them in its list (GET /models), for those that the table does not know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kimistream/model.hpp"

namespace kimistream::rules {

/// The described models of one list. A plain value; const access from any thread.
class Listed {
 public:
  Listed() = default;
  /// Reads a list: an object with `data`, or the array itself. Models of the table, and entries that describe nothing,
  /// are left out. What is said in another provider's words counts as well: see `described` in listed.cpp.
  explicit Listed(std::string_view list);

  /// The row of this id in the provider's own spelling, or null.
  [[nodiscard]] const Model* find(std::string_view id) const noexcept;
  /// Whether the list has this id, described or not.
  [[nodiscard]] bool has(std::string_view id) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return ids_.empty(); }

 private:
  std::vector<std::string> ids_;
  std::vector<Model> rows_;
};

/// What is known of a model: the row of the table, else what the list says, else the row of its generation, else null.
[[nodiscard]] const Model* known_model(std::string_view id, const Listed* listed) noexcept;

}  // namespace kimistream::rules
