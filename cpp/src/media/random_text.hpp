// A word that nobody can foresee, to mark places in text that others wrote.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace kimistream::media {

/// 40 hexadecimal digits, 160 bits. @throws std::exception where the system has no randomness to give
inline std::string random_text() {
  std::random_device device;
  std::string text;
  for (int word = 0; word < 5; ++word) {
    auto bits = static_cast<std::uint32_t>(device());
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) text += "0123456789abcdef"[bits & 15];
  }
  return text;
}

}  // namespace kimistream::media
