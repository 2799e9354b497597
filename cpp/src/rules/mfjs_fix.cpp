#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "rules/mfjs.hpp"
#include "rules/mfjs_values.hpp"

namespace kimistream::rules::mfjs {
namespace {

using json::Tree;
using Kind = Tree::Kind;

constexpr std::size_t max_lifted = 1000;       // definitions made for references: schemas come from strangers
constexpr std::size_t max_visited = 100'000;   // subschemas, copies for definitions included
constexpr std::size_t max_merged = 3000;       // fields that a merge looks through
constexpr int max_merge_depth = 64;            // a merge copies what is below it
constexpr std::size_t max_remark_bytes = 200;  // of each constraint that becomes a remark

constexpr std::array<std::string_view, 4> dropped = {"$schema", "$comment", "definitions", "nullable"};
/// Not supported, and worth telling the model in words.
constexpr std::array<std::string_view, 21> remarked = {"not",
                                                       "if",
                                                       "then",
                                                       "else",
                                                       "contains",
                                                       "propertyNames",
                                                       "format",
                                                       "pattern",
                                                       "exclusiveMinimum",
                                                       "multipleOf",
                                                       "exclusiveMaximum",
                                                       "uniqueItems",
                                                       "minProperties",
                                                       "dependentSchemas",
                                                       "dependentRequired",
                                                       "maxProperties",
                                                       "unevaluatedItems",
                                                       "unevaluatedProperties",
                                                       "contentEncoding",
                                                       "patternProperties",
                                                       "$dynamicRef"};

class Fixer {
 public:
  explicit Fixer(const Tree& source) : source_(source) {
    if (const Tree* defs = source.find("$defs"))
      for (const auto& [name, schema] : defs->fields())
        if (!name.empty() && name.find_first_of("/~") == std::string::npos && names_.insert(name).second)
          queue_.emplace_back(name, &schema);
  }

  Tree run(bool object_root) {
    Tree root = node(object_root ? unreferenced() : source_, {}, true, object_root);
    Tree defs = Tree::object();
    for (std::size_t i = 0; i < queue_.size(); ++i) {  // grows on the way
      const auto [name, schema] = queue_[i];
      defs.fields().emplace_back(name, node(*schema));
    }
    const auto place = std::find_if(root.fields().begin(), root.fields().end(),
                                    [](const Tree::Field& field) { return field.first == "$defs"; });
    if (place != root.fields().end() && defs.fields().empty())
      root.fields().erase(place);
    else if (place != root.fields().end())
      place->second = std::move(defs);
    else if (!defs.fields().empty())
      root.fields().emplace_back("$defs", std::move(defs));
    return root;
  }

 private:
  /// What is gathered on the way through one schema, to be decided at its end.
  struct Draft {
    Tree out = Tree::object();
    std::vector<std::string> words{};  // of its type
    std::vector<Tree> values{};        // of its enum
    std::vector<Tree> branches{};
    std::vector<Tree> tuple{};
    std::string remarks{};
    bool nullable = false;
  };

  struct Deeper {
    explicit Deeper(int& level) : depth(level) { ++depth; }
    ~Deeper() { --depth; }
    int& depth;
  };

  Tree node(const Tree& given, const std::vector<std::string>& outer = {}, bool root = false,
            bool object_root = false) {
    if (!given.is(Kind::object)) return typed(root ? "object" : "string");
    if (root && given.fields().empty()) return object_root ? typed("object") : given;  // any value
    if (++visited_ > max_visited) return given;
    const Deeper deeper(depth_);
    const Tree* allOf = depth_ <= max_merge_depth ? given.find("allOf") : nullptr;
    const Tree merged = allOf ? merge_all(given, *allOf) : Tree();
    const Tree& schema = allOf ? merged : given;
    Draft draft;
    draft.words = words_of(schema.find("type"));
    const std::vector<std::string>& hint = draft.words.empty() ? outer : draft.words;
    for (const auto& [key, value] : schema.fields()) keyword(draft, key, value, hint, root);
    finish(draft, outer, root && object_root);
    if (has(draft.out, {"$ref"})) beside_ref(draft.out);
    return std::move(draft.out);
  }

