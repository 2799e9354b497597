/// @file headers.hpp
/// @brief HTTP header fields, in the order in which they came; names compare without regard to case.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kimistream {

/// A list of (name, value) pairs. A value type; as safe to share between threads as a `std::vector`.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : own_(fields) {}

  void add(std::string name, std::string value) { own().emplace_back(std::move(name), std::move(value)); }

  /// Replaces every field of this name by one.
  void set(std::string_view name, std::string value);

  /// The first field of this name, or nothing.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;

  [[nodiscard]] bool empty() const noexcept { return fields().empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return fields().size(); }
  void clear() noexcept { *this = {}; }
  [[nodiscard]] auto begin() const noexcept { return fields().begin(); }
  [[nodiscard]] auto end() const noexcept { return fields().end(); }

  /// Copies made from here on share one list until one of them is changed: for what goes with thousands of requests.
  void share();

  friend bool operator==(const Headers& left, const Headers& right) noexcept {
    return &left.fields() == &right.fields() || left.fields() == right.fields();
  }

 private:
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return shared_ ? *shared_ : own_; }
  std::vector<Field>& own();

  std::vector<Field> own_;  // empty while they are shared
  std::shared_ptr<const std::vector<Field>> shared_;
};

/// True when two ASCII texts are equal but for the case of their letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

}  // namespace kimistream
