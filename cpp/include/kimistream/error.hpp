/// @file error.hpp
/// @brief One error value, and the one exception that carries it.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "kimistream/headers.hpp"
#include "kimistream/message.hpp"

namespace kimistream {

enum class ErrorKind {
  invalid_request,    ///< the caller's mistake, found before anything was sent
  connection,         ///< no answer: refused, unreachable, TLS, broken before the response head
  timeout,            ///< one of the clocks ran out
  status,             ///< the server said no, by HTTP status or by an error frame inside a stream
  response,           ///< the server's answer is not one that a chat API gives
  incomplete_stream,  ///< the stream ended before the answer was complete
  cassette_miss,      ///< a cassette that is only played has no answer to the request; nothing was sent
};

/// Everything that is known about a failure. A plain value.
struct Error {
  ErrorKind kind = ErrorKind::response;
  std::string message{};             ///< what happened and what to do next; never holds a key
  std::optional<int> status_code{};  ///< of the response, or the one that an error frame carries
  std::string type{};                ///< as the provider sent it, e.g. "rate_limit_reached_error"
  std::string code{};                ///< as sent, numbers as text
  std::string param{};               ///< as sent
  /// What it means, where that is known: "concurrency", "rpm", "tpm", "tpd", "rate_limit" (which one is not said),
  /// "too_large" (more than the whole limit), "overload", "quota", "suspended", "content_filter",
  /// "context_overflow", "no_channel", "key". An open set.
  std::string reason{};
  /// Of a timeout, which clock ran out: "connect", "first_event", "idle" or "total"; see timeout.hpp.
  std::string clock{};
  std::string body{};  ///< the response body as it came, cut at 64 KiB
  std::string request_id{};
  Headers headers{};
  bool retryable = false;                    ///< the same request may succeed later
  std::optional<double> retry_after{};       ///< seconds, where the server gave a hint
  std::shared_ptr<const Message> partial{};  ///< what had arrived; null when nothing had
};

/// Thrown by every function of the library that can fail.
class Exception : public std::exception {
 public:
  explicit Exception(Error error);
  [[nodiscard]] const Error& error() const noexcept { return *error_; }
  [[nodiscard]] const char* what() const noexcept override { return error_->message.c_str(); }

 private:
  std::shared_ptr<const Error> error_{};  // shared: copying an exception must not throw
};

/// The caller's mistake as an error value.
[[nodiscard]] Error invalid_request(std::string message);

}  // namespace kimistream
