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

void check_effort(const View& view, Findings& findings) {
  if (!view.model || view.model->takes_effort != false || !view.strict_server() || !view.sent("reasoning_effort"))
    return;
  findings.push_back({.code = "reasoning_effort_ignored",
                      .message = view.model->id +
                                 " does not support reasoning_effort and ignores it. Leave it out, and "
                                 "turn thinking on or off with thinking=True or False "
                                 "(platform.kimi.ai/docs/api/models-overview)",
                      .certain = true,
                      .fix = [](Request& request) { drop(request, "reasoning_effort"); }});
}

}  // namespace

void check_thinking(const View& view, Findings& findings) {
  check_keep(view, findings);
  check_off(view, findings);
  check_effort(view, findings);
}

}  // namespace kimistream::rules
