// What a server says when it refuses: every known shape of an error body, read into the one error value.
#pragma once

#include <optional>
#include <string_view>

#include "kimistream/error.hpp"
#include "kimistream/provider.hpp"

namespace kimistream::wire {

// What follows reads only what the server said. What it means, and what to do, is for `triage` to add, once the keys
// have been taken out of it.

/// The error of a response with an error status.
Error error_from_response(const Provider& provider, int status, const Headers& headers, std::string_view body);

/// The error that a frame of a stream, or a body with status 200, carries.
Error error_from_frame(const Provider& provider, int http_status, const Headers& headers, std::string_view body);

/// What is wrong with a resource that came with status 200: it is no JSON object, or one that carries an error.
std::optional<Error> error_in_resource(const Provider& provider, int status, const Headers& headers,
                                       std::string_view body);

/// Whether a frame without choices tells a failure in fields of its own: a code or a type of an error, and words.
bool is_flat_error(std::string_view frame);

/// What a body says that is no answer, for a message: "It begins: ...", or whose page it is.
std::string said_instead(const Headers& headers, std::string_view body);

/// The request id of a response, under the row's names or those of any gateway; "" where there is none.
std::string request_id(const Provider& provider, const Headers& headers);

/// The beginning of a body on one line, for a message.
std::string excerpt(std::string_view body);

/// Whether the server found fault with the request itself (400, 404, 413, 422).
bool is_refusal(const Error& error) noexcept;

/// Whether an answer with this status may be different next time (408, 409, 425, 429, 500, 502 to 504, 520 to 524,
/// 529, 530).
bool is_retryable_status(int status) noexcept;

}  // namespace kimistream::wire
