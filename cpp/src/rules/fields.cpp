#include <algorithm>

#include "rules/known_names.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

/// "max_token" for "max_tokens": sent, ignored by most servers, and missed by nobody but the one who wrote it.
void check_spelling(const json::Tree& object, const Vocabulary& vocabulary, const std::string& where, Check check,
                    Findings& findings) {
  for (const auto& [name, value] : object.fields()) {
    if (value.is(json::Tree::Kind::null)) continue;
    const std::string_view meant = meant_by(name, vocabulary);
    if (meant.empty()) continue;
    const std::string slip = name + " is no " + std::string(vocabulary.kind) + " that is known";
    const bool told = std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.code == "unknown_field" && finding.message.find(slip) != std::string::npos;
    });
    if (told) continue;  // the first place stands for the others
    const std::string sent = check == Check::error ? "" : "; it is sent as it is";
    findings.push_back({.code = "unknown_field",
                        .message = where + slip + sent + ". Did you mean " + std::string(meant) + "?",
                        .certain = true,
                        .fix = {}});
  }
}

/// {"type": "swarm"} stands in tutorials, and in no provider's documents.
void check_agent(const View& view, Findings& findings) {
  const json::Tree* agent = view.sent("agent");
  if (!agent || agent->text_of("type") != "swarm") return;
  findings.push_back({.code = "undocumented_field",
                      .message =
                          "agent {\"type\": \"swarm\"} is in no provider's documents; it is sent as it is, and a "
                          "server that does not know it answers as if it were not there",
                      .certain = false,
                      .fix = {}});
}

}  // namespace

void check_fields(const View& view, Findings& findings) {
  const Check check = view.request.check;
  if (const json::Tree* fields = view.fields()) check_spelling(*fields, field_vocabulary(), "", check, findings);
  check_agent(view, findings);
  if (view.tool_count() == 0) return;
  for (const ToolView& tool : view.tools()) {
    if (!tool.type.ends_with("function")) continue;  // servers' own tools have whatever keys they like
    const std::string where = "tools[" + std::to_string(tool.index) + "]: ";
    check_spelling(tool.declaration, tool_vocabulary(), where, check, findings);
    if (const json::Tree* function = tool.declaration.find("function"))
      check_spelling(*function, tool_vocabulary(), where, check, findings);
  }
}

void check_message_keys(const Request& request, Findings& findings) {
  for (std::size_t i = 0; i < request.messages.size(); ++i)
    if (const auto extra = object_in(request.messages[i].extra))
      check_spelling(*extra, message_vocabulary(), "message " + std::to_string(i) + ": ", request.check, findings);
}

void check_part_keys(const json::Tree& part, std::size_t message, Check check, Findings& findings) {
  check_spelling(part, part_vocabulary(), "message " + std::to_string(message) + ": ", check, findings);
}

}  // namespace kimistream::rules
