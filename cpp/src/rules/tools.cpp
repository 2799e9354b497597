#include <algorithm>
#include <unordered_map>

#include "characters.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

constexpr std::size_t max_tools = 128;  // published OpenAPI, likewise the names
constexpr std::size_t min_name = 3, max_name = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_character(char c) { return is_letter(c) || is_digit(c) || c == '-'; }

bool well_spelt(std::string_view name) {
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_name_character);
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

/// A forced call and thinking exclude each other. Whoever has not asked for thinking gets the call; else the choice is
/// the model's.
void free_choice(Request& request, bool thinking_may_go) {
  if (thinking_may_go)
    request.thinking = ThinkingMode::off;
  else
    drop(request, "tool_choice");
}

void check_forced(const View& view, std::string_view choice, Findings& findings) {
  if (!view.strict_server() || !view.model || !view.thinks()) return;
  const auto& taken = choice == "named" ? view.model->named_while_thinking : view.model->required_while_thinking;
  if (taken == true) return;
  // The page of a provider that has words of its own on the model may list the choice all the same.
  const bool certain = taken == false && !view.served();
  const bool thinking_may_go = view.thinking() == ThinkingMode::unset && view.model->thinking_optional == true;
  Finding finding{
      .code = "forced_tool_with_thinking",
      .message =
          "tool_choice: forcing a call with thinking on " + std::string(certain ? "is" : "may be") +
          " refused (\"tool_choice '" + std::string(choice == "named" ? "specified" : "required") +
          "' is incompatible with thinking enabled\")" + (certain ? "" : "; the documents disagree") + ". " +
          (view.model->thinking_optional == true ? "Use thinking=False, or " : "Use ") +
          "tool_choice=\"auto\" and ask for the call in the prompt (platform.kimi.ai/docs/guide/use-tool-choice)",
      .certain = certain,
      .fix = {}};
  if (certain) finding.fix = [thinking_may_go](Request& request) { free_choice(request, thinking_may_go); };
  findings.push_back(std::move(finding));
}

void check_choice(const View& view, Findings& findings) {
  const std::string choice = view.tool_choice();
  if (choice.empty()) return;
  const auto& taken = view.provider.tool_choices;
  const std::string shown = choice == "named" ? "a named function" : in_quotes(choice);
  if (std::find(taken.begin(), taken.end(), choice) == taken.end()) {
    Finding finding{.code = "tool_choice_not_taken",
                    .message = "tool_choice: " + view.provider.name + " takes " + joined(taken) + ", not " + shown +
                               ". Leave it out and say in the prompt which tool to call",
                    .certain = true,
                    .fix = {}};
    // Forcing a call falls back on the model's own choice; forbidding one has nothing to fall back on.
    if (choice != "none") finding.fix = [](Request& request) { drop(request, "tool_choice"); };
    findings.push_back(std::move(finding));
    return;
  }
  if (choice == "required" || choice == "named") check_forced(view, choice, findings);
}

void check_parallel(const View& view, Findings& findings) {
  if (view.provider.schema != SchemaFlavour::mfjs || !view.sent("parallel_tool_calls")) return;
  findings.push_back({.code = "parallel_tool_calls",
                      .message = "parallel_tool_calls: not documented at " + view.provider.name +
                                 ", it may be ignored. Be ready for several calls in one answer",
                      .certain = false,
                      .fix = {}});
}

void check_count(const View& view, Findings& findings) {
  const std::size_t count = view.tool_count();
  if (count <= max_tools) return;
  findings.push_back({.code = "too_many_tools",
                      .message = "tools: " + std::to_string(count) + " are declared, at most " +
                                 std::to_string(max_tools) +
                                 " are allowed (platform.kimi.ai/docs/api/chat). Declare "
                                 "only those that this request can need",
                      .certain = true,
                      .fix = {}});
}

void check_tool_name(const ToolView& tool, Findings& findings) {
  const bool spelt = well_spelt(tool.name) && tool.name.size() <= max_name;
  if (spelt && tool.name.size() >= min_name) return;
  findings.push_back({.code = "tool_name",
                      .message = "tools[" + std::to_string(tool.index) + "]: the name " +
                                 in_quotes(std::string_view(tool.name).substr(0, 100)) +
                                 " must match ^[a-zA-Z_][a-zA-Z0-9-_]{2,63}$: 3 to 64 letters, digits, _ or -, and no "
                                 "digit first (platform.kimi.ai/docs/api/chat). Rename the tool",
                      .certain = !spelt,  // on the shortest length the documents disagree
                      .fix = {}});
}

bool same_declaration(const ToolView& left, const ToolView& right) {
  std::string a, b;
  if (left.parameters) left.parameters->write(a);
  if (right.parameters) right.parameters->write(b);
  return left.type == right.type && left.strict == right.strict && a == b;
}

void check_duplicates(const std::vector<ToolView>& tools, Findings& findings) {
  std::unordered_map<std::string_view, const ToolView*> seen;
  std::vector<std::size_t> copies;
  std::string_view reported;
  for (const ToolView& tool : tools) {
    if (tool.name.empty()) continue;
    const auto [first, fresh] = seen.emplace(tool.name, &tool);
    if (fresh) continue;
    if (same_declaration(*first->second, tool)) {
      copies.push_back(tool.index);
    } else if (reported != tool.name) {
      reported = tool.name;
      findings.push_back({.code = "duplicate_tool",
                          .message = "tools[" + std::to_string(tool.index) + "]: \"function name " + tool.name +
                                     " is duplicated\". Give each tool a name of its own",
                          .certain = true,
                          .fix = {}});
    }
  }
  if (copies.empty()) return;
  findings.push_back({.code = "duplicate_tool",
                      .message = "tools[" + std::to_string(copies.front()) + "]: \"function name " +
                                 tools[copies.front()].name + " is duplicated\"" +
                                 (copies.size() > 1 ? ", and " + std::to_string(copies.size() - 1) + " more" : "") +
                                 ". Declare each tool once",
                      .certain = true,
                      .fix = [copies](Request& request) {
                        for (auto index = copies.rbegin(); index != copies.rend(); ++index)
                          remove_tool(request, *index);
                      }});
}

}  // namespace

void check_tools(const View& view, Findings& findings) {
  check_choice(view, findings);
  check_parallel(view, findings);
  if (view.provider.schema != SchemaFlavour::mfjs || view.tool_count() == 0) return;
  check_count(view, findings);
  if (view.tool_count() > max_tools) return;  // refused whatever they are
  const std::vector<ToolView>& tools = view.tools();
  for (const ToolView& tool : tools)
    if (tool.type == "function") check_tool_name(tool, findings);  // the names of built-in ones begin with a $
  check_duplicates(tools, findings);
}

}  // namespace kimistream::rules
