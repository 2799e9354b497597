#include "rules/history.hpp"

#include <algorithm>
#include <utility>

#include "characters.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

/// How often a rule is broken, and where first: one finding tells of all.
class Tally {
 public:
  void meet(std::size_t position, std::string_view detail = {}) {
    if (count_++ > 0) return;
    where_ = "message " + std::to_string(position);
    if (!detail.empty()) where_.append(", ").append(in_quotes(detail.substr(0, 80)));
  }

  void report(const char* what, Finding finding, Findings& findings) const {
    if (count_ == 0) return;
    finding.message = where_ + ": " + what;
    if (count_ > 1) finding.message += "; so " + std::to_string(count_) + " times in this conversation";
    findings.push_back(std::move(finding));
  }

 private:
  std::size_t count_ = 0;
  std::string where_;
};

void check_calls(const Request& request, bool strict, Findings& findings) {
  Tally nameless, cut;
  for (std::size_t at = 0; at < request.messages.size(); ++at)
    for (const ToolCall& call : request.messages[at].tool_calls) {
      if (call.name.empty()) nameless.meet(at, call.id);
      if (!is_blank(call.arguments) && !json::is_json(call.arguments)) cut.meet(at, call.id);
    }
  nameless.report(
      "this tool call names no function (\"function name is invalid, must start with a letter\"). Leave the call and "
      "its "
      "result out",
      {.code = "nameless_call", .message = {}, .certain = strict, .fix = remove_nameless_calls}, findings);
  // Met at vLLM ("Unterminated string") and at Cloudflare, by conversations that could never go on.
  cut.report(
      "the arguments of this tool call are no JSON, perhaps because the answer was cut. Servers that read them refuse "
      "the conversation for ever after, so {} is sent in their place. Write back only calls that are complete",
      {.code = "arguments_not_json", .message = {}, .certain = true, .fix = {}}, findings);
}

void check_results(const Request& request, bool strict, Findings& findings) {
  const Pairing pairing = pair_results(request.messages);
  Tally missing, misplaced, orphans, repeated;
  for (const AnsweredCall& call : pairing.calls) {
    const std::string& id = request.messages[call.turn].tool_calls[call.call].id;
    if (!call.result) missing.meet(call.turn, id);
    if (call.apart) misplaced.meet(*call.result, id);
  }
  for (const std::size_t at : pairing.orphans) orphans.meet(at, request.messages[at].tool_call_id);
  for (const std::size_t at : pairing.repeated) repeated.meet(at, request.messages[at].tool_call_id);
  missing.report(
      "this tool call has no result, which most providers refuse (\"tool_call_ids did not have response messages\"). "
      "Answer it, if only with a message that it was not carried out",
      {.code = "missing_tool_result", .message = {}, .certain = strict, .fix = mend_results}, findings);
  misplaced.report(
      "this tool result does not stand directly behind the turn that made the call, which most providers refuse. Put "
      "the results side by side, and what was said between them behind them",
      {.code = "misplaced_tool_result", .message = {}, .certain = strict, .fix = mend_results}, findings);
  orphans.report(
      "this tool result answers no call before it, which most providers refuse (\"tool_call_id is not found\"). Leave "
      "it out, or keep the turn that made the call",
      {.code = "orphan_tool_result", .message = {}, .certain = strict, .fix = mend_results}, findings);
  repeated.report("this tool call has a result already; most providers want exactly one. Leave the others out",
                  {.code = "repeated_tool_result", .message = {}, .certain = false, .fix = {}}, findings);
}

}  // namespace

void check_history(const Request& request, const Provider& provider, Findings& findings) {
  const auto& messages = request.messages;
  const bool strict = provider.fixes_sampling;  // it is the models' maker, or forwards to it
  bool calls = false;
  Tally developers, reasons;
  for (std::size_t at = 0; at < messages.size(); ++at) {
    calls = calls || !messages[at].tool_calls.empty() || messages[at].role == "tool";
    if (messages[at].role == "developer") developers.meet(at);
    if (only_reasons(messages[at])) reasons.meet(at);
  }
  if (strict) {  // earendil-works/pi#8109 at Kimi Code
    Finding finding{.code = "developer_role", .message = {}, .certain = true, .fix = make_developers_system};
    if (provider.protocol != Protocol::openai_chat) finding.fix = {};  // has no such role: it is written as system's
    developers.report("the role \"developer\" is not taken (\"role 'developer' is not allowed\"). Say \"system\"",
                      std::move(finding), findings);
  }
  if (provider.drops_empty_turns)
    reasons.report(
        "this assistant message has reasoning and nothing else, as of an answer that was broken off (\"the message "
        "with "
        "role 'assistant' must not be empty\"). Leave it out",
        {.code = "reasoning_only_turn", .message = {}, .certain = true, .fix = remove_reasoning_turns}, findings);
  if (!calls) return;
  check_calls(request, strict, findings);
  check_results(request, strict, findings);
}

}  // namespace kimistream::rules
