#include "rules/view.hpp"

#include <algorithm>
#include <array>

namespace kimistream::rules {
namespace {

using json::Tree;

bool same(const Tree& left, const Tree& right) {
  if (left.kind() != right.kind()) return false;
  std::string a, b;
  left.write(a);
  right.write(b);
  return a == b;
}

std::optional<bool> flag(const Tree* value) {
  if (!value || !value->is(Tree::Kind::boolean)) return std::nullopt;
  return value->text() == "true";
}

Tree* find(Tree& tree, std::string_view key) {
  const auto found = std::find_if(tree.fields().rbegin(), tree.fields().rend(),
                                  [&](const Tree::Field& field) { return field.first == key; });
  return found == tree.fields().rend() ? nullptr : &found->second;
}

Tree* find(Tree& tree, std::initializer_list<std::string_view> path) {
  Tree* node = &tree;
  for (const auto key : path)
    if (!(node = find(*node, key))) return nullptr;
  return node;
}

/// A declaration as it stands on the wire.
void read_declaration(Tree declaration, ToolView& tool) {
  if (const std::string type = declaration.text_of("type"); !type.empty()) tool.type = type;
  if (Tree* function = find(declaration, "function")) {
    tool.name = function->text_of("name");
    tool.strict = flag(function->find("strict"));
    if (Tree* parameters = find(*function, "parameters")) {
      tool.parameters = std::move(*parameters);
      function->erase("parameters");
    }
  }
  tool.declaration = std::move(declaration);
}

/// Whether a key of the tree may be one of the patch's: a look at its text, which spares most requests its parsing.
bool may_touch(const Json& patch, const Tree& tree) {
  return std::any_of(tree.fields().begin(), tree.fields().end(), [&](const Tree::Field& field) {
    return patch.text.find('"' + field.first + '"') != std::string::npos;
  });
}

/// The one of the caller's two objects that decides a field: it is merged last.
Json& holder(Request& request, std::string_view key) {
  const auto tree = object_in(request.extra_body);
  return tree && tree->find(key) ? request.extra_body : request.fields;
}

bool holds(const Request& request, std::string_view key) {
  for (const Json* json : {&request.extra_body, &request.fields})
    if (const auto tree = object_in(*json); tree && tree->find(key)) return true;
  return false;
}

}  // namespace

std::optional<Tree> object_in(const Json& json) {
  if (json.empty()) return std::nullopt;
  try {
    Tree tree = Tree::parse(json.text);
    if (tree.is(Tree::Kind::object)) return tree;
  } catch (const json::Malformed&) {
  }
  return std::nullopt;
}

bool covers(const Tree& tree, const Tree& patch) {
  if (patch.fields().empty()) return false;
  return std::all_of(patch.fields().begin(), patch.fields().end(), [&](const Tree::Field& field) {
    const Tree* there = tree.find(field.first);
    if (!there) return false;
    return field.second.is(Tree::Kind::object) ? covers(*there, field.second) : same(*there, field.second);
  });
}

void subtract(Tree& tree, const Tree& patch) {
  for (const auto& [key, value] : patch.fields()) {
    Tree* there = find(tree, key);
    if (!there) continue;
    if (value.is(Tree::Kind::object)) subtract(*there, value);
    if (!value.is(Tree::Kind::object) || there->fields().empty()) tree.erase(key);
  }
}

View::View(const Request& asked, const Provider& row, std::string_view id, const Listed* listed)
    : request(asked),
      provider(row),
      model_id(id),
      model(known_model(id, listed)),
      fields_(object_in(asked.fields)),
      extra_body_(object_in(asked.extra_body)),
      format_(object_in(asked.response_format)) {
  read_thinking();
}

void View::read_thinking() {
  thinking_ = request.thinking;
  keeps_ = thinking_ == ThinkingMode::keep;
  const auto said = [&](const std::optional<Tree>& tree) {
    return tree && (may_touch(provider.thinking_on, *tree) || may_touch(provider.thinking_off, *tree) ||
                    may_touch(provider.thinking_keep, *tree));
  };
  if (!said(fields_) && !said(extra_body_)) return;
  const auto on = object_in(provider.thinking_on), off = object_in(provider.thinking_off),
             keep = object_in(provider.thinking_keep);
  for (const auto* tree : {&fields_, &extra_body_}) {  // in the order in which they are merged
    if (!*tree) continue;
    if (keep && covers(**tree, *keep)) keeps_ = true;
    if (off && covers(**tree, *off))
      thinking_ = ThinkingMode::off;
    else if (on && covers(**tree, *on))
      thinking_ = ThinkingMode::on;
  }
}

const ServedModel* View::served() const noexcept {
  if (!model) return nullptr;
  const auto row = std::find_if(model->served.begin(), model->served.end(),
                                [&](const ServedModel& each) { return each.provider == provider.name; });
  return row == model->served.end() ? nullptr : &*row;
}

const Tree* View::sent(std::string_view key) const noexcept {
  for (const auto* tree : {&extra_body_, &fields_})
    if (*tree)
      if (const Tree* value = (*tree)->find(key)) return value->is(Tree::Kind::null) ? nullptr : value;
  return nullptr;
}

std::optional<double> View::number(std::string_view key, std::optional<double> typed) const {
  for (const auto* tree : {&extra_body_, &fields_})
    if (*tree && (*tree)->find(key)) return (*tree)->number_of(key);
  return typed;
}

bool View::thinks() const noexcept {
  if (model && (!model->thinks || model->thinking_optional == false)) return model->thinks;
  return thinking_ != ThinkingMode::off;
}

std::string View::tool_choice() const {
  const Tree* choice = sent("tool_choice");
  if (choice) return choice->is(Tree::Kind::object) ? "named" : choice->text();
  if (request.tool_choice.empty() || request.tools.empty()) return {};  // not sent without tools
  constexpr std::array words = {"auto", "none", "required"};
  const bool word = std::find(words.begin(), words.end(), request.tool_choice) != words.end();
  return word ? request.tool_choice : "named";
}

std::size_t View::tool_count() const noexcept {
  const Tree* written = sent("tools");
  return written ? written->items().size() : request.tools.size();
}

const std::vector<ToolView>& View::tools() const {
  if (!tools_) tools_ = read_tools();
  return *tools_;
}

std::vector<ToolView> View::read_tools() const {
  std::vector<ToolView> tools;
  tools.reserve(tool_count());
  if (const Tree* written = sent("tools")) {
    for (const Tree& declaration : written->items()) {
      ToolView& tool = tools.emplace_back(ToolView{.index = tools.size()});
      read_declaration(declaration, tool);
    }
    return tools;
  }
  for (const Tool& given : request.tools) {
    ToolView& tool = tools.emplace_back(ToolView{.index = tools.size()});
    if (given.raw.empty()) {
      tool.name = given.name;
      tool.strict = given.strict;
      tool.parameters = object_in(given.parameters);
    } else if (auto declaration = object_in(given.raw)) {
      read_declaration(std::move(*declaration), tool);
    }
  }
  return tools;
}

FormatView View::response_format() const {
  const Tree* format = sent("response_format");
  if (!format && format_) format = &*format_;
  FormatView view;
  if (!format) return view;
  view.type = format->text_of("type");
  if (const Tree* named = view.type == "json_schema" ? format->find("json_schema") : nullptr) {
    view.schema = named->find("schema");
    view.strict = flag(named->find("strict"));
  }
  return view;
}

void edit(Json& json, const std::function<void(Tree&)>& change) {
  auto tree = object_in(json);
  if (!tree) return;
  change(*tree);
  json.text.clear();
  if (!tree->fields().empty()) tree->write(json.text);
}

void drop(Request& request, std::string_view key) {
  if (key == "temperature") request.temperature.reset();
  if (key == "top_p") request.top_p.reset();
  if (key == "tool_choice") request.tool_choice.clear();
  for (Json* json : {&request.fields, &request.extra_body}) edit(*json, [&](Tree& tree) { tree.erase(key); });
}

void edit_tool_parameters(Request& request, std::size_t index, const std::function<void(Tree&)>& change) {
  if (holds(request, "tools")) {
    edit(holder(request, "tools"), [&](Tree& tree) {
      Tree* tools = find(tree, "tools");
      if (index >= tools->items().size()) return;
      if (Tree* parameters = find(tools->items()[index], {"function", "parameters"})) change(*parameters);
    });
  } else if (index < request.tools.size()) {
    Tool& tool = request.tools[index];
    if (tool.raw.empty())
      edit(tool.parameters, change);
    else
      edit(tool.raw, [&](Tree& tree) {
        if (Tree* parameters = find(tree, {"function", "parameters"})) change(*parameters);
      });
  }
}

void edit_response_schema(Request& request, const std::function<void(Tree&)>& change) {
  const bool written = holds(request, "response_format");
  edit(written ? holder(request, "response_format") : request.response_format, [&](Tree& tree) {
    Tree* format = written ? find(tree, "response_format") : &tree;
    if (Tree* schema = find(*format, {"json_schema", "schema"})) change(*schema);
  });
}

void remove_tool(Request& request, std::size_t index) {
  if (holds(request, "tools")) {
    edit(holder(request, "tools"), [&](Tree& tree) {
      auto& tools = find(tree, "tools")->items();
      if (index < tools.size()) tools.erase(tools.begin() + static_cast<std::ptrdiff_t>(index));
    });
  } else if (index < request.tools.size()) {
    request.tools.erase(request.tools.begin() + static_cast<std::ptrdiff_t>(index));
  }
}

}  // namespace kimistream::rules
