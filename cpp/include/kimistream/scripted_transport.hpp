/// @file scripted_transport.hpp
/// @brief A transport that plays prepared answers: for tests of programs that use the library, and of the library.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kimistream/transport.hpp"

namespace kimistream {

/// One prepared answer.
struct ScriptedResponse {
  int status = 200;
  Headers headers{{"Content-Type", "text/event-stream"}};
  std::vector<std::string> blocks{};  ///< the body, one pump() each
  std::optional<Error> error{};       ///< how the connection fails behind the last block; nothing: a clean end
  bool never_ends = false;            ///< after the blocks nothing comes any more
};

/// What was asked and what is to be answered. Shared by the transports that a factory makes; one thread at a time.
struct Script {
  std::deque<ScriptedResponse> responses{};  ///< one for each request, in order
  std::vector<HttpRequest> requests{};       ///< that were made
};

/// A factory for `ClientOptions::transport`.
[[nodiscard]] TransportFactory scripted_transport(std::shared_ptr<Script> script);

}  // namespace kimistream
