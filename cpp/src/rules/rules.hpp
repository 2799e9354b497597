// The rules, by what they are about. Each adds a finding for each rule that a request breaks, and is silent otherwise.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rules/check.hpp"
#include "rules/view.hpp"

namespace kimistream::rules {

using Findings = std::vector<Finding>;

/// Temperature and its kin, which a model may fix.
void check_sampling(const View& view, Findings& findings);
/// Thinking, its memory and its effort.
void check_thinking(const View& view, Findings& findings);
/// tool_choice, the names and the number of tools.
void check_tools(const View& view, Findings& findings);
/// Schemas of tools and of the response format.
void check_schemas(const View& view, Findings& findings);
/// Output limits and stops.
void check_limits(const View& view, Findings& findings);
/// Names of fields, of messages' keys and of tools that nobody knows, but for one that is spelt nearly so.
void check_fields(const View& view, Findings& findings);
void check_message_keys(const Request& request, Findings& findings);
void check_part_keys(const json::Tree& part, std::size_t message, Check check, Findings& findings);
/// What has been said before: calls and their results, turns that were cut, roles.
void check_history(const Request& request, const Provider& provider, Findings& findings);
/// What is in the request's content: pictures and clips, and how large it all is.
void check_media(const Request& request, const Provider& provider, const Model* model, Findings& findings);
void check_size(const Request& request, const Provider& provider, Findings& findings);
/// Whether the model's id is one of this provider's.
void check_name(const Provider& provider, std::string_view model, Findings& findings);

/// A lower bound of the bytes of the body: every text as long as it is before escaping.
[[nodiscard]] std::uint64_t least_body_bytes(const Request& request) noexcept;

/// A number as people write it: 0.6, 1, 262144.
[[nodiscard]] std::string in_words(double value);

[[nodiscard]] inline std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace kimistream::rules
