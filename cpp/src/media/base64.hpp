// Base64 (RFC 4648, standard alphabet, padded), at the speed of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kimistream::media::base64 {

inline constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters that `bytes` bytes become.
[[nodiscard]] constexpr std::uint64_t encoded_size(std::uint64_t bytes) noexcept { return (bytes + 2) / 3 * 4; }

/// Writes `encoded_size(size)` characters. `from` may be the end of `to`'s own memory: when both end at the same place,
/// what is written never catches up with what is still to be read.
void encode(const char* from, std::size_t size, char* to) noexcept;

/// A way to do it. Which ones there are depends on the processor that the program runs on.
struct Path {
  std::string_view name;  // "scalar", "avx2", "avx512vbmi", "neon"
  void (*encode)(const char* from, std::size_t size, char* to) noexcept;
};

/// Those that this processor can run, slowest first; `encode` takes the last.
[[nodiscard]] std::span<const Path> paths() noexcept;

}  // namespace kimistream::media::base64