  void keep(Draft& draft, std::string_view key, Tree value) {
    draft.out.fields().emplace_back(std::string(key), std::move(value));
  }

  void remark(Draft& draft, std::string_view key, const Tree& value) {
    std::string text = text_of(value);
    if (text.size() > max_remark_bytes) text = "restricted";
    draft.remarks.append(draft.remarks.empty() ? "" : "; ").append(key).append(": ").append(text);
  }

  void keyword(Draft& draft, const std::string& key, const Tree& value, const std::vector<std::string>& hint,
               bool root) {
    // Put in at the end, where they stand now.
    if (key == "type" || ((key == "enum" || key == "anyOf") && !has(draft.out, {key}))) keep(draft, key, Tree());
    if (key == "nullable") draft.nullable = value.text() == "true";
    if (among(dropped, key)) return;
    if (key == "$ref") return keep_ref(draft, value);
    if (key == "$defs") {
      if (root) keep(draft, key, Tree::object());  // filled at the end
    } else if (key == "$id") {
      if (root && value.is(Kind::string)) keep(draft, key, value);
    } else if (key == "properties") {
      if (value.is(Kind::object)) keep(draft, key, children(draft, value));
    } else if (key == "items" && value.is(Kind::object)) {
      keep(draft, key, node(value));
    } else if (key == "items" || key == "prefixItems") {
      for (const Tree& each : value.items()) draft.tuple.push_back(node(each));
    } else if (key == "anyOf" || key == "oneOf") {
      if (draft.branches.empty())
        for (const Tree& each : value.items()) draft.branches.push_back(node(each, hint));
    } else if (key == "enum") {
      draft.values.insert(draft.values.end(), value.items().begin(), value.items().end());
    } else if (key == "const") {
      if (draft.values.empty()) draft.values.push_back(value);
    } else if (key == "additionalProperties") {
      if (value.is(Kind::object)) keep(draft, key, value.fields().empty() ? value : node(value));
      if (value.is(Kind::boolean)) keep(draft, key, value);
    } else if (key == "description" && !value.is(Kind::string)) {
      return;
    } else if (among(remarked, key)) {
      remark(draft, key, value);
    } else if (key != "type" && key != "allOf") {
      keep(draft, key, value);
    }
  }

  Tree children(Draft& draft, const Tree& properties) {
    Tree out = Tree::object();
    for (const auto& [name, schema] : properties.fields()) {
      if (name == "$ref")  // read as the keyword, whatever stands there; it cannot have another name
        draft.remarks.append(draft.remarks.empty() ? "" : "; ").append("also has the property \"$ref\"");
      else
        out.fields().emplace_back(name, node(schema));
    }
    return out;
  }

  // ---- the end of a schema ------------------------------------------------------------------------------------------

  void finish(Draft& draft, const std::vector<std::string>& outer, bool object_root) {
    tuple(draft);
    required(draft);
    if (has(draft.out, {"$ref"})) {
      draft.branches.clear();
    } else if (!draft.branches.empty() && (has(draft.out, {"properties"}) || object_root)) {
      // Branches that only say which properties go together: the properties matter more. A tool's root has no others.
      if (object_root) fold(draft);
      draft.remarks.append(draft.remarks.empty() ? "" : "; ").append("certain properties belong together");
      draft.branches.clear();
      type(draft, outer, object_root);
    } else if (!draft.branches.empty()) {
      if (draft.nullable) draft.branches.push_back(typed("null"));
      branches(draft);
    } else if (!draft.values.empty() && enumeration(draft)) {
    } else {
      type(draft, outer, object_root);
    }
    describe(draft);
    std::erase_if(draft.out.fields(), [](const Tree::Field& field) {  // places that nothing was put into
      return field.second.is(Kind::null) && (field.first == "type" || field.first == "enum" || field.first == "anyOf");
    });
  }

