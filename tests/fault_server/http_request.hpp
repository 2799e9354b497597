/// @file http_request.hpp
/// @brief Reads HTTP/1.1 requests from a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fault_server/socket.hpp"

namespace kimistream::testing {

/// As much of a request body as is kept; the count and the checksum are of all of it.
inline constexpr std::size_t kept_body_bytes = 1 << 20;

/// Long enough for a script in the address; a client that sends more is not a client under test.
inline constexpr std::size_t max_request_head_bytes = 16 << 20;

struct Request {
  std::string method;
  std::string target;
  std::string head;  ///< as it came, request line included, without the empty line
  std::string body;  ///< its first `kept_body_bytes`
  std::size_t body_bytes = 0;
  std::uint32_t body_crc32 = 0;

  /// Value of a header, "" when absent; the name's case does not matter.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

class RequestReader {
 public:
  explicit RequestReader(Socket& socket) noexcept : socket_(socket) {}

  /// nullopt: the client went away or sent something that is not HTTP.
  [[nodiscard]] std::optional<Request> read_head();

  /// Answers `Expect: 100-continue`, reads the body. False: the client went away before its end.
  [[nodiscard]] bool read_body(Request& request);

 private:
  bool fill();
  bool take(Request& request, std::size_t size);
  std::optional<std::string> read_line();
  bool read_chunks(Request& request);

  Socket& socket_;
  std::string buffer_;
};

}  // namespace kimistream::testing
