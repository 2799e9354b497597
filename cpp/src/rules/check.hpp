// What provider and model would refuse, ignore or charge for in vain, found before anything is sent.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kimistream/message.hpp"
#include "kimistream/model.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "rules/listed.hpp"

namespace kimistream::rules {

/// One rule that a request breaks.
struct Finding {
  std::string code;                   // a stable word, e.g. "fixed_temperature"
  std::string message;                // quotes the rule and says what to do
  bool certain = true;                // false: the documents disagree; a warning at most, and nothing is changed
  std::function<void(Request&)> fix;  // empty where nothing can be changed without guessing
  bool harmless = false;              // the fix loses nothing where the rule is none: it is made though not certain
};

/// @param model the model in the provider's spelling
/// @param listed what the provider says of its models, where that is known, for those that the table does not know
std::vector<Finding> check(const Request& request, const Provider& provider, std::string_view model,
                           const Listed* listed = nullptr);

/// Does with the findings, and with those that are `known` already, what `request.check` asks: off, warn (notices), fix
/// (changes `request`, notices that say so), error. @throws Exception (invalid_request) that lists all certain findings
std::vector<Notice> apply(Request& request, const Provider& provider, std::string_view model,
                          std::vector<Finding> known = {}, const Listed* listed = nullptr);

/// The same for `Check::warn` and `Check::error`, which change nothing.
std::vector<Notice> report(const Request& request, const Provider& provider, std::string_view model,
                           std::vector<Finding> known = {}, const Listed* listed = nullptr);

}  // namespace kimistream::rules
