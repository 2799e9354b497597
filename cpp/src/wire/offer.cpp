#include "wire/offer.hpp"

#include <algorithm>

#include "kimistream/json.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

template <class Names>
bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Offer::Offer(const Tree& tools) {
  for (const Tree& tool : tools.items()) {
    const Tree* function = tool.find("function");
    if (!function) function = &tool;  // the other protocol has no such level
    Function& made = functions_.emplace_back();
    made.name = function->text_of("name");
    const Tree* schema = function->find("parameters");
    if (!schema) schema = function->find("input_schema");
    if (!schema) continue;
    if (const Tree* properties = schema->find("properties"))
      for (const auto& [name, property] : properties->fields()) made.parameters.push_back(name);
    if (const Tree* required = schema->find("required"))
      for (const Tree& name : required->items()) made.required.push_back(name.text());
  }
}

std::string_view Offer::meant_by(std::string_view name) const {
  const auto declared = [&](std::string_view each) {
    return std::any_of(functions_.begin(), functions_.end(), [&](const Function& f) { return f.name == each; });
  };
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || declared(name)) return name;
  return declared(name.substr(dot + 1)) ? name.substr(dot + 1) : name;
}

std::string_view Offer::fitting(std::string_view arguments) const {
  std::vector<std::string_view> keys;
  Tree given;
  try {
    given = Tree::parse(arguments.empty() ? std::string_view("{}") : arguments);
  } catch (const json::Malformed&) {
    return {};
  }
  if (!given.is(Tree::Kind::object)) return {};
  for (const auto& [name, value] : given.fields()) keys.push_back(name);
  const Function* found = nullptr;
  for (const Function& function : functions_) {
    const bool fits = std::all_of(keys.begin(), keys.end(), [&](auto key) { return has(function.parameters, key); }) &&
                      std::all_of(function.required.begin(), function.required.end(),
                                  [&](const auto& name) { return has(keys, name); });
    if (!fits || function.name.empty()) continue;
    if (found) return {};
    found = &function;
  }
  return found ? std::string_view(found->name) : std::string_view();
}

std::shared_ptr<const Offer> offer_in(const Tree& body) {
  const Tree* tools = body.find("tools");
  const Tree* choice = body.find("tool_choice");
  if (!tools || tools->items().empty()) return nullptr;
  if (choice && (choice->text() == "none" || choice->text_of("type") == "none")) return nullptr;
  return std::make_shared<const Offer>(*tools);
}

}  // namespace kimistream::wire
