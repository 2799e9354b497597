// Base64 read back.
#include "media/base64_decode.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "media/base64.hpp"

namespace base64 = kimistream::media::base64;

TEST_CASE("what was encoded comes back, whatever its length and however it is cut") {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random());
    std::string text(base64::encoded_size(size), '\0');
    base64::encode(bytes.data(), size, text.data());
    CHECK(base64::decode(text) == bytes);
    base64::Decoder decoder;
    std::string pieces;
    for (const char c : text) CHECK(decoder.feed({&c, 1}, pieces));
    CHECK(decoder.complete());
    CHECK(pieces == bytes);
  }
}

TEST_CASE("what is no base64 is refused") {
  for (const char* text : {"A", "AA", "AAA", "AA=", "AAAA=", "=AAA", "AA==AAAA", "AA A", "AA-_", "AA\n=", "A==="})
    CHECK_FALSE(base64::decode(text));
}
