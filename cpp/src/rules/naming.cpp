#include <algorithm>

#include "kimistream/headers.hpp"
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

void check_misnomer(std::string_view model, Findings& findings) {
  for (const Model& row : models())
    if (std::any_of(row.misnomers.begin(), row.misnomers.end(),
                    [&](const auto& name) { return equal_ignoring_case(name, model); }))
      findings.push_back({.code = "unknown_model",
                          .message = "model=" + in_quotes(model) + " is in no list of models that is known. Use " +
                                     in_quotes(row.id) + " with thinking=True or False",
                          .certain = false,
                          .fix = {}});
}

}  // namespace

void check_name(const Provider& provider, std::string_view model, Findings& findings) {
  if (model == provider.default_model || model.empty()) return;
  if (!provider.needs_key) return;  // one's own server: its operator chose the names
  const auto known = [&](const ModelName& name) { return name.own == model || name.neutral == model; };
  if (std::any_of(provider.models.begin(), provider.models.end(), known)) return;
  const Provider* whose = nullptr;
  const std::string neutral = neutral_of(model, whose);
  if (neutral.empty()) return check_misnomer(model, findings);
  const std::string here(model_name(provider, neutral));
  if (here == model) return;
  findings.push_back({.code = "foreign_model",
                      .message = "model=" + in_quotes(model) + " is the name that " + whose->name + " has for " +
                                 neutral + ". Here it is called " + in_quotes(here),
                      .certain = true,
                      .fix = [here](Request& request) { request.model = here; }});
}

}  // namespace kimistream::rules
