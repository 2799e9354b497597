/// @file request.hpp
/// @brief What is asked of a model. A plain value.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kimistream/headers.hpp"
#include "kimistream/json.hpp"
#include "kimistream/message.hpp"
#include "kimistream/timeout.hpp"

namespace kimistream {

/// Whether the model reasons before it answers. Takes a bool where one is enough.
class ThinkingMode {
 public:
  enum Value {
    unset,  ///< not said: the model's own default (Kimi K2.6 thinks)
    off,
    on,
    keep,  ///< on, and the reasoning of earlier turns stays in the model's view
  };
  constexpr ThinkingMode() = default;
  constexpr ThinkingMode(Value value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  /// A bool and nothing that merely becomes one: the pointer in `.thinking = "off"` would be true.
  constexpr ThinkingMode(std::same_as<bool> auto enabled)  // NOLINT(google-explicit-constructor)
      : value_(enabled ? on : off) {}
  constexpr operator Value() const { return value_; }  // NOLINT(google-explicit-constructor)

 private:
  Value value_ = unset;
};

/// What becomes of a request that breaks a rule of its provider or model.
enum class Check {
  warn,   ///< it is sent as it is; each broken rule is a Notice
  fix,    ///< it is changed so that it will be taken; each change is a Notice
  error,  ///< it is not sent: Exception (invalid_request)
  off,
};

/// A function that the model may call.
struct Tool {
  std::string name{};
  std::string description{};
  Json parameters{};             ///< JSON Schema of an object
  std::optional<bool> strict{};  ///< constrained decoding; nothing: the provider's default
  Json raw{};                    ///< a whole declaration, sent as it is in place of the fields above
};

/// A request. Every field but `messages` may stay empty; empty means "not sent".
struct Request {
  std::vector<Message> messages{};
  std::string model{};   ///< empty: the client's, else the provider's default
  std::string system{};  ///< put before `messages` as a system message
  ThinkingMode thinking{};
  std::vector<Tool> tools{};
  std::string tool_choice{};  ///< "auto", "none", "required" or a function's name
  std::optional<std::int64_t>
      max_tokens{};         ///< of reasoning and answer together; sent under the provider's name for it
  TimeoutOption timeout{};  ///< what is left open is the client's; one duration is connect, first event and idle each
  Check check = Check::warn;
  Json extra_body{};  ///< a JSON object merged into the body last and deep
  Headers extra_headers{};
  std::vector<std::pair<std::string, std::string>> extra_query{};  ///< names and values behind the address's "?"
  std::optional<double> temperature{};
  std::optional<double> top_p{};
  std::vector<std::string> stop{};
  Json response_format{};
  std::string prefill{};  ///< the beginning of the answer, for the model to go on from; the answer does not repeat it
  Json fields{};          ///< any other field of the API by its own name, as a JSON object
  /// Is told how far a request with media is, see UploadProgress in transport.hpp. Empty: nobody is.
  std::function<void(std::uint64_t sent, std::uint64_t total)> on_upload{};
  /// What whoever made the request has met; told with the answer before what its check finds, and not with Check::off.
  std::vector<Notice> notices{};
};

}  // namespace kimistream
