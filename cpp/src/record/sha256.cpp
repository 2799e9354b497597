#include "record/sha256.hpp"

#include <algorithm>
#include <cstring>

#include "record/sha256_paths.hpp"

namespace kimistream::record {

void Sha256::digest(const unsigned char* block) noexcept { sha256_paths().back().digest(state_, block); }

void Sha256::add(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t at = size_ % block_.size();
    if (at == 0 && bytes.size() >= block_.size()) {
      digest(reinterpret_cast<const unsigned char*>(bytes.data()));
      size_ += block_.size();
      bytes.remove_prefix(block_.size());
      continue;
    }
    const std::size_t count = std::min(bytes.size(), block_.size() - at);
    std::memcpy(block_.data() + at, bytes.data(), count);
    size_ += count;
    bytes.remove_prefix(count);
    if (size_ % block_.size() == 0) digest(block_.data());
  }
}

std::string Sha256::finish_bytes() {
  constexpr std::size_t length_at = 56;
  const std::uint64_t bits = size_ * 8;
  std::size_t at = size_ % block_.size();
  block_[at++] = 0x80;
  if (at > length_at) {
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(at), block_.end(), std::uint8_t{0});
    digest(block_.data());
    at = 0;
  }
  std::fill(block_.begin() + static_cast<std::ptrdiff_t>(at), block_.begin() + length_at, std::uint8_t{0});
  for (std::size_t i = 0; i < 8; ++i) block_[length_at + i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
  digest(block_.data());
  std::string bytes(4 * state_.size(), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return bytes;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    text += digits[(static_cast<unsigned char>(byte) >> 4) & 15];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

}  // namespace kimistream::record
