// What the fuzz harnesses share. Each of them is a libFuzzer target; driver.cpp runs it where there is no libFuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace kimistream::testing {

/// Ends the program where an input breaks a promise, so that the fuzzer keeps it.
inline void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The text in pieces; which ones follows from the text alone, so that an input always does the same.
inline std::vector<std::string> pieces_of(std::string_view text, std::size_t longest) {
  std::minstd_rand random(static_cast<unsigned>(text.size() * 31 + longest));
  std::vector<std::string> pieces;
  while (!text.empty()) {
    pieces.emplace_back(text.substr(0, random() % (longest + 1)));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace kimistream::testing
