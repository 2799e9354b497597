// The decoder of Anthropic's protocol: any bytes, with a function on offer and without.
#include "decoding.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kimistream::testing::check_decoder(kimistream::testing::as_text(data, size), "moonshot-anthropic");
  return 0;
}