  /// The properties of all branches, none of them required: one object that takes what any of them does.
  void fold(Draft& draft) const {
    Tree all = Tree::object();
    if (const Tree* own = draft.out.find("properties")) all = *own;
    for (const Tree& branch : draft.branches) {
      const Tree* target = definition(source_, branch.text_of("$ref"));
      if (const Tree* properties = (target ? *target : branch).find("properties"))
        for (const auto& [name, schema] : properties->fields())
          if (!all.find(name)) all.fields().emplace_back(name, schema);
    }
    draft.out.set("properties", std::move(all));
  }

  void type(Draft& draft, const std::vector<std::string>& outer, bool object_root) {
    std::vector<std::string> words = draft.words;
    if (words.empty()) words = outer;
    if (words.empty()) words.emplace_back(guess(draft, object_root));
    if (object_root) words = {"object"};
    if (draft.nullable && !among(words, "null")) words.emplace_back("null");
    put_type(draft, words);
  }

  void put_type(Draft& draft, const std::vector<std::string>& words) {
    Tree value = words.size() == 1 ? Tree::string(words.front()) : list_of(words);
    if (has(draft.out, {"type"}))
      draft.out.set("type", std::move(value));
    else
      draft.out.fields().emplace(draft.out.fields().begin(), "type", std::move(value));
  }

  std::string_view guess(const Draft& draft, bool object_root) const {
    const auto about = [&](std::initializer_list<std::string_view> keys) {
      return has(draft.out, keys) || std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
               return draft.remarks.find(std::string(key) + ":") != std::string::npos;
             });
    };
    if (object_root || about({"properties", "required", "additionalProperties", "patternProperties", "maxProperties"}))
      return "object";
    if (about({"items", "minItems", "maxItems", "uniqueItems", "contains"})) return "array";
    if (about({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})) return "number";
    return "string";
  }

