#include <charconv>
#include <cmath>

#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

bool same(double left, double right) { return std::fabs(left - right) < 1e-6; }  // servers compare single precision

class Sampling {
 public:
  Sampling(const View& view, const FixedSampling& fixed, Findings& findings)
      : view_(view), fixed_(fixed), findings_(findings), served_(view.served()) {}

  void check(std::string_view key, double only, std::optional<double> typed = {}) {
    const auto value = view_.number(key, typed);
    if (!value || same(*value, only)) return;
    // A page that names one value has met the refusal of the others; the usual ranges are merely copied.
    if (key == "temperature" && served_ && served_->only_temperature && same(*value, *served_->only_temperature))
      return;
    report(key, only, *value);
  }

  /// The model's own value, where the provider's page says that only another one is taken.
  void check_against_the_page() {
    if (!served_ || !served_->only_temperature || same(*served_->only_temperature, fixed_.temperature)) return;
    const auto value = view_.number("temperature", view_.request.temperature);
    if (!value || !same(*value, fixed_.temperature)) return;
    findings_.push_back({.code = "fixed_temperature",
                         .message = "temperature: the documents disagree. " + view_.provider.name + " says that only " +
                                    in_words(*served_->only_temperature) + " is taken, the model's maker fixes it at " +
                                    in_words(fixed_.temperature) + " " + std::string(view_.mode()) +
                                    ". Leave it out: that is right by both",
                         .certain = false,
                         .fix = {}});
  }

 private:
  void report(std::string_view key, double only, double value) {
    const bool a_range = served_ && served_->usual_sampling;
    const bool certain = fixed_.certain && !a_range;
    std::string message = std::string(key) + "=" + in_words(value) + ": " +
                          (fixed_.certain ? view_.model->id + " fixes it at " : "models like this one fix it at ") +
                          in_words(only) + " " + std::string(view_.mode()) + ", any other value is an error";
    if (a_range) message += "; the documents of " + view_.provider.name + " give a range instead";
    message += ". Leave " + std::string(key) + " out (platform.kimi.ai/docs/api/models-overview)";
    Finding finding{.code = "fixed_" + std::string(key), .message = std::move(message), .certain = certain, .fix = {}};
    if (certain) finding.fix = [name = std::string(key)](Request& request) { drop(request, name); };
    findings_.push_back(std::move(finding));
  }

  const View& view_;
  const FixedSampling& fixed_;
  Findings& findings_;
  const ServedModel* served_;
};

}  // namespace

std::string in_words(double value) {
  char text[32];
  if (value == std::floor(value) && std::abs(value) < 1e15)  // 300000, not 3e+05
    return std::to_string(static_cast<long long>(value));
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

void check_sampling(const View& view, Findings& findings) {
  if (!view.model || !view.strict_server()) return;
  const auto& fixed = view.thinks() ? view.model->sampling_thinking : view.model->sampling_instant;
  if (!fixed) return;
  Sampling sampling(view, *fixed, findings);
  sampling.check("temperature", fixed->temperature, view.request.temperature);
  sampling.check_against_the_page();
  sampling.check("top_p", fixed->top_p, view.request.top_p);
  sampling.check("n", fixed->n);
  sampling.check("presence_penalty", fixed->presence_penalty);
  sampling.check("frequency_penalty", fixed->frequency_penalty);
}

}  // namespace kimistream::rules
