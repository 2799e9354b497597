// The decoder of OpenAI's protocol: any bytes, with a function on offer and without.
#include "decoding.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = kimistream::testing::as_text(data, size);
  for (const char* row : {"moonshot", "vllm"}) kimistream::testing::check_decoder(text, row);
  return 0;
}
