#include "record/sha256_paths.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace kimistream::record;

namespace {

constexpr Sha256State beginning{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

using Block = std::array<unsigned char, 64>;

}  // namespace

TEST_CASE("each way that this processor has takes in the block of the standard's first example") {
  Block block{'a', 'b', 'c', 0x80};
  block.back() = 24;  // bits
  const Sha256State expected{0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                             0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
  CHECK(sha256_paths().front().name == "plain");
  for (const Sha256Path& path : sha256_paths()) {
    CAPTURE(path.name);
    Sha256State state = beginning;
    path.digest(state, block.data());
    CHECK(state == expected);
  }
}

TEST_CASE("all ways go on alike, block after block, wherever a block lies in memory") {
  std::string bytes;
  for (unsigned i = 0; i < 64 * 200 + 1; ++i) bytes += static_cast<char>((i * i + 7 * i) >> (i % 5));
  for (const std::size_t begin : {0U, 1U}) {
    Sha256State plain = beginning;
    for (std::size_t at = begin; at + 64 <= bytes.size(); at += 64)
      sha256_paths().front().digest(plain, reinterpret_cast<const unsigned char*>(bytes.data()) + at);
    for (const Sha256Path& path : sha256_paths()) {
      CAPTURE(path.name);
      Sha256State state = beginning;
      for (std::size_t at = begin; at + 64 <= bytes.size(); at += 64)
        path.digest(state, reinterpret_cast<const unsigned char*>(bytes.data()) + at);
      CHECK(state == plain);
    }
  }
}
