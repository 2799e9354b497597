// Media as data URIs: made while they are sent, and mended where somebody else made them.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kimistream/transport.hpp"
#include "media/source.hpp"

namespace kimistream::media {

/// `data:<mime>;base64,...` of a source. Whatever the source's size, it holds a few bytes of its own: blocks are read
/// into the end of the caller's buffer and encoded to its beginning. Gives nothing that JSON would have to escape.
class Base64Source final : public BodySource {
 public:
  /// @param mime of the source's bytes, plain ASCII; "" for the base64 text alone
  Base64Source(std::unique_ptr<Source> source, std::string_view mime);

  [[nodiscard]] std::uint64_t size() const override;
  bool rewind() override;
  /// May fill a few bytes less than there is room for; 0 only at the end.
  std::size_t read(char* to, std::size_t capacity) override;

 private:
  std::size_t encode(char* to, std::size_t bytes);

  std::unique_ptr<Source> source_;
  std::string prefix_;
  std::size_t prefix_at_ = 0;
  std::uint64_t at_ = 0;         // bytes of the source that are encoded
  std::array<char, 4> group_{};  // characters that had no room; those from group_at_ on are still to be given
  std::size_t group_at_ = 4;
};

/// The bytes of a source as they are, e.g. for a part of a form.
class RawSource final : public BodySource {
 public:
  explicit RawSource(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  [[nodiscard]] std::uint64_t size() const override { return source_->size(); }
  bool rewind() override;
  std::size_t read(char* to, std::size_t capacity) override;

 private:
  std::unique_ptr<Source> source_;
  std::uint64_t at_ = 0;
};

/// The URI without white space in and around its base64 text, or nothing when there is none. A space behind "base64,"
/// stands in many a published sample, line breaks come from encoders for mail; servers refuse both.
[[nodiscard]] std::optional<std::string> mended_data_uri(std::string_view url);

}  // namespace kimistream::media
