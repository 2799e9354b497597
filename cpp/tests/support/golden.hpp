// Loads the golden transcripts of tests/golden for the providers that the library has rows for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kimistream/request.hpp"

namespace kimistream::testing {

struct Golden {
  std::string name, provider, wire;
  bool is_stream = true;
  int status = 200;
  bool error_expected = false, error_incomplete = false;
  std::optional<int> error_status;
  std::optional<bool> retryable;
  std::optional<double> retry_after;
  bool checks_reasoning = false, checks_content = false, checks_tool_calls = false, warning = false;
  std::optional<std::string> reasoning, content, finish_reason;
  using Calls = std::vector<std::pair<std::string, std::string>>;  // name, arguments as canonical JSON
  Calls tool_calls;
  std::optional<Calls> usable;  // those that may be run
  bool offers = false;          // the request offered a function, see `weather`
  std::optional<std::int64_t> prompt_tokens, completion_tokens, total_tokens;
};

std::vector<Golden> load_golden();

/// The function that is offered where calls are expected, or the sample's name speaks of tools.
Tool weather();

/// The JSON text without white space, so that two texts of the same value compare equal.
std::string canonical_json(std::string_view text);

}  // namespace kimistream::testing
