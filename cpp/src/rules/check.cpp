#include "rules/check.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kimistream/error.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

bool has_parts(const Request& request) {
  for (const Message& message : request.messages)
    if (!message.parts.empty()) return true;
  return false;
}

/// Nothing but messages is said, as in most requests: then there is nothing to look into.
bool says_nothing_more(const Request& request) {
  return request.fields.empty() && request.extra_body.empty() && request.tools.empty() && !request.max_tokens &&
         !request.temperature && !request.top_p && request.stop.empty() && request.response_format.empty() &&
         request.thinking == ThinkingMode::unset;
}

Notice notice(const Finding& finding) { return {finding.code, finding.message}; }

std::vector<Notice> notices_of(const std::vector<Finding>& findings) {
  std::vector<Notice> notices;
  notices.reserve(findings.size());
  for (const Finding& finding : findings) notices.push_back(notice(finding));
  return notices;
}

void refuse_certain(const std::vector<Finding>& findings) {
  std::string all;
  for (const Finding& finding : findings)
    if (finding.certain) all += (all.empty() ? "" : "\n") + finding.message + " [" + finding.code + "]";
  if (!all.empty()) throw Exception(invalid_request(std::move(all)));
}

/// Changes what can be changed, then looks again: a change may have settled, or uncovered, another rule.
std::vector<Notice> fix(Request& request, const Provider& provider, std::string_view model, const Listed* listed) {
  std::vector<Notice> notices;
  std::string name(model);
  constexpr int rounds = 3;  // a wrong name hides the model's rules, one round each; never without an end
  for (int round = 0;; ++round) {
    std::vector<Finding> findings = check(request, provider, name, listed);
    bool changed = false;
    for (const Finding& finding : findings) {
      if (!(finding.certain || finding.harmless) || !finding.fix || round == rounds) continue;
      finding.fix(request);
      notices.push_back({finding.code, "changed before sending: " + finding.message});
      changed = true;
    }
    if (!changed) {
      for (const Finding& finding : findings) notices.push_back(notice(finding));
      return notices;
    }
    if (!request.model.empty()) name = request.model;
  }
}

}  // namespace

std::vector<Finding> check(const Request& request, const Provider& provider, std::string_view model,
                           const Listed* listed) {
  std::vector<Finding> findings;
  for (const Notice& met : request.notices)
    findings.push_back({.code = met.code, .message = met.message, .certain = false, .fix = {}});
  model = model_name(provider, model);
  if (!listed || !listed->has(model)) check_name(provider, model, findings);
  check_size(request, provider, findings);
  check_message_keys(request, findings);
  check_history(request, provider, findings);
  const bool parts = has_parts(request);
  const bool more = !says_nothing_more(request);
  if (!parts && !more) return findings;
  if (parts) check_media(request, provider, known_model(model, listed), findings);
  if (!more) return findings;
  const View view(request, provider, model, listed);
  check_fields(view, findings);
  check_sampling(view, findings);
  check_thinking(view, findings);
  check_limits(view, findings);
  check_schemas(view, findings);
  check_tools(view, findings);  // last: it may take tools away, and the others count on their places
  return findings;
}

std::vector<Notice> apply(Request& request, const Provider& provider, std::string_view model,
                          std::vector<Finding> known, const Listed* listed) {
  if (request.check == Check::off) return {};
  if (request.check != Check::fix) return report(request, provider, model, std::move(known), listed);
  std::vector<Notice> notices = fix(request, provider, model, listed);
  for (const Finding& finding : known) notices.push_back(notice(finding));
  return notices;
}

std::vector<Notice> report(const Request& request, const Provider& provider, std::string_view model,
                           std::vector<Finding> known, const Listed* listed) {
  std::vector<Finding> findings = check(request, provider, model, listed);
  std::move(known.begin(), known.end(), std::back_inserter(findings));
  if (request.check == Check::error) refuse_certain(findings);
  return notices_of(findings);
}

}  // namespace kimistream::rules
