#include "rules/naming.hpp"

#include <algorithm>
#include <iterator>

#include "characters.hpp"
#include "kimistream/headers.hpp"
#include "rules/nearest.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

/// The neutral id of what another provider calls by this name, "" where none does.
std::string neutral_of(std::string_view name, const Provider*& whose) {
  for (const Provider* row : providers())
    for (const ModelName& known : row->models)
      if (equal_ignoring_case(known.own, name)) {
        whose = row;
        return known.neutral;
      }
  return {};
}

/// What the models are called at this provider, as far as it is known.
std::vector<std::string> names_at(const Provider& provider) {
  std::vector<std::string> names = {provider.default_model};
  for (const ModelName& name : provider.models) names.push_back(name.own);
  if (provider.models.empty())
    for (const Model& row : models()) names.push_back(row.id);
  return names;
}

bool is_one_of(std::string_view name, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const auto& each) { return equal_ignoring_case(each, name); });
}

std::string digits_of(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), is_digit);
  return digits;
}

/// A name that somebody mistyped, or that only circulates. Another number is another model, perhaps a newer one than
/// this library: nothing is said of it.
void check_spelling(const Provider& provider, std::string_view model, Findings& findings) {
  if (const Model* row = find_model(model); row && model_name(provider, row->id) == model) return;
  const std::string meant = meant_model(provider, model);
  if (meant.empty() || meant == model) return;
  std::string advice = ". Did you mean \"" + meant + "\"?";
  const Model* meant_row = find_model(meant);
  if (meant_row && is_one_of(model, meant_row->misnomers))
    advice = ". Use \"" + meant + "\" with thinking=True or False";
  else if (letters_between(model, meant) > slips_in(model) || digits_of(model) != digits_of(meant))
    return;
  findings.push_back({.code = "unknown_model",
                      .message = "model=\"" + std::string(model) + "\" is in no list of models that is known" + advice,
                      .certain = false,
                      .fix = {}});
}

}  // namespace

std::string meant_model(const Provider& provider, std::string_view model) {
  const std::vector<std::string> names = names_at(provider);
  const auto rows = models();
  const Model* known = find_model(model);
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const Model& each) { return known == &each || is_one_of(model, each.misnomers); });
  if (row != rows.end())
    if (const std::string here(model_name(provider, row->id)); is_one_of(here, names)) return here;
  return std::string(nearest(model, names));
}

void check_name(const Provider& provider, std::string_view model, Findings& findings) {
  if (model == provider.default_model || model.empty()) return;
  if (!provider.needs_key) return;  // one's own server: its operator chose the names
  const auto known = [&](const ModelName& name) { return name.own == model || name.neutral == model; };
  if (std::any_of(provider.models.begin(), provider.models.end(), known)) return;
  const Provider* whose = nullptr;
  const std::string neutral = neutral_of(model, whose);
  if (neutral.empty()) return check_spelling(provider, model, findings);
  const std::string here(model_name(provider, neutral));
  if (here == model) return;
  if (here == neutral && !provider.models.empty()) return;  // it has names of its own, and this one's is not known
  findings.push_back({.code = "foreign_model",
                      .message = "model=" + in_quotes(model) + " is the name that " + whose->name + " has for " +
                                 neutral + ". Here it is called " + in_quotes(here),
                      .certain = true,
                      .fix = [here](Request& request) { request.model = here; }});
}

}  // namespace kimistream::rules
