#include "mend.hpp"

#include "white.hpp"

namespace kimistream {
namespace {

/// Why it cannot be gone on from there, though the request would allow it; "" where it can.
std::string_view hindrance(const Break& broken) {
  if (!broken.so_far.tool_calls.empty()) return "a call of a tool was under way";
  if (without_white_end(broken.so_far.text()).empty() || broken.reasoning) return "the model was still reasoning";
  return broken.obstacle;
}

}  // namespace

Plan plan_for(const MendPolicy& policy, const Break& broken) {
  if (policy.on_break == OnBreak::raise || !broken.error.retryable || broken.mended >= policy.max_breaks) return {};
  Plan plan{.mend = Mend::go_on, .pauses = !(broken.lost && broken.brought)};
  if (policy.on_break == OnBreak::continue_) {
    plan.why = hindrance(broken);
    if (plan.why.empty()) return plan;
  }
  plan.mend = broken.cannot_be_taken_back ? Mend::raise_instead : Mend::restart;
  return plan;
}

bool can_grow(const Message& cut) { return cut.tool_calls.empty() && !without_white_end(cut.text()).empty(); }

bool refuses(const Error& error) {
  const int status = error.status_code.value_or(0);
  return error.kind == ErrorKind::status && status >= 400 && status < 500 && status != 429 && !error.retryable;
}

}  // namespace kimistream
