#include "json/tree.hpp"

#include <algorithm>

#include "json/number.hpp"
#include "json/strict.hpp"
#include "json/text.hpp"
#include "kimistream/json.hpp"

namespace kimistream::json {

class TreeBuilder : public Visitor {
 public:
  void on_null() override { add(Tree()); }
  void on_bool(bool value) override { add(Tree::boolean(value)); }
  void on_number(std::string_view text) override { add(Tree::number(std::string(text))); }
  void on_string(std::string_view text) override { add(Tree::string(text)); }
  void on_array_begin() override { open(Tree::array()); }
  void on_array_end() override { close(); }
  void on_object_begin() override { open(Tree::object()); }
  void on_object_end() override { close(); }
  void on_key(std::string_view text) override { stack_.back().second.assign(text); }

  Tree take() { return std::move(root_); }

 private:
  void open(Tree tree) { stack_.emplace_back(std::move(tree), std::string()); }
  void close() {
    Tree done = std::move(stack_.back().first);
    stack_.pop_back();
    add(std::move(done));
  }
  void add(Tree value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& [parent, key] = stack_.back();
    if (parent.kind() == Tree::Kind::array)
      parent.items().push_back(std::move(value));
    else
      parent.fields().emplace_back(std::move(key), std::move(value));
  }

  Tree root_;
  std::vector<std::pair<Tree, std::string>> stack_;
};

namespace {

bool has_twins(const std::vector<Tree::Field>& fields) {
  constexpr std::size_t few = 12;
  if (fields.size() <= few) {
    for (auto one = fields.begin(); one != fields.end(); ++one)
      for (auto other = fields.begin(); other != one; ++other)
        if (one->first == other->first) return true;
    return false;
  }
  std::vector<std::string_view> keys;
  keys.reserve(fields.size());
  for (const Tree::Field& field : fields) keys.push_back(field.first);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

bool has_twins_anywhere(const Tree& tree) {
  if (has_twins(tree.fields())) return true;
  return std::any_of(tree.items().begin(), tree.items().end(), has_twins_anywhere) ||
         std::any_of(tree.fields().begin(), tree.fields().end(),
                     [](const Tree::Field& field) { return has_twins_anywhere(field.second); });
}

}  // namespace

Tree Tree::string(std::string_view text) {
  Tree tree;
  tree.kind_ = Kind::string;
  tree.text_.assign(text);
  return tree;
}
Tree Tree::number(std::string text) {
  Tree tree;
  tree.kind_ = Kind::number;
  tree.text_ = std::move(text);
  return tree;
}
Tree Tree::boolean(bool value) {
  Tree tree;
  tree.kind_ = Kind::boolean;
  tree.text_ = value ? "true" : "false";
  return tree;
}
Tree Tree::object() {
  Tree tree;
  tree.kind_ = Kind::object;
  return tree;
}
Tree Tree::array() {
  Tree tree;
  tree.kind_ = Kind::array;
  return tree;
}

Tree Tree::written(std::shared_ptr<const std::string> json) {
  Tree tree;
  tree.written_ = std::move(json);
  return tree;
}

Tree Tree::parse(std::string_view text) {
  TreeBuilder builder;
  visit(text, builder);
  return builder.take();
}

Tree Tree::parse_strictly(std::string_view text) {
  TreeBuilder builder;
  visit_strictly(text, builder);
  Tree tree = builder.take();
  if (has_twins_anywhere(tree)) throw Malformed("a key comes twice");
  return tree;
}

const Tree* Tree::find(std::string_view key) const noexcept {
  // The last one of a name counts, as in most readers.
  const auto found = std::find_if(fields_.rbegin(), fields_.rend(), [&](const Field& f) { return f.first == key; });
  return found == fields_.rend() ? nullptr : &found->second;
}

Tree* Tree::find(std::string_view key) noexcept { return const_cast<Tree*>(std::as_const(*this).find(key)); }

std::string Tree::text_of(std::string_view key) const {
  const Tree* field = find(key);
  return field && (field->is(Kind::string) || field->is(Kind::number)) ? field->text_ : std::string();
}

std::optional<double> Tree::number_of(std::string_view key) const {
  const Tree* field = find(key);
  return field ? field->as_number() : std::nullopt;
}

std::optional<double> Tree::as_number() const {
  if (!is(Kind::number)) return std::nullopt;
  std::string_view text = text_;
  return take_number(text);
}

Tree& Tree::set(std::string_view key, Tree value) {
  kind_ = Kind::object;
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.first == key; });
  if (found != fields_.end()) return found->second = std::move(value);
  return fields_.emplace_back(std::string(key), std::move(value)).second;
}

void Tree::erase(std::string_view key) {
  std::erase_if(fields_, [&](const Field& f) { return f.first == key; });
}

bool Tree::contains(const Tree& patch) const {
  if (kind_ != patch.kind_) return false;
  if (!is(Kind::object))
    return text_ == patch.text_ && items_.size() == patch.items_.size() &&
           std::equal(items_.begin(), items_.end(), patch.items_.begin(),
                      [](const Tree& mine, const Tree& theirs) { return mine.contains(theirs); });
  return std::all_of(patch.fields_.begin(), patch.fields_.end(), [&](const Field& field) {
    const Tree* mine = find(field.first);
    return mine && mine->contains(field.second);
  });
}

void Tree::merge(const Tree& patch) {
  if (!is(Kind::object) || !patch.is(Kind::object)) {
    *this = patch;
    return;
  }
  for (const auto& [key, value] : patch.fields_) {
    const auto found =
        std::find_if(fields_.begin(), fields_.end(), [&name = key](const Field& f) { return f.first == name; });
    if (found == fields_.end())
      fields_.emplace_back(key, value);
    else
      found->second.merge(value);
  }
}

void Tree::write(std::string& out) const {
  const auto separated = [&](const auto& list, auto&& each) {
    bool first = true;
    for (const auto& element : list) {
      if (!std::exchange(first, false)) out += ',';
      each(element);
    }
  };
  if (written_) {
    out += *written_;
    return;
  }
  switch (kind_) {
    case Kind::null: out += "null"; break;
    case Kind::boolean:
    case Kind::number: out += text_; break;
    case Kind::string: append_string(out, text_); break;
    case Kind::array:
      out += '[';
      separated(items_, [&](const Tree& item) { item.write(out); });
      out += ']';
      break;
    case Kind::object:
      out += '{';
      separated(fields_, [&](const Field& field) {
        append_string(out, field.first);
        out += ':';
        field.second.write(out);
      });
      out += '}';
      break;
  }
}

std::size_t Tree::written_bytes() const noexcept {
  std::size_t bytes = text_.size() + 4 + (written_ ? written_->size() : 0);
  for (const auto& [key, value] : fields_) bytes += key.size() + 4 + value.written_bytes();
  for (const Tree& item : items_) bytes += item.written_bytes();
  return bytes;
}

}  // namespace kimistream::json
