// SHA-256 (FIPS 180-4), for naming media and rows by their bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kimistream::record {

/// Bytes in hexadecimal, small letters.
[[nodiscard]] std::string hexadecimal(std::string_view bytes);

class Sha256 {
 public:
  void add(std::string_view bytes) noexcept;
  /// In hexadecimal. Nothing may be added afterwards.
  [[nodiscard]] std::string finish() { return hexadecimal(finish_bytes()); }
  /// The same as its 32 bytes.
  [[nodiscard]] std::string finish_bytes();

 private:
  void digest(const unsigned char* block) noexcept;

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> block_{};
  std::uint64_t size_ = 0;
};

}  // namespace kimistream::record
