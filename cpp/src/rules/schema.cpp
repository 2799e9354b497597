#include <algorithm>

#include "rules/mfjs.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

constexpr std::size_t shown_places = 3;

/// One finding for each rule that a schema breaks, with the first places.
class SchemaFindings {
 public:
  SchemaFindings(std::string what, bool strict_known, Findings& findings)
      : what_(std::move(what)), strict_known_(strict_known), findings_(findings) {}

  void check(const json::Tree& schema, bool object_root, const std::function<void(Request&)>& fix) {
    const auto problems = mfjs::check(schema, object_root);
    for (auto problem = problems.begin(); problem != problems.end(); ++problem) {
      const auto same = [&](const mfjs::Problem& other) {
        return other.code == problem->code && other.certain == problem->certain && other.mends == problem->mends;
      };
      if (std::any_of(problems.begin(), problem, same)) continue;  // told with the first of its kind
      report(problem, problems.end(), same, fix);
    }
  }

 private:
  template <class Iterator, class Same>
  void report(Iterator problem, Iterator end, const Same& same, const std::function<void(Request&)>& fix) {
    std::string places;
    std::size_t count = 0;
    for (auto other = problem; other != end; ++other)
      if (same(*other) && count++ < shown_places) places += (places.empty() ? "" : "; ") + other->text;
    if (count > shown_places) places += "; and " + std::to_string(count - shown_places) + " more";
    const bool certain = problem->certain && strict_known_;
    Finding finding{.code = problem->code,
                    .message = what_ + ": " + places +
                               ". Strict schemas must be MFJS, a subset of JSON Schema "
                               "(platform.kimi.ai/docs/guide/use-response-format): mend it, or say strict=False",
                    .certain = certain,
                    .fix = {}};
    finding.harmless = problem->mends && !problem->certain && strict_known_;  // the words go into the description
    if ((certain || finding.harmless) && problem->code != "schema_size") finding.fix = fix;
    findings_.push_back(std::move(finding));
  }

  std::string what_;
  bool strict_known_;
  Findings& findings_;
};

void check_tool_schemas(const View& view, Findings& findings) {
  if (view.tool_count() == 0) return;
  for (const ToolView& tool : view.tools()) {
    const auto strict = tool.strict ? tool.strict : view.provider.strict_tools;
    if (strict == false || !tool.parameters || tool.type != "function") continue;
    SchemaFindings("tool " + in_quotes(std::string_view(tool.name).substr(0, 64)), strict.has_value(), findings)
        .check(*tool.parameters, true, [index = tool.index](Request& request) {
          edit_tool_parameters(request, index, [](json::Tree& schema) { schema = mfjs::fix(schema, true); });
        });
  }
}

void check_response_format(const View& view, Findings& findings) {
  const FormatView format = view.response_format();
  if (format.type == "json_schema" && view.provider.json_schema == false) {
    findings.push_back({.code = "json_schema_not_taken",
                        .message = "response_format: " + view.provider.name +
                                   " does not take json_schema. Ask for JSON "
                                   "in the prompt, or offer one tool whose parameters are the schema",
                        .certain = true,
                        .fix = {}});
    return;
  }
  if (view.provider.schema != SchemaFlavour::mfjs) return;
  if (format.schema && format.strict != false)
    SchemaFindings("response_format", view.provider.json_schema.has_value(), findings)
        .check(*format.schema, false, [](Request& request) {
          edit_response_schema(request, [](json::Tree& schema) { schema = mfjs::fix(schema); });
        });
}

/// The last message is the beginning of the answer.
bool has_prefill(const View& view) {
  const Request& request = view.request;
  if (!request.prefill.empty()) return true;
  if (request.messages.empty() || view.provider.prefill_message.empty()) return false;
  const auto mark = object_in(view.provider.prefill_message);
  const auto extra = object_in(request.messages.back().extra);
  return mark && extra && covers(*extra, *mark);
}

void check_prefill(const View& view, Findings& findings) {
  if (!view.strict_server() || view.response_format().type != "json_object" || !has_prefill(view)) return;
  findings.push_back({.code = "json_object_with_prefill",
                      .message = "response_format json_object cannot be used together with the beginning of the answer "
                                 "(Partial Mode, platform.kimi.ai/docs/api/partial). Leave out one of the two",
                      .certain = true,
                      .fix = {}});
}

}  // namespace

void check_schemas(const View& view, Findings& findings) {
  check_response_format(view, findings);
  check_prefill(view, findings);
  if (view.provider.schema == SchemaFlavour::mfjs) check_tool_schemas(view, findings);
}

}  // namespace kimistream::rules
