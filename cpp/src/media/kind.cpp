#include "media/kind.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "characters.hpp"

namespace kimistream::media {
namespace {

using Family = Format::Family;
using namespace std::string_view_literals;

// Images and videos: what Moonshot's vision guide lists, and Matroska, which its own command-line client sends. MIME
// types: as that client writes them.
constexpr Format png{"PNG", "image/png", Family::image};
constexpr Format jpeg{"JPEG", "image/jpeg", Family::image};
constexpr Format gif{"GIF", "image/gif", Family::image};
constexpr Format webp{"WebP", "image/webp", Family::image};
constexpr Format bmp{"BMP", "image/bmp", Family::image};
constexpr Format heic{"HEIC", "image/heic", Family::image};
constexpr Format heif{"HEIF", "image/heif", Family::image};
constexpr Format mp4{"MP4", "video/mp4", Family::video};
constexpr Format mpeg{"MPEG", "video/mpeg", Family::video};
constexpr Format mov{"MOV", "video/quicktime", Family::video};
constexpr Format avi{"AVI", "video/x-msvideo", Family::video};
constexpr Format flv{"FLV", "video/x-flv", Family::video};
constexpr Format webm{"WebM", "video/webm", Family::video};
constexpr Format wmv{"WMV", "video/x-ms-wmv", Family::video};
constexpr Format threegpp{"3GPP", "video/3gpp", Family::video};
constexpr Format mkv{"MKV", "video/x-matroska", Family::video};

constexpr Format svg{"SVG", "image/svg+xml", Family::refused,
                     "the API takes no vector graphics; render it to PNG first, or send its text as text"};
constexpr Format pdf{"PDF", "application/pdf", Family::refused,
                     "a document is no picture; upload it as a file with purpose \"file-extract\" and send the "
                     "extracted text, or render its pages to PNG"};
constexpr Format avif{"AVIF", "image/avif", Family::refused, "the API does not take it; convert it to JPEG or PNG"};
constexpr Format tiff{"TIFF", "image/tiff", Family::refused, "the API does not take it; convert it to JPEG or PNG"};
constexpr Format audio{"audio", "audio/mp4", Family::refused, "the API takes no sound without a picture"};

constexpr std::array sendable = {&png,  &jpeg, &gif, &webp, &bmp,  &heic, &heif,     &mp4,
                                 &mpeg, &mov,  &avi, &flv,  &webm, &wmv,  &threegpp, &mkv};

std::uint32_t big_endian(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

const Format* by_brand(std::string_view brand) noexcept {
  constexpr std::array heic_brands = {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "hevm"sv, "hevs"sv};
  if (std::find(heic_brands.begin(), heic_brands.end(), brand) != heic_brands.end()) return &heic;
  if (brand == "avif" || brand == "avis") return &avif;
  if (brand == "mif1" || brand == "msf1" || brand == "heif") return &heif;
  if (brand == "qt  ") return &mov;
  if (brand.starts_with("3g")) return &threegpp;
  if (brand == "M4A " || brand == "M4B " || brand == "M4P ") return &audio;
  return nullptr;
}

/// ISO base media: a first box "ftyp" with a main brand and further ones. Everything that is not told apart is MP4.
const Format* of_iso_media(std::string_view head) noexcept {
  const Format* format = by_brand(head.substr(8, 4));
  if (!format) return &mp4;
  if (format != &heif) return format;
  // "mif1" says only that it is a picture in such a file; the coding stands among the compatible brands.
  const std::size_t end = std::min<std::size_t>(big_endian(head), head.size());
  for (std::size_t at = 16; at + 4 <= end; at += 4) {
    const Format* further = by_brand(head.substr(at, 4));
    if (further == &heic || further == &avif) return further;
  }
  return format;
}

/// Matroska: an EBML header with the element DocType (42 82).
const Format* of_ebml(std::string_view head) noexcept {
  const std::size_t at = head.substr(0, 128).find("\x42\x82"sv);
  if (at == std::string_view::npos || at + 3 > head.size()) return nullptr;
  const std::size_t size = static_cast<unsigned char>(head[at + 2]) & 0x7f;
  const std::string_view type = head.substr(at + 3, size);
  if (type.starts_with("webm")) return &webm;
  return type.starts_with("matroska") ? &mkv : nullptr;
}

bool is_bmp(std::string_view head) noexcept {
  // "BM" alone begins many a text; the header that follows has one of few sizes.
  constexpr std::array<unsigned char, 7> sizes = {12, 40, 52, 56, 64, 108, 124};
  return head.starts_with("BM") && head.size() >= 18 && head.substr(15, 3) == "\0\0\0"sv &&
         std::find(sizes.begin(), sizes.end(), static_cast<unsigned char>(head[14])) != sizes.end();
}

bool is_svg(std::string_view head) noexcept {
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  head = trim_front(head);
  if (head.starts_with("<svg")) return true;
  const bool xml = head.starts_with("<?xml") || head.starts_with("<!--") || head.starts_with("<!DOCTYPE svg");
  return xml && (head.find("<svg") != std::string_view::npos || head.find("<!DOCTYPE svg") != std::string_view::npos);
}

}  // namespace

const Format* detect(std::string_view head) noexcept {
  head = head.substr(0, head_bytes);
  if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) return &png;
  if (head.starts_with("\xff\xd8\xff"sv)) return &jpeg;
  if (head.starts_with("GIF87a") || head.starts_with("GIF89a")) return &gif;
  if (head.starts_with("RIFF") && head.size() >= 12) {
    const std::string_view form = head.substr(8, 4);
    return form == "WEBP" ? &webp : form == "AVI " ? &avi : nullptr;
  }
  if (head.size() >= 12 && head.substr(4, 4) == "ftyp") return of_iso_media(head);
  if (head.size() >= 8) {
    // QuickTime from before there was "ftyp".
    const std::string_view box = head.substr(4, 4);
    if ((box == "moov" || box == "mdat" || box == "wide" || box == "pnot") && big_endian(head) < 0x10000000)
      return &mov;
  }
  if (head.starts_with("\x1a\x45\xdf\xa3"sv)) return of_ebml(head);
  if (head.starts_with("\0\0\1\xba"sv) || head.starts_with("\0\0\1\xb3"sv)) return &mpeg;
  if (head.starts_with("FLV\1")) return &flv;
  if (head.starts_with("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"sv)) return &wmv;
  if (is_bmp(head)) return &bmp;
  if (head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv)) return &tiff;
  if (is_svg(head)) return &svg;
  if (head.find("%PDF-") != std::string_view::npos) return &pdf;  // readers allow other bytes before it
  return nullptr;
}

std::string names_of(Family family) {
  std::string names;
  for (const Format* format : sendable)
    if (format->family == family) (names += names.empty() ? "" : ", ") += format->name;
  return names;
}

}  // namespace kimistream::media
