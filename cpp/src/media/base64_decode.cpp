#include "media/base64_decode.hpp"

#include <array>
#include <cstddef>

#include "media/base64.hpp"

namespace kimistream::media::base64 {
namespace {

constexpr std::array<signed char, 256> values = [] {
  std::array<signed char, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
  return table;
}();

}  // namespace

bool Decoder::feed(std::string_view text, std::string& bytes) {
  for (const char c : text) {
    const int value = values[static_cast<unsigned char>(c)];
    if (c == '=' && count_ >= 2)
      ++padding_;
    else if (value < 0 || padding_ > 0)
      return false;
    group_ = group_ << 6 | static_cast<std::uint32_t>(c == '=' ? 0 : value);
    if (++count_ < 4) continue;
    const std::array<char, 3> three{static_cast<char>(group_ >> 16), static_cast<char>(group_ >> 8),
                                    static_cast<char>(group_)};
    bytes.append(three.data(), static_cast<std::size_t>(3 - padding_));
    group_ = 0;
    count_ = 0;
  }
  return true;
}

std::optional<std::string> decode(std::string_view text) {
  Decoder decoder;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  if (!decoder.feed(text, bytes) || !decoder.complete()) return std::nullopt;
  return bytes;
}

}  // namespace kimistream::media::base64
