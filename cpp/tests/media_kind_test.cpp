// What the first bytes of a file tell.
#include "media/kind.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/media.hpp"

using namespace std::string_literals;
using kimistream::media::detect;
using kimistream::media::Format;

namespace {

std::string mime(std::string_view head) {
  const Format* format = detect(head);
  return format ? std::string(format->mime) : "unknown";
}

std::string ftyp(std::string_view main, std::string_view others = "") {
  const auto size = static_cast<char>(16 + others.size());
  return "\0\0\0"s + size + "ftyp" + std::string(main) + "\0\0\0\0"s + std::string(others) +
         "\0\0\0\x08"
         "free"s;
}

const std::string png = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s;
const std::string webm = "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm"s;
const std::string asf = "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c...."s;
const std::string bmp = "BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s;

}  // namespace

TEST_CASE("pictures are told by their first bytes") {
  CHECK(mime(png) == "image/png");
  CHECK(mime("\xff\xd8\xff\xe0\0\x10JFIF"s) == "image/jpeg");
  CHECK(mime("GIF87a...") == "image/gif");
  CHECK(mime("GIF89a...") == "image/gif");
  CHECK(mime("RIFF\x10\0\0\0WEBPVP8 "s) == "image/webp");
  CHECK(mime(bmp) == "image/bmp");
  CHECK(mime(ftyp("heic", "mif1heic")) == "image/heic");
  CHECK(mime(ftyp("mif1", "mif1heic")) == "image/heic");
  CHECK(mime(ftyp("mif1", "mif1miaf")) == "image/heif");
  CHECK(mime(ftyp("msf1")) == "image/heif");
}

TEST_CASE("videos are told by their first bytes") {
  CHECK(mime(ftyp("isom", "isomiso2avc1mp41")) == "video/mp4");
  CHECK(mime(ftyp("mp42")) == "video/mp4");
  CHECK(mime(ftyp("M4V ")) == "video/mp4");
  CHECK(mime(ftyp("qt  ")) == "video/quicktime");
  CHECK(mime("\0\0\x10\0moov\0\0\0\0mvhd"s) == "video/quicktime");
  CHECK(mime("\0\0\0\x08wide\0\0\0\0mdat"s) == "video/quicktime");
  CHECK(mime(ftyp("3gp4")) == "video/3gpp");
  CHECK(mime(ftyp("3g2a")) == "video/3gpp");
  CHECK(mime("RIFF\x10\0\0\0AVI LIST"s) == "video/x-msvideo");
  CHECK(mime("FLV\1\5\0\0\0\x09"s) == "video/x-flv");
  CHECK(mime(asf) == "video/x-ms-wmv");
  CHECK(mime(webm) == "video/webm");
  CHECK(mime("\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska"s) == "video/x-matroska");
  CHECK(mime("\0\0\1\xba\x44"s) == "video/mpeg");
  CHECK(mime("\0\0\1\xb3\x14"s) == "video/mpeg");
}

TEST_CASE("what the API does not take is recognised, with advice") {
  const std::vector<std::string> vector_graphics = {
      "<svg xmlns=\"http://www.w3.org/2000/svg\">",
      "\xef\xbb\xbf \r\n<svg>",
      "<?xml version=\"1.0\"?>\n<!-- made by hand --><svg>",
      "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"...\">",
  };
  for (const auto& head : vector_graphics) {
    CHECK(mime(head) == "image/svg+xml");
    CHECK(detect(head)->family == Format::Family::refused);
    CHECK(detect(head)->advice.find("PNG") != std::string_view::npos);
  }
  CHECK(mime("%PDF-1.7\n") == "application/pdf");
  CHECK(mime("\n\n%PDF-1.7\n") == "application/pdf");
  CHECK(detect("%PDF-1.7")->advice.find("file-extract") != std::string_view::npos);
  CHECK(detect(ftyp("avif", "avifmif1"))->family == Format::Family::refused);
  CHECK(mime(ftyp("mif1", "mif1avif")) == "image/avif");
  CHECK(detect("II*\0"s)->name == "TIFF");
  CHECK(detect("MM\0*"s)->name == "TIFF");
  CHECK(detect(ftyp("M4A "))->family == Format::Family::refused);
}

TEST_CASE("other files are unknown") {
  CHECK(mime("") == "unknown");
  CHECK(mime("hello") == "unknown");
  CHECK(mime("BMW builds cars, and this is a text about them") == "unknown");
  CHECK(mime("<html><body><p>no picture</p>") == "unknown");
  CHECK(mime("<?xml version=\"1.0\"?><feed/>") == "unknown");
  CHECK(mime("RIFF\x10\0\0\0WAVEfmt "s) == "unknown");
  CHECK(mime("\x1a\x45\xdf\xa3\x9f\x42\x82\x84none"s) == "unknown");
  CHECK(mime("\x1a\x45\xdf\xa3\x42\x82"s) == "unknown");
  CHECK(mime("PK\3\4"s) == "unknown");
  CHECK(mime(std::string(4096, '\0')) == "unknown");
}

TEST_CASE("any beginning of any format, and any garbage, is answered within its bounds") {
  const std::vector<std::string> heads = {
      png, webm, asf, bmp, ftyp("mif1", "mif1miafheic"), "<?xml?><!-- <svg", "RIFF....WEBP"};
  for (const auto& head : heads)
    for (std::size_t size = 0; size <= head.size(); ++size) {
      const std::string exact = head.substr(0, size);  // the sanitizer watches its end
      (void)detect(exact);
    }
  // Sizes that lie: a box that claims more than there is, a document type that does.
  CHECK(mime("\xff\xff\xff\xff"
             "ftypmif1\0\0\0\0mif1"s) == "image/heif");
  CHECK(mime("\0\0\0\0"
             "ftypmif1\0\0\0\0heic"s) == "image/heif");
  CHECK(mime("\x1a\x45\xdf\xa3\x42\x82\xffwebm"s) == "video/webm");
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string garbage = kimistream::testing::some_bytes(size);
    (void)detect(garbage);
    (void)detect("\x1a\x45\xdf\xa3" + garbage);
    (void)detect(
        "\0\0\0\x20"
        "ftyp"s +
        garbage);
  }
  // Nothing behind the limit is looked at.
  CHECK(mime("<?xml?>" + std::string(kimistream::media::head_bytes, ' ') + "<svg>") == "unknown");
}

TEST_CASE("formats are listed for people") {
  using kimistream::media::names_of;
  CHECK(names_of(Format::Family::image) == "PNG, JPEG, GIF, WebP, BMP, HEIC, HEIF");
  CHECK(names_of(Format::Family::video) == "MP4, MPEG, MOV, AVI, FLV, WebM, WMV, 3GPP, MKV");
}
