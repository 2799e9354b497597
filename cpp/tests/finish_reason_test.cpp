// Finish reasons in the words of other protocols.
#include "wire/finish_reason.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <utility>

using kimistream::wire::is_known_reason;
using kimistream::wire::plain_reason;

TEST_CASE("a reason of another protocol or spelling is said in the words of the OpenAI shape") {
  constexpr std::pair<std::string_view, std::string_view> table[] = {
      {"end_turn", "stop"},
      {"tool_use", "tool_calls"},
      {"max_tokens", "length"},
      {"stop_sequence", "stop"},
      {"refusal", "content_filter"},
      {"STOP", "stop"},
      {"MAX_TOKENS", "length"},
      {"SAFETY", "content_filter"},
      {"tool-calls", "tool_calls"},
      {"toolUse", "tool_calls"},
      {"TOOL_CALL", "tool_calls"},
      {"max_output_tokens", "length"},
      {"content-filter", "content_filter"},
      {"COMPLETE", "stop"},
      {"ERROR", "error"},
  };
  for (const auto& [theirs, plain] : table) {
    const auto& row = theirs;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    CHECK(plain_reason(theirs) == plain);
  }
}

TEST_CASE("its own words and those that nobody knows stay as they came") {
  for (const std::string_view reason :
       {"stop", "length", "tool_calls", "content_filter", "unexpected_state", "function_call", "stopped", "_", "sto"}) {
    CAPTURE(reason);
    CHECK(plain_reason(reason) == reason);
  }
  CHECK(is_known_reason("length"));
  CHECK_FALSE(is_known_reason("unexpected_state"));
}
