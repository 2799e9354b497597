#include <algorithm>

#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

void keep_becomes_on(Request& request, const Json& patch) {
  if (request.thinking == ThinkingMode::keep) request.thinking = ThinkingMode::on;
  if (const auto keep = object_in(patch))
    for (Json* json : {&request.fields, &request.extra_body})
      edit(*json, [&](json::Tree& tree) { subtract(tree, *keep); });
}

void off_becomes_on(Request& request, const Json& off_patch, const Json& on_patch) {
  if (request.thinking == ThinkingMode::off) request.thinking = ThinkingMode::unset;
  const auto off = object_in(off_patch), on = object_in(on_patch);
  if (!off || !on) return;
  for (Json* json : {&request.fields, &request.extra_body})
    edit(*json, [&](json::Tree& tree) {
      if (!covers(tree, *off)) return;
      subtract(tree, *off);
      tree.merge(*on);
    });
}

void check_keep(const View& view, Findings& findings) {
  if (!view.keeps()) return;
  if (view.model && view.model->takes_keep == false) {
    findings.push_back(
        {.code = "keep_not_supported",
         .message = view.model->id + " does not know thinking.keep: reasoning of earlier turns is not "
                                     "kept in view. Use thinking=True, or a model that has it "
                                     "(platform.kimi.ai/docs/api/chat)",
         .certain = true,
         .fix = [patch = view.provider.thinking_keep](Request& request) { keep_becomes_on(request, patch); }});
  } else if (view.provider.thinking_keep.empty()) {
    findings.push_back({.code = "keep_not_taken",
                        .message = view.provider.name + " documents no way to keep the reasoning of earlier turns in "
                                                        "the model's view: thinking=\"keep\" is sent as thinking=True",
                        .certain = false,
                        .fix = {}});
  }
}

void check_off(const View& view, Findings& findings) {
  if (view.thinking() == ThinkingMode::off && view.provider.thinking_off.empty())
    findings.push_back({.code = "thinking_not_switched",
                        .message = view.provider.name +
                                   " has no known way to turn the thinking off: the request goes out "
                                   "without one, and the model may think",
                        .certain = false,
                        .fix = {}});
  if (view.thinking() != ThinkingMode::off || !view.model || view.model->thinking_optional == true) return;
  if (view.model->thinking_optional == false && view.strict_server()) {
    findings.push_back({.code = "thinking_always_on",
                        .message = view.model->id +
                                   " always thinks: \"invalid thinking: only type=enabled is allowed "
                                   "for this model\". Leave thinking out, or use a model that can do without "
                                   "(platform.kimi.ai/docs/api/models-overview)",
                        .certain = true,
                        .fix = [off = view.provider.thinking_off, on = view.provider.thinking_on](Request& request) {
                          off_becomes_on(request, off, on);
                        }});
    return;
  }
  findings.push_back({.code = "thinking_always_on",
                      .message = view.model->id + " always thinks by its documents: turning it off may be refused or "
                                                  "ignored (platform.kimi.ai/docs/api/models-overview)",
                      .certain = false,
                      .fix = {}});
}

/// "cannot specify both 'thinking' and 'reasoning_effort'": met with K2.5 and K2.6 in May 2026 (HKUDS/nanobot#3939).
/// K3's documents say to take `thinking` away; its clients send both.
void check_both(const View& view, bool ignored, Findings& findings) {
  Finding finding{.code = "thinking_beside_effort",
                  .message = "thinking and reasoning_effort together " +
                             std::string(ignored ? "are refused (\"cannot specify both 'thinking' and "
                                                   "'reasoning_effort'\"). Leave reasoning_effort out"
                                                 : "may be refused; the documents of " + view.model->id +
                                                       " know reasoning_effort only. Leave thinking out") +
                             " (platform.kimi.ai/docs/guide/use-reasoning-effort)",
                  .certain = ignored,
                  .fix = {}};
  if (ignored) finding.fix = [](Request& request) { drop(request, "reasoning_effort"); };
  findings.push_back(std::move(finding));
}

void check_ignored(const View& view, const json::Tree& effort, Findings& findings) {
  // Who says "none" wants no thinking, and has other ways to say so here.
  const bool off = effort.text() == "none" && view.model->thinking_optional == true;
  findings.push_back({.code = "reasoning_effort_ignored",
                      .message = view.model->id +
                                 " does not support reasoning_effort and ignores it. Leave it out, and "
                                 "turn thinking on or off with thinking=True or False "
                                 "(platform.kimi.ai/docs/api/models-overview)",
                      .certain = true,
                      .fix = [off](Request& request) {
                        drop(request, "reasoning_effort");
                        if (off) request.thinking = ThinkingMode::off;
                      }});
}

void check_level(const View& view, const json::Tree& effort, Findings& findings) {
  const auto& levels = view.model->efforts;
  const auto listed = [&](const std::vector<std::string>& words) {
    return std::find(words.begin(), words.end(), effort.text()) != words.end();
  };
  const bool word = effort.is(json::Tree::Kind::string);
  if (levels.empty() || (word && listed(levels))) return;
  std::string all;
  for (const auto& level : levels) all += (all.empty() ? "\"" : ", \"") + level + "\"";
  const bool certain = !word || !view.served() || !listed(view.served()->other_efforts);
  Finding finding{.code = "reasoning_effort_level",
                  .message = "reasoning_effort: " + view.model->id + " takes " + all +
                             (word ? "; others are refused or without effect" : "; it must be one of these texts") +
                             (certain ? "" : ", though " + view.provider.name + " documents that it maps this one") +
                             ". Use one of them, or leave it out (platform.kimi.ai/docs/guide/use-reasoning-effort)",
                  .certain = certain,
                  .fix = {}};
  if (certain) finding.fix = [](Request& request) { drop(request, "reasoning_effort"); };
  findings.push_back(std::move(finding));
}

void check_effort(const View& view, Findings& findings) {
  const json::Tree* effort = view.sent("reasoning_effort");
  if (!effort || !view.model || !view.strict_server()) return;
  const bool ignored = view.model->takes_effort == false;
  if (view.thinking() != ThinkingMode::unset && view.model->takes_effort)
    check_both(view, ignored, findings);
  else if (ignored)
    check_ignored(view, *effort, findings);
  if (!ignored) check_level(view, *effort, findings);
}

}  // namespace

void check_thinking(const View& view, Findings& findings) {
  check_keep(view, findings);
  check_off(view, findings);
  check_effort(view, findings);
}

}  // namespace kimistream::rules
