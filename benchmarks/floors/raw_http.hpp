/// @file raw_http.hpp
/// @brief The least that a client can do: a blocking socket, one request text, the chunked body taken out of
/// its frame.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kimistream::floors {

/// The CPU time of this process.
[[nodiscard]] long long cpu_nanoseconds() noexcept;
[[nodiscard]] long long monotonic_nanoseconds() noexcept;

/// A kept connection to a server on 127.0.0.1.
class RawHttp {
 public:
  /// As libcurl reads, so that floor and subject make as many system calls.
  static constexpr std::size_t read_bytes = 16384;
  static constexpr std::size_t upload_bytes = 256 * 1024;

  explicit RawHttp(const char* port);
  ~RawHttp();
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  void post(std::string_view path);

  /// A body of so many bytes, sent in blocks of the size that libcurl's are.
  void upload(std::string_view path, std::size_t bytes);

  /// One recv(); what came. Exits when the server is gone.
  [[nodiscard]] std::string_view receive();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
  char buffer_[read_bytes];
};

/// Takes the payload out of a chunked response, head included.
class Dechunker {
 public:
  /// Calls `take(std::string_view)` for each piece of payload; true when the body has ended.
  template <class Take>
  bool feed(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      if (state_ == State::payload) {
        const auto piece = bytes.substr(0, left_);
        take(piece);
        bytes.remove_prefix(piece.size());
        left_ -= piece.size();
        if (left_ == 0) state_ = State::payload_end;
        continue;
      }
      const char c = bytes.front();
      bytes.remove_prefix(1);
      if (step(c)) return true;
    }
    return false;
  }

 private:
  enum class State { head, size, payload, payload_end, body_end };

  bool step(char c) noexcept {
    switch (state_) {
      case State::head:
        newlines_ = c == '\n' ? newlines_ + 1 : (c == '\r' ? newlines_ : 0);
        if (newlines_ == 2) state_ = State::size;
        break;
      case State::size:
        if (c == '\n') {
          state_ = left_ > 0 ? State::payload : State::body_end;
        } else if (c != '\r') {
          left_ = left_ * 16 + static_cast<std::size_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
        }
        break;
      case State::payload_end:
        if (c == '\n') state_ = State::size;
        break;
      case State::body_end:
        if (c == '\n') {
          *this = Dechunker();
          return true;
        }
        break;
      case State::payload: break;
    }
    return false;
  }

  State state_ = State::head;
  std::size_t left_ = 0;
  int newlines_ = 0;
};

}  // namespace kimistream::floors
