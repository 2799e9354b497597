/// @file encoding.hpp
/// @brief The few encodings that the fault server needs; no dependency, so that tests can be built anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kimistream::testing {

[[nodiscard]] std::string base64(std::string_view bytes);

/// Takes the standard and the URL alphabet, with or without padding; nullopt for anything else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// CRC-32 as zlib has it; `seed` is the result so far.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes, std::uint32_t seed = 0);

/// A valid gzip file of stored (uncompressed) blocks: any decoder must take it.
[[nodiscard]] std::string gzip_stored(std::string_view bytes);

/// A JSON string with its quotes. Bytes beyond ASCII are written as Latin-1 escapes, so that any bytes give
/// valid JSON.
[[nodiscard]] std::string json_string(std::string_view bytes);

}  // namespace kimistream::testing
