// A JSON document as a tree, for the few places that change or search one: request options that merge, error bodies,
// model lists. Private to the library: what crosses its border is typed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kimistream::json {

class Tree {
 public:
  enum class Kind { null, boolean, number, string, array, object };
  using Field = std::pair<std::string, Tree>;

  Tree() = default;
  static Tree string(std::string_view text);
  static Tree number(std::string text);
  static Tree boolean(bool value);
  static Tree object();
  static Tree array();
  /// JSON text that is written as it is: shared, not copied. Who looks into it sees null.
  static Tree written(std::shared_ptr<const std::string> json);

  /// @throws json::Malformed
  static Tree parse(std::string_view text);
  /// The same for JSON of which all readers say the same, see strict.hpp: a key that comes twice is Malformed, too.
  /// @throws json::Malformed
  static Tree parse_strictly(std::string_view text);

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is(Kind kind) const noexcept { return kind_ == kind; }
  /// The text of a string or number as it is written; "true" or "false"; "" for anything else.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::vector<Field>& fields() noexcept { return fields_; }
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::vector<Tree>& items() noexcept { return items_; }
  [[nodiscard]] const std::vector<Tree>& items() const noexcept { return items_; }

  /// What a number is worth; nothing for anything else, and for one that no double can come near.
  [[nodiscard]] std::optional<double> as_number() const;

  /// The field of an object, or null.
  [[nodiscard]] const Tree* find(std::string_view key) const noexcept;
  [[nodiscard]] Tree* find(std::string_view key) noexcept;
  /// The text of a string or number field, "" where there is none.
  [[nodiscard]] std::string text_of(std::string_view key) const;
  [[nodiscard]] std::optional<double> number_of(std::string_view key) const;
  /// Sets a field, replacing one of that name; order of first appearance is kept.
  Tree& set(std::string_view key, Tree value);
  void erase(std::string_view key);

  /// True when `patch` has been merged: what it says of each field stands here.
  [[nodiscard]] bool contains(const Tree& patch) const;
  /// Takes over `patch`: objects merge field by field and deep, anything else (null too) replaces.
  void merge(const Tree& patch);

  void write(std::string& out) const;
  /// How many bytes `write` adds, but for escapes.
  [[nodiscard]] std::size_t written_bytes() const noexcept;

 private:
  friend class TreeBuilder;
  Kind kind_ = Kind::null;
  std::string text_;
  std::vector<Field> fields_;
  std::vector<Tree> items_;
  std::shared_ptr<const std::string> written_;
};

}  // namespace kimistream::json
