// What a file is, told by its first bytes. Names and extensions are not asked: they lie, and bytes have none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kimistream::media {

struct Format {
  enum class Family { image, video, refused };
  std::string_view name;  // "PNG"
  std::string_view mime;  // "image/png"
  Family family = Family::refused;
  std::string_view advice{};  // refused: why, and what to do instead
};

/// More than this is never looked at.
inline constexpr std::size_t head_bytes = 1024;

/// The format that the first bytes of a file belong to, or null when it is none that is known. Takes any bytes.
[[nodiscard]] const Format* detect(std::string_view head) noexcept;

/// The formats of a family for people: "PNG, JPEG, ...".
[[nodiscard]] std::string names_of(Format::Family family);

}  // namespace kimistream::media
