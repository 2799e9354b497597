// Base64 read back (RFC 4648): for what is written down, not for what is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kimistream::media::base64 {

/// Takes base64 text in pieces of any size.
class Decoder {
 public:
  /// Appends what the characters mean. @return false at one that base64 does not have, or behind its padding
  bool feed(std::string_view text, std::string& bytes);
  /// True when what came was whole: four characters, or the padding that the last group wants.
  [[nodiscard]] bool complete() const noexcept { return count_ == 0; }

 private:
  std::uint32_t group_ = 0;
  int count_ = 0;  // characters of the group that have come
  int padding_ = 0;
};

/// The bytes of a whole text; nothing when it is no base64.
[[nodiscard]] std::optional<std::string> decode(std::string_view text);

}  // namespace kimistream::media::base64
