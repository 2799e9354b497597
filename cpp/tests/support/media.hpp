// Small media, temporary files, and a base64 encoder that is too slow to be wrong.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "kimistream/error.hpp"
#include "kimistream/transport.hpp"
#include "media/data_uri.hpp"

namespace kimistream::testing {

using namespace std::string_view_literals;

inline constexpr std::string_view png_head = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv;
inline constexpr std::string_view mp4_head =
    "\0\0\0\x18"
    "ftypmp42\0\0\0\0mp42isom"sv;

/// That many bytes, the same each time, of all values; `head` comes first.
inline std::string some_bytes(std::size_t size, std::string_view head = {}) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() & 255);
  head.copy(bytes.data(), std::min(head.size(), size));
  return bytes;
}

inline std::shared_ptr<BodySource> raw(std::string bytes) {
  return std::make_shared<media::RawSource>(media::open(media::origin_of_bytes(std::move(bytes))));
}

/// Bit by bit, as RFC 4648 tells it.
inline std::string slow_base64(std::string_view bytes) {
  std::string bits, text;
  for (const char byte : bytes)
    for (int bit = 7; bit >= 0; --bit) bits += (static_cast<unsigned char>(byte) >> bit & 1) ? '1' : '0';
  while (bits.size() % 6) bits += '0';
  for (std::size_t i = 0; i < bits.size(); i += 6) {
    const int value = std::stoi(bits.substr(i, 6), nullptr, 2);
    text += static_cast<char>(value < 26    ? 'A' + value
                              : value < 52  ? 'a' + value - 26
                              : value < 62  ? '0' + value - 52
                              : value == 62 ? '+'
                                            : '/');
  }
  while (text.size() % 4) text += '=';
  return text;
}

/// All that a source gives when it is asked for `capacity` bytes at a time, with a guard behind each buffer.
inline std::string drain(BodySource& source, std::size_t capacity) {
  std::string all, buffer(capacity + 8, '#');
  for (;;) {
    std::fill(buffer.begin(), buffer.end(), '#');
    const std::size_t size = source.read(buffer.data(), capacity);
    REQUIRE(size <= capacity);
    REQUIRE(buffer.substr(capacity) == "########");
    if (size == 0) return all;
    all.append(buffer, 0, size);
  }
}

inline std::string drain(const Body& body, std::size_t capacity = 1000) {
  std::string all;
  for (const auto& segment : body.segments) all += segment.source ? drain(*segment.source, capacity) : segment.text;
  return all;
}

/// The words of the error that a call throws; "" when it throws none.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const Exception& exception) {
    CHECK(exception.error().kind == ErrorKind::invalid_request);
    CHECK_FALSE(exception.error().retryable);
    return exception.error().message;
  }
  return {};
}

inline bool mentions(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

/// A directory that goes away with its contents.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "kimistream-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  [[nodiscard]] std::string path(std::string_view name) const { return (directory_ / name).string(); }
  [[nodiscard]] std::string write(std::string_view name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc).write(bytes.data(), std::streamsize(bytes.size()));
    return path(name);
  }

 private:
  std::filesystem::path directory_;
};

}  // namespace kimistream::testing
