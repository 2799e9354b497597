/// @file provider.hpp
/// @brief A provider is a row of data: nothing else in the library knows one by name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/json.hpp"

namespace kimistream {

/// How one provider serves Kimi: where, and in which dialect. A plain value; the rows that come with the library are
/// in src/providers.cpp with the source of each deviation.
struct Provider {
  std::string name{};
  std::string base_url{};                      ///< no slash at its end
  std::vector<std::string> other_addresses{};  ///< further addresses of the same provider, to recognise a base URL by
  std::string chat_path = "/chat/completions";
  std::string models_path = "/models";
  bool needs_key = true;
  std::string key_advice{};                 ///< what to check when the key is refused
  std::string default_model = "kimi-k2.6";  ///< in the provider's own spelling

  // What the request says. The patches are JSON objects that are merged into it.
  Json thinking_on{};
  Json thinking_off{};
  Json thinking_keep{};      ///< merged over `thinking_on`: earlier reasoning stays in view
  Json sampling_thinking{};  ///< what the client must send, where the server does not know it
  Json sampling_instant{};
  Json stream_usage{};  ///< asks a stream for usage
  std::string max_tokens_key = "max_tokens";
  std::vector<std::string> reasoning_write_keys = {"reasoning_content"};  ///< all are filled in history
  std::string tool_turn_placeholder{};  ///< reasoning to send on a tool-call turn that has none; "" = send none

  // What the answer looks like.
  std::string end_marker = "[DONE]";              ///< the data of the event that ends a stream
  bool end_marker_completes = true;               ///< it stands for a finish reason where none came
  bool salvages_tool_markup = false;              ///< the model's own tool tokens may leak into its text
  std::vector<std::string> request_id_headers{};  ///< in order of preference
};

/// The rows that come with the library.
[[nodiscard]] std::span<const Provider> providers();

/// The row of this name, or null.
[[nodiscard]] const Provider* find_provider(std::string_view name);

/// The row that has this address (scheme, host and path compared, a slash at the end aside), or null.
[[nodiscard]] const Provider* find_provider_by_address(std::string_view base_url);

}  // namespace kimistream
