// Base64 against RFC 4648, and each way to make it against a slow one.
#include "media/base64.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "support/media.hpp"

namespace base64 = kimistream::media::base64;
using kimistream::testing::slow_base64;
using kimistream::testing::some_bytes;

namespace {

/// With `before` bytes in front of the input and a guard behind the output; in a buffer of exactly this size, so that
/// the address sanitizer sees a read or a write that goes too far.
std::string encoded(const base64::Path& path, std::string_view bytes, std::size_t before = 0, std::size_t shift = 0) {
  const std::string input = std::string(before, 'x') + std::string(bytes);
  const auto size = static_cast<std::size_t>(base64::encoded_size(bytes.size()));
  std::string output(shift + size + 1, '#');
  path.encode(input.data() + before, bytes.size(), output.data() + shift);
  CHECK(output.back() == '#');
  CHECK(output.substr(0, shift) == std::string(shift, '#'));
  return output.substr(shift, size);
}

}  // namespace

TEST_CASE("base64 gives the vectors of RFC 4648 on each path") {
  constexpr std::array<std::array<std::string_view, 2>, 7> vectors = {{{"", ""},
                                                                       {"f", "Zg=="},
                                                                       {"fo", "Zm8="},
                                                                       {"foo", "Zm9v"},
                                                                       {"foob", "Zm9vYg=="},
                                                                       {"fooba", "Zm9vYmE="},
                                                                       {"foobar", "Zm9vYmFy"}}};
  for (const auto& path : base64::paths())
    for (const auto& [bytes, text] : vectors) {
      CAPTURE(path.name);
      CHECK(encoded(path, bytes) == text);
      CHECK(slow_base64(bytes) == text);
      CHECK(base64::encoded_size(bytes.size()) == text.size());
    }
}

TEST_CASE("base64 is right for every length up to 1100 on each path") {
  const std::string bytes = some_bytes(1100);
  for (const auto& path : base64::paths()) {
    CAPTURE(path.name);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const std::string_view part = std::string_view(bytes).substr(0, size);
      if (encoded(path, part) != slow_base64(part)) FAIL_CHECK("wrong for " << size << " bytes");
    }
  }
}

TEST_CASE("base64 is right wherever input and output lie") {
  const std::string bytes = some_bytes(333);
  const std::string expected = slow_base64(bytes);
  for (const auto& path : base64::paths()) {
    CAPTURE(path.name);
    for (std::size_t before = 0; before < 64; ++before)
      for (std::size_t shift = 0; shift < 64; shift += 7)
        if (encoded(path, bytes, before, shift) != expected) FAIL_CHECK("wrong at " << before << ", " << shift);
  }
}

TEST_CASE("base64 knows every value of every byte of a group") {
  // All 2^24 groups would take long; each 12-bit half is one of 4096, and the halves do not touch each other.
  std::string bytes;
  for (unsigned half = 0; half < 4096; ++half) {
    const unsigned group = half << 12 | (4095 - half);
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 255);
  }
  const std::string expected = slow_base64(bytes);
  for (const auto& path : base64::paths()) {
    CAPTURE(path.name);
    CHECK(encoded(path, bytes) == expected);
  }
}

TEST_CASE("base64 may be made in the place of its input when both end together") {
  for (const auto& path : base64::paths()) {
    CAPTURE(path.name);
    for (std::size_t size = 0; size <= 700; ++size) {
      const std::string bytes = some_bytes(size);
      const auto characters = static_cast<std::size_t>(base64::encoded_size(size));
      std::string buffer(characters, '#');
      bytes.copy(buffer.data() + (characters - size), size);
      path.encode(buffer.data() + (characters - size), size, buffer.data());
      if (buffer != slow_base64(bytes)) FAIL_CHECK("wrong for " << size << " bytes");
    }
  }
}

TEST_CASE("the table is always among the paths, and the best path is taken") {
  const auto paths = base64::paths();
  REQUIRE(!paths.empty());
  CHECK(paths.front().name == "scalar");
#ifdef __x86_64__
  CHECK((paths.size() > 1) == (__builtin_cpu_supports("avx2") != 0));
#endif
#ifdef __aarch64__
  CHECK(paths.back().name == "neon");
#endif
  const std::string bytes = some_bytes(100);
  std::string output(136, '#');
  base64::encode(bytes.data(), bytes.size(), output.data());
  CHECK(output == slow_base64(bytes));
}

TEST_CASE("the size of base64 is known for more than four gigabytes") {
  CHECK(base64::encoded_size(0) == 0);
  CHECK(base64::encoded_size(std::uint64_t{3} << 32) == std::uint64_t{4} << 32);
  CHECK(base64::encoded_size((std::uint64_t{3} << 32) + 1) == (std::uint64_t{4} << 32) + 4);
}
