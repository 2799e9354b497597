#include "rules/mfjs.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "rules/mfjs_values.hpp"

namespace kimistream::rules::mfjs {
namespace {

using json::Tree;
using Kind = Tree::Kind;

/// Their meaning is lost: accepted and deleted before the answer is constrained.
constexpr std::array<std::string_view, 14> lost_structure = {"allOf",
                                                             "oneOf",
                                                             "not",
                                                             "if",
                                                             "then",
                                                             "else",
                                                             "const",
                                                             "prefixItems",
                                                             "contains",
                                                             "propertyNames",
                                                             "$dynamicRef",
                                                             "dependentSchemas",
                                                             "dependentRequired",
                                                             "patternProperties"};
/// Deleted too, and no more than a check of the value is lost.
constexpr std::array<std::string_view, 11> lost_check = {
    "format",        "pattern",       "exclusiveMinimum", "exclusiveMaximum",      "multipleOf",     "uniqueItems",
    "minProperties", "maxProperties", "unevaluatedItems", "unevaluatedProperties", "contentEncoding"};
/// They stand beside `type` only when they are read as keywords of the schema around them.
constexpr std::array<std::string_view, 4> reserved = {"$defs", "anyOf", "required", "additionalProperties"};

class Checker {
 public:
  Checker(const Tree& root, bool object_root) : root_(root), object_root_(object_root) {
    if (const Tree* defs = root.find("$defs"))
      for (const auto& [name, schema] : defs->fields()) defs_.insert(name);
  }

  std::vector<Problem> run() {
    if (!root_.is(Kind::object)) {
      add("schema_malformed", "the schema must be an object");
    } else if (object_root_ && root_.fields().empty()) {
      check_root();
    } else if (!root_.fields().empty()) {  // {} as a whole means any value
      node(root_, 0);
      if (object_root_) check_root();
      if (keys_ > max_keys) add("schema_size", "more than " + std::to_string(max_keys) + " properties in all");
      if (bytes_ > max_bytes) add("schema_size", "more than " + std::to_string(max_bytes) + " bytes");
    }
    return std::move(problems_);
  }

 private:
  /// A step on the path, for as long as the scope lasts.
  class Step {
   public:
    Step(Checker& checker, std::string_view name) : path_(checker.path_) { path_.push_back(name); }
    ~Step() { path_.pop_back(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    std::vector<std::string_view>& path_;
  };

  bool full() const { return problems_.size() >= max_problems; }

  void add(const char* code, std::string_view rule, bool certain = true) { add(code, rule, certain, certain); }

  void add(const char* code, std::string_view rule, bool certain, bool mends) {
    if (full()) return;
    std::string text = "At path '";
    for (std::size_t i = 0; i < path_.size(); ++i) text.append(i ? "." : "").append(path_[i].substr(0, 100));
    text.append("': ").append(rule);
    problems_.push_back({code, std::move(text), certain, mends});
  }

  void node(const Tree& schema, int depth) {
    if (full()) return;
    if (!schema.is(Kind::object)) return add("schema_malformed", "the schema must be an object");
    if (depth > max_depth) return add("schema_size", "nested deeper than " + std::to_string(max_depth) + " levels");
    bool typed = false, any_of = false;
    const Tree* ref = nullptr;
    for (const auto& [key, value] : schema.fields()) {
      bytes_ += key.size() + value.text().size();  // of names and texts: the schema has at least as many
      typed = typed || key == "type";
      any_of = any_of || key == "anyOf";
      if (key == "$ref") ref = &value;
      keyword(schema, key, value, depth);
      if (full()) return;
    }
    const bool told_of_the_root = depth == 0 && object_root_ && path_.empty();
    if (!typed && !any_of && !ref && !told_of_the_root) add("schema_type", "type is not defined");
    // Refused in August 2026, taken in September.
    if (typed && any_of) add("schema_keyword", "type stands beside anyOf: put it inside", false);
    if (ref) check_beside_ref(schema, ref->text());
  }

  /// "when using $ref, type should be defined in the referenced schema", "conflicting keywords found after $ref
  /// expansion": both met in 2026; words that the definition does not have are taken.
  void check_beside_ref(const Tree& schema, std::string_view ref) {
    const Tree* target = definition(root_, ref);
    for (const auto& [key, value] : schema.fields()) {
      if (key == "$ref" || key == "$defs") continue;
      if (key == "type")
        add("schema_keyword", "when using $ref, type should be defined in the referenced schema");
      else if (target && target->find(key))
        add("schema_keyword", "conflicting keywords found after $ref expansion: " + key.substr(0, 40));
    }
  }

  void keyword(const Tree& schema, const std::string& key, const Tree& value, int depth) {
    if (key == "type") return check_type(value);
    if (key == "properties") return check_properties(value, depth);
    if (key == "required") return check_required(schema, value);
    if (key == "items") return check_child(key, value, depth, "items must be an object, not a list");
    if (key == "anyOf") return check_branches(value, depth);
    if (key == "enum") return check_enum(value, schema.find("type"));
    if (key == "$ref") return check_ref(value);
    if (key == "$defs") return check_defs(value, depth);
    if (key == "additionalProperties") {
      if (value.is(Kind::boolean) || (value.is(Kind::object) && value.fields().empty())) return;
      return check_child(key, value, depth, "additionalProperties must be a boolean or an object");
    }
    if (key == "description" && !value.is(Kind::string)) return add("schema_malformed", "description must be a string");
    if (among(lost_structure, key)) return add("schema_keyword", key + " is not supported and is ignored");
    if (among(lost_check, key)) return add("schema_keyword", key + " is not enforced", false, true);
  }

  void check_type(const Tree& value) {
    if (value.is(Kind::array)) {
      if (value.items().empty()) return add("schema_malformed", "type array cannot be empty");
      for (const Tree& each : value.items())
        if (!each.is(Kind::string) || !among(types, each.text())) return add("schema_malformed", "invalid type");
      return;
    }
    if (!value.is(Kind::string)) return add("schema_malformed", "type must be string or array of strings");
    if (!among(types, value.text())) add("schema_malformed", "invalid type '" + value.text().substr(0, 40) + "'");
  }

  void check_properties(const Tree& value, int depth) {
    if (!value.is(Kind::object)) return add("schema_malformed", "properties must be an object");
    keys_ += value.fields().size();
    const Step step(*this, "properties");
    for (const auto& [name, schema] : value.fields()) {
      const Step inner(*this, name);
      if (name == "$ref") add("schema_ref", "$ref must be a string: no property can have this name");
      if (among(reserved, name)) add("schema_keyword", "the property name is reserved for keywords", false);
      node(schema, depth + 1);
    }
  }

  void check_required(const Tree& schema, const Tree& value) {
    if (!value.is(Kind::array)) return add("schema_malformed", "required must be an array");
    std::unordered_set<std::string_view> known;
    if (const Tree* properties = schema.find("properties"))
      for (const auto& [name, inner] : properties->fields()) known.insert(name);
    for (const Tree& name : value.items()) {
      if (!name.is(Kind::string)) return add("schema_malformed", "items in required array must be strings");
      if (!known.contains(name.text()))
        return add("schema_keyword", "required field '" + name.text().substr(0, 100) + "' not defined in properties");
    }
  }

  void check_child(std::string_view key, const Tree& value, int depth, std::string_view otherwise) {
    if (!value.is(Kind::object)) return add("schema_malformed", otherwise);
    const Step step(*this, key);
    node(value, depth + 1);
  }

  void check_branches(const Tree& value, int depth) {
    if (!value.is(Kind::array)) return add("schema_malformed", "anyOf must be an array");
    if (value.items().empty() || value.items().size() > max_branches)
      return add("schema_malformed", "anyOf must have 1-" + std::to_string(max_branches) + " items");
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      const std::string place = "anyOf[" + std::to_string(i) + "]";
      const Step step(*this, place);
      node(value.items()[i], depth + 1);
    }
  }

