// One exchange as a line of a cassette: what was asked, what came and when, how it ended.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/transport.hpp"
#include "record/secrets.hpp"

namespace kimistream::record {

/// The version of the files, as their first line has it.
inline constexpr int version = 1;

/// Who ended an exchange, and how.
enum class End {
  clean,    // the response came to its end, or the receiver had all that it wanted
  reset,    // the connection was cut or reset behind the response head
  timeout,  // a clock ran out
  left,     // the receiver let go
  refused,  // there was no response
};

/// A failed connection, in the words of the transport.
struct Failure {
  std::string message{};
  bool retryable = false;
};

/// An exchange as it was: secrets are in it, the body is as it was sent.
struct Capture {
  std::string method{}, url{};
  Headers headers{};
  std::shared_ptr<const Body> body{};  // text alone, see SentBody
  std::optional<ResponseHead> head{};
  std::vector<Piece> pieces{};
  End end = End::left;
  std::string clock{};  // of a timeout
  std::optional<Failure> failure{};
  double started = 0;  // seconds since 1970
  double seconds = 0;  // that it took
};

/// The same as it stands in a file.
struct Line {
  std::string method{}, path{};
  Headers headers{};
  std::string body{};  // JSON
  std::optional<ResponseHead> head{};
  std::vector<Piece> pieces{};
  End end = End::left;
  std::string clock{};
  std::optional<Failure> failure{};
};

/// Without secrets.
[[nodiscard]] Line line_of(const Capture& capture);
/// As JSON, without a line break.
[[nodiscard]] std::string write(const Line& line);

/// From its JSON; nothing where that is no exchange.
[[nodiscard]] std::optional<Line> line_from(const json::Tree& tree);

/// What is asked for, as a server sees it: "/v1/models?after=x".
[[nodiscard]] std::string_view path_of(std::string_view url) noexcept;

}  // namespace kimistream::record