  /// Values of one type each, under a type that fits them. @return false where no value is left
  bool enumeration(Draft& draft) {
    std::vector<Tree> fitting;
    for (const Tree& value : draft.values)
      if (!draft.words.empty() && matches(value, draft.words)) fitting.push_back(value);
    if (fitting.empty())  // none given, or one that contradicts the values: they are what is meant
      for (const Tree& value : draft.values)
        if (!value.is(Kind::array) && !value.is(Kind::object)) fitting.push_back(value);
    bool null = draft.nullable || among(draft.words, "null");
    std::vector<std::pair<std::string, Tree>> groups;
    for (Tree& value : fitting) {
      if (value.is(Kind::null)) {
        null = true;
        continue;
      }
      const std::string kind = value.is(Kind::string) ? "string" : value.is(Kind::boolean) ? "boolean" : "number";
      auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& each) { return each.first == kind; });
      if (group == groups.end()) group = groups.insert(groups.end(), {kind, Tree::array()});
      group->second.items().push_back(std::move(value));
    }
    if (groups.empty()) {
      if (null) draft.words = {"null"};
      return false;
    }
    for (auto& [kind, values] : groups)
      if (kind == "number" && !among(draft.words, "number") &&
          std::all_of(values.items().begin(), values.items().end(), is_integer))
        kind = "integer";
    if (groups.size() == 1) {
      std::vector<std::string> words = {groups.front().first};
      const bool first = draft.words.size() > 1 && draft.words.front() == "null";
      if (null) words.insert(first ? words.begin() : words.end(), "null");
      put_type(draft, words);
      if (null && has_null(draft.values)) groups.front().second.items().emplace_back();
      draft.out.set("enum", std::move(groups.front().second));
      return true;
    }
    for (auto& [kind, values] : groups) {
      Tree branch = typed(kind);
      branch.set("enum", std::move(values));
      draft.branches.push_back(std::move(branch));
    }
    if (null) draft.branches.push_back(typed("null"));
    branches(draft);
    return true;
  }

  static bool has_null(const std::vector<Tree>& values) {
    return std::any_of(values.begin(), values.end(), [](const Tree& value) { return value.is(Kind::null); });
  }

  void branches(Draft& draft) {
    Tree list = Tree::array();
    list.items() = std::move(draft.branches);
    draft.out.set("anyOf", std::move(list));
  }

  void tuple(Draft& draft) {
    if (draft.tuple.empty() || has(draft.out, {"items"})) return;
    std::unordered_set<std::string> seen;
    std::vector<Tree> kinds;
    for (Tree& each : draft.tuple)
      if (seen.insert(text_of(each)).second) kinds.push_back(std::move(each));
    Tree items = Tree::object();
    if (kinds.size() == 1) {
      items = std::move(kinds.front());
    } else {
      Tree list = Tree::array();
      list.items() = std::move(kinds);
      items.set("anyOf", std::move(list));
    }
    keep(draft, "items", std::move(items));
  }

  void required(Draft& draft) {
    Tree* names = nullptr;
    const Tree* properties = nullptr;
    for (auto& [key, value] : draft.out.fields()) {
      if (key == "required") names = &value;
      if (key == "properties") properties = &value;
    }
    if (!names) return;
    std::unordered_set<std::string_view> known;
    if (properties)
      for (const auto& [name, schema] : properties->fields()) known.insert(name);
    const bool empty = names->is(Kind::array) && names->items().empty();
    std::erase_if(names->items(), [&](const Tree& name) { return !known.contains(name.text()); });
    if (!empty && names->items().empty()) draft.out.erase("required");
  }

  void describe(Draft& draft) {
    if (draft.remarks.empty()) return;
    std::string text = draft.out.text_of("description");
    text += (text.empty() ? "(" : " (") + draft.remarks + ")";
    draft.out.set("description", Tree::string(text));
  }

  // ---- references ---------------------------------------------------------------------------------------------------

  void keep_ref(Draft& draft, const Tree& value) {
    constexpr std::string_view start = "#/$defs/";
    if (!value.is(Kind::string)) return;
    const std::string& ref = value.text();
    if (ref == "#" || (ref.starts_with(start) && names_.contains(ref.substr(start.size()))))
      return keep(draft, "$ref", value);
    const std::string name = lift(ref);
    if (!name.empty()) return keep(draft, "$ref", Tree::string(std::string(start) + name));
    if (!ref.starts_with("#")) remark(draft, "see", value);
  }

  /// What a definition says already, its reference may not say again, and of the type nothing. The place's own words
  /// are the better ones: they go one level up, where they are its own.
  void beside_ref(Tree& out) const {
    out.erase("type");
    const Tree* target = definition(source_, out.text_of("$ref"));
    if (!target) return;
    Tree alone = Tree::object(), around = Tree::object(), list = Tree::array();
    for (auto& [key, value] : out.fields()) {
      const bool conflicts = key != "$ref" && key != "$defs" && target->find(key);
      if (!conflicts)
        alone.fields().emplace_back(key, std::move(value));
      else if (among(annotations, key))
        around.fields().emplace_back(key, std::move(value));
    }
    out = std::move(alone);
    if (around.fields().empty()) return;
    list.items().push_back(std::move(out));
    around.fields().emplace(around.fields().begin(), "anyOf", std::move(list));
    out = std::move(around);
  }

  /// Makes a definition of what a reference points at. @return its name, "" where it points at nothing in here
  std::string lift(const std::string& ref) {
    const auto known = lifted_.find(ref);
    if (known != lifted_.end()) return known->second;
    if (lifted_.size() >= max_lifted || visited_ > max_visited) return {};
    std::string& name = lifted_[ref];
    std::string last;
    const Tree* target = resolve(ref, last);
    if (!target || !target->is(Kind::object)) return {};
    for (char& c : last)
      if (c == '/' || c == '~') c = '_';
    if (last.empty()) last = "definition";
    name = last;
    for (int i = 2; !names_.insert(name).second; ++i) name = last + "_" + std::to_string(i);
    queue_.emplace_back(name, target);
    return name;
  }

  const Tree* resolve(std::string_view ref, std::string& last) const {
    if (!ref.starts_with("#/")) return nullptr;
    const Tree* node = &source_;
    for (std::string_view rest = ref.substr(2); node;) {
      const std::size_t slash = rest.find('/');
      last = unescaped(rest.substr(0, slash));
      node = step(*node, last);
      if (slash == std::string_view::npos) break;
      rest.remove_prefix(slash + 1);
    }
    return node;
  }

  /// The source with what its root refers to in the root's place: a tool's root must say its type itself.
  Tree unreferenced() const {
    const Tree* ref = source_.find("$ref");
    std::string last;
    const Tree* target = ref ? resolve(ref->text(), last) : nullptr;
    if (!target || !target->is(Kind::object)) return source_;
    Tree whole = *target, own = source_;
    own.erase("$ref");
    whole.merge(own);
    return whole;
  }

  static std::string unescaped(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
      if (token[i] == '~' && i + 1 < token.size()) {
        out += token[++i] == '1' ? '/' : '~';
      } else {
        out += token[i];
      }
    }
    return out;
  }

  static const Tree* step(const Tree& node, const std::string& token) {
    if (!node.is(Kind::array)) return node.find(token);
    std::size_t index = 0;
    const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
    return read.ec == std::errc() && index < node.items().size() ? &node.items()[index] : nullptr;
  }

  // ---- allOf --------------------------------------------------------------------------------------------------------

  Tree merge_all(const Tree& schema, const Tree& all) {
    Tree merged = schema;
    merged.erase("allOf");
    const bool plain = !has(merged, {"type", "properties", "anyOf", "oneOf", "enum", "$ref"});
    if (all.items().size() == 1 && plain && all.items().front().find("$ref")) {
      merged.set("$ref", *all.items().front().find("$ref"));
      return merged;
    }
    std::size_t looked_through = merged.fields().size();
    for (const Tree& each : all.items()) {
      std::string last;
      const Tree* ref = each.find("$ref");
      const Tree* part = ref ? resolve(ref->text(), last) : &each;
      if (!part || !part->is(Kind::object)) continue;
      const Tree* properties = part->find("properties");
      looked_through += part->fields().size() + (properties ? properties->fields().size() : 0);
      if (looked_through > max_merged) break;
      add_part(merged, *part);
    }
    return merged;
  }

  static void add_part(Tree& merged, const Tree& part) {
    Tree both = Tree::array();
    for (const Tree* side : {static_cast<const Tree*>(&merged), &part})
      if (const Tree* names = side->find("required"))
        both.items().insert(both.items().end(), names->items().begin(), names->items().end());
    Tree patch = part;
    patch.erase("allOf");
    merged.merge(patch);
    if (!both.items().empty()) merged.set("required", std::move(both));
  }

  const Tree& source_;
  std::unordered_set<std::string> names_;                   // of definitions
  std::unordered_map<std::string, std::string> lifted_;     // reference -> name
  std::vector<std::pair<std::string, const Tree*>> queue_;  // definitions to write
  std::size_t visited_ = 0;
  int depth_ = 0;
};

}  // namespace

Tree fix(const Tree& schema, bool object_root) { return Fixer(schema).run(object_root); }

Json fix(const Json& schema) {
  try {
    const Tree tree = Tree::parse(schema.text);
    if (!tree.is(Kind::object)) return schema;
    Json fixed;
    fix(tree, false).write(fixed.text);
    return fixed;
  } catch (const json::Malformed&) {
    return schema;
  }
}

}  // namespace kimistream::rules::mfjs
