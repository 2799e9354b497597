#include "wire/finish_reason.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kimistream::wire {
namespace {

/// "TOOL_CALL", "tool-calls" and "toolUse" are spellings: letters alone count.
bool same(std::string_view reason, std::string_view plain) noexcept {
  std::size_t at = 0;
  for (char c : reason) {
    if (c == '_' || c == '-' || c == ' ') continue;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    while (at < plain.size() && plain[at] == '_') ++at;
    if (at == plain.size() || plain[at++] != c) return false;
  }
  return at == plain.size();
}

constexpr std::array known_reasons = {std::string_view("stop"), std::string_view("tool_calls"),
                                      std::string_view("length"), std::string_view("content_filter")};

constexpr std::pair<std::string_view, std::string_view> said_otherwise[] = {
    // in another spelling
    {"stop", "stop"},
    {"tool_calls", "tool_calls"},
    {"length", "length"},
    {"content_filter", "content_filter"},
    {"error", "error"},
    {"abort", "abort"},
    // the messages protocol
    {"end_turn", "stop"},
    {"stop_sequence", "stop"},
    {"pause_turn", "stop"},
    {"tool_use", "tool_calls"},
    {"max_tokens", "length"},
    {"model_context_window_exceeded", "length"},
    {"refusal", "content_filter"},
    // Bedrock's Converse
    {"content_filtered", "content_filter"},
    {"guardrail_intervened", "content_filter"},
    // Google's
    {"safety", "content_filter"},
    {"recitation", "content_filter"},
    {"blocklist", "content_filter"},
    {"prohibited_content", "content_filter"},
    {"spii", "content_filter"},
    // OpenAI's responses, Cohere's, engines of one's own
    {"max_output_tokens", "length"},
    {"complete", "stop"},
    {"tool_call", "tool_calls"},
    {"eos", "stop"},
    {"eos_token", "stop"},
};

}  // namespace

bool is_known_reason(std::string_view reason) noexcept {
  return std::find(known_reasons.begin(), known_reasons.end(), reason) != known_reasons.end();
}

std::string_view plain_reason(std::string_view reason) noexcept {
  if (is_known_reason(reason)) return reason;
  for (const auto& [word, plain] : said_otherwise)
    if (same(reason, word)) return plain;
  return reason;
}

}  // namespace kimistream::wire
