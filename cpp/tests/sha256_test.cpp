// SHA-256 against the examples of its standard (FIPS 180-4; NIST, "Examples with Intermediate Values").
#include "record/sha256.hpp"

#include <doctest/doctest.h>

#include <string>

using kimistream::record::Sha256;

namespace {
std::string hash_of(std::string_view text, std::size_t step) {
  Sha256 hash;
  for (std::size_t at = 0; at < text.size(); at += step) hash.add(text.substr(at, step));
  return hash.finish();
}
}  // namespace

TEST_CASE("the standard's examples, in blocks of any size") {
  for (const std::size_t step : {1U, 7U, 63U, 64U, 65U, 1000U}) {
    CHECK(hash_of("", step) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hash_of("abc", step) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", step) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hash_of(std::string(1'000'000, 'a'), step) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}
