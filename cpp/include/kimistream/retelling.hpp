/// @file retelling.hpp
/// @brief What a recorded exchange amounts to, and when each of its events came: for those who look at recordings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kimistream/client.hpp"
#include "kimistream/error.hpp"
#include "kimistream/event.hpp"
#include "kimistream/message.hpp"

namespace kimistream {

struct Retold {
  /// How many seconds after the request had begun, and what came then.
  std::vector<std::pair<double, Event>> events{};
  Message message{};             ///< as far as it had come
  std::optional<Error> error{};  ///< what the client failed with; not where the reader had left
};

/// Reads the recorded answer of a model once more, without a network, as the client read it that it was for.
/// @param provider name of the row that it was asked by
/// @param line as `RecordedExchange::line` has it, and the lines of a cassette behind its header
/// @param events whether they are wanted, too
/// @throws Exception (invalid_request) for a line that is no exchange, and for an unknown provider
[[nodiscard]] Retold retell(std::string_view provider, std::string_view line, bool events = false);

/// The same line without its pieces, which are nearly all of it, for those who look at what was asked.
/// @throws Exception (invalid_request) for a line that is no exchange
[[nodiscard]] std::string without_pieces(std::string_view line);

/// The JSON that a request sends, without sending it; what is read while it is sent, as a picture's bytes, is left out.
/// @throws Exception (invalid_request) as `Client::start`
[[nodiscard]] std::string body_of(std::string_view provider, const Request& request, bool stream);

}  // namespace kimistream
