/// @file tokens.hpp
/// @brief How many tokens a prompt has: the provider's own count, or an estimate where it counts none.
#pragma once

#include <cstdint>

#include "kimistream/client.hpp"

namespace kimistream {

/// The tokens of a prompt.
struct TokenCount {
  std::int64_t total_tokens = 0;
  bool estimated = false;  ///< all of it, or a part, is `estimate_tokens`' and not the provider's

  friend bool operator==(const TokenCount&, const TokenCount&) = default;
};

/// What the provider counts: model, system and messages of the request. Tools are left out: the one published
/// description of such a resource (Moonshot's OpenAPI, estimate-token-count) has no field for them.
/// @throws Exception (invalid_request) where the provider counts no tokens, and for a request that no server would take
[[nodiscard]] ResourceRequest token_count_request(const Client& client, const Request& request);

/// The count in the provider's answer to it. @throws Exception (response) where there is none
[[nodiscard]] std::int64_t read_token_count(const Json& answer);

/// A guess without a network, good enough to choose a limit and not to check a bill: 2/3 of a token for a Chinese,
/// Japanese or Korean character, 1/4 for an ASCII letter, digit or blank, 1/2 for any other character below U+10000 and
/// 2 above; 4 for each message, 1,024 for an image and 8,192 for a video, whose real number depends on their size.
/// Tools count as their JSON. Linear in the length of the texts; any thread.
[[nodiscard]] std::int64_t estimate_tokens(const Request& request);
/// The part of it that is the tools'.
[[nodiscard]] std::int64_t estimate_tool_tokens(const Request& request);

/// Asks the provider, and estimates what it does not count: everything where it has no such resource (no `tokens_path`,
/// or 405, 501, or a 404 that is not about the model), the tools in any case. @throws Exception where that fails
[[nodiscard]] TokenCount count_tokens(Client& client, const Request& request);

}  // namespace kimistream
