/// @file request_parser.hpp
/// @brief Cuts the bytes of a connection into HTTP/1.1 requests, keeping no more of a body than it needs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kimistream::load {

struct Request {
  std::string method;
  std::string target;
  bool streaming = true;  ///< false where the body's beginning says "stream": false
  std::size_t body_bytes = 0;
};

class RequestParser {
 public:
  void feed(std::string_view bytes);

  /// The next whole request.
  [[nodiscard]] std::optional<Request> next();

  /// True once for a request whose body waits for "100 Continue".
  [[nodiscard]] bool take_expectation() noexcept;

  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  bool read_head();

  std::string buffer_;
  std::optional<Request> current_;
  std::string body_start_;
  std::size_t body_left_ = 0;
  bool expectation_ = false;
  bool failed_ = false;
};

}  // namespace kimistream::load
