/// @file socket.hpp
/// @brief A connected TCP socket that is closed in a chosen way.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace kimistream::testing {

/// Longest time that a test connection may wait for anything.
inline constexpr std::chrono::seconds patience{30};

class Socket {
 public:
  explicit Socket(int descriptor) noexcept;
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Blocks while the client does not read. False: the client is gone (or did not read for `patience`).
  [[nodiscard]] bool send(std::string_view bytes) noexcept;

  /// Number of bytes read; 0: the client is gone.
  [[nodiscard]] std::size_t receive(char* buffer, std::size_t size) noexcept;

  /// Waits until the client closes; true if it did.
  [[nodiscard]] bool wait_closed(std::chrono::duration<double, std::milli> limit) const noexcept;

  void half_close() noexcept;
  void close() noexcept;  ///< FIN, also when the request was not read
  void reset() noexcept;  ///< RST

  /// Wakes whoever waits on this socket; the only function that another thread may call.
  void abort() const noexcept;

 private:
  void discard_input() noexcept;

  int descriptor_;
};

}  // namespace kimistream::testing
