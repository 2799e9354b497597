// How SHA-256 takes in a block: with the processor's own instructions where it has them, ten times as fast.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace kimistream::record {

using Sha256State = std::array<std::uint32_t, 8>;

/// A way to do it. Which ones there are depends on the processor that the program runs on.
struct Sha256Path {
  std::string_view name;                                                    // "plain", "sha-ni"
  void (*digest)(Sha256State& state, const unsigned char* block) noexcept;  // of 64 bytes
};

/// Those that this processor can run, slowest first.
[[nodiscard]] std::span<const Sha256Path> sha256_paths() noexcept;

}  // namespace kimistream::record