  void check_enum(const Tree& value, const Tree* type) {
    if (!value.is(Kind::array)) return add("schema_malformed", "enum must be an array");
    if (value.items().empty()) return add("schema_malformed", "enum array cannot be empty");
    if (value.items().size() > max_enum)
      return add("schema_size", "enum array cannot have more than " + std::to_string(max_enum) + " items");
    Kind first = Kind::null;
    const std::vector<std::string> words = words_of(type);
    for (const Tree& each : value.items()) {
      bytes_ += each.text().size();
      if (!words.empty() && !each.is(Kind::array) && !each.is(Kind::object) && !matches(each, words))
        return add("schema_malformed", "enum value (" + text_of(each).substr(0, 40) + ") does not match any type in " +
                                           text_of(list_of(words)));
      if (each.is(Kind::null)) continue;
      if (each.is(Kind::array) || each.is(Kind::object))
        return add("schema_keyword", "enum values must be strings or numbers", false);
      if (first != Kind::null && !each.is(first))
        return add("schema_keyword", "enum values must be of one type", false);
      first = each.kind();
    }
  }

  void check_ref(const Tree& value) {
    constexpr std::string_view start = "#/$defs/";
    if (!value.is(Kind::string)) return add("schema_malformed", "$ref must be a string");
    const std::string_view ref = value.text();
    if (ref == "#") return;
    if (!ref.starts_with(start)) return add("schema_ref", "references must start with #/$defs/");
    if (!defs_.contains(ref.substr(start.size()))) add("schema_ref", "the referenced definition does not exist");
  }

  void check_defs(const Tree& value, int depth) {
    if (depth > 0) return add("schema_keyword", "$defs is read at the root of the schema only", false);
    if (!value.is(Kind::object)) return add("schema_malformed", "$defs must be an object");
    const Step step(*this, "$defs");
    for (const auto& [name, schema] : value.fields()) {
      const Step inner(*this, name);
      if (name.find('/') != std::string::npos) add("schema_ref", "the name of a definition cannot contain '/'");
      node(schema, depth + 1);
    }
  }

  void check_root() {
    const Tree* type = root_.find("type");
    if (!type) add("schema_type", "type is required and must be \"object\" at the root of a tool's parameters");
    if (type && type->text() != "object") add("schema_malformed", "the root must be of type object");
  }

  const Tree& root_;
  const bool object_root_;  // the parameters of a tool
  std::unordered_set<std::string_view> defs_;
  std::vector<std::string_view> path_;
  std::vector<Problem> problems_;
  std::size_t keys_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

std::vector<Problem> check(const Tree& schema, bool object_root) { return Checker(schema, object_root).run(); }

}  // namespace kimistream::rules::mfjs
