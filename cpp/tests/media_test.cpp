// Pictures and videos as values in a message.
#include "kimistream/media.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "kimistream/transport.hpp"
#include "support/media.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }
std::string uri(const ks::Part& part) { return drain(*part.media->data_uri(), 1000); }

}  // namespace

TEST_CASE("a message is put together of text, pictures and videos") {
  const Scratch scratch;
  const std::string png = some_bytes(5000, png_head), mp4 = some_bytes(7000, mp4_head);
  const ks::Message message = ks::user({ks::text("What is this?"), ks::image_file(scratch.write("a.png", png)),
                                        ks::video_file(scratch.write("b.mp4", mp4))});
  REQUIRE(message.parts.size() == 3);
  CHECK(message.parts[0] == ks::Part{.kind = ks::Part::Kind::text, .value = "What is this?"});
  CHECK(message.parts[1].kind == ks::Part::Kind::image_url);
  CHECK(message.parts[2].kind == ks::Part::Kind::video_url);
  CHECK(uri(message.parts[1]) == "data:image/png;base64," + slow_base64(png));
  CHECK(uri(message.parts[2]) == "data:video/mp4;base64," + slow_base64(mp4));
  CHECK(message.parts[1].media->data_uri()->size() == uri(message.parts[1]).size());
  CHECK(drain(*message.parts[1].media->body(), 1000) == png);
  const ks::Message copy = message;
  CHECK(copy == message);
  CHECK(uri(copy.parts[1]) == uri(message.parts[1]));
}

TEST_CASE("what a medium is, its bytes tell") {
  const Scratch scratch;
  const ks::Media media = ks::Media::from_file(scratch.write("really-a-video.png", some_bytes(99, mp4_head)));
  CHECK(media.kind() == ks::MediaKind::video);
  CHECK(media.format() == "MP4");
  CHECK(media.mime_type() == "video/mp4");
  CHECK(media.size() == 99);
  CHECK(media.name() == "really-a-video.png");
  CHECK(ks::Media::from_bytes(std::string(png_head)).name() == "");
}

TEST_CASE("bytes, shared memory, open files and functions give the same medium") {
  const Scratch scratch;
  const std::string png = some_bytes(3000, png_head);
  const std::string expected = "data:image/png;base64," + slow_base64(png);
  CHECK(uri(ks::image_bytes(png)) == expected);
  CHECK(uri(ks::image_bytes(as_bytes(png))) == expected);
  const auto owner = std::make_shared<const std::string>(png);
  CHECK(uri(ks::image(ks::Media::from_memory(owner, as_bytes(*owner)))) == expected);
  CHECK(owner.use_count() == 1);
  const int descriptor = ::open(scratch.write("a", "skip" + png).c_str(), O_RDONLY | O_CLOEXEC);
  const ks::Part part = ks::image(ks::Media::from_descriptor(descriptor, 4));
  ::close(descriptor);
  CHECK(uri(part) == expected);
  const auto read = [&](std::uint64_t offset, char* to, std::size_t capacity) {
    return png.copy(to, capacity, static_cast<std::size_t>(offset));
  };
  CHECK(uri(ks::image(ks::Media::from_function(png.size(), read))) == expected);
  CHECK(uri(ks::video_bytes(some_bytes(40, mp4_head))).starts_with("data:video/mp4;base64,"));
}

TEST_CASE("addresses and ids are passed on as they are") {
  using Kind = ks::Part::Kind;
  CHECK(ks::image_url("https://example.com/a.png") ==
        ks::Part{.kind = Kind::image_url, .value = "https://example.com/a.png"});
  CHECK(ks::video_url("HTTP://example.com/a.mp4").kind == Kind::video_url);
  CHECK(ks::image_url("data:image/png;base64, AAAA").value == "data:image/png;base64, AAAA");
  CHECK(ks::image_id("file_1") == ks::Part{.kind = Kind::image_url, .value = "ms://file_1"});
  CHECK(ks::video_id("ms://file_1") == ks::Part{.kind = Kind::video_url, .value = "ms://file_1"});
  CHECK_FALSE(ks::image_id("x").media);
  CHECK(mentions(refusal([] { (void)ks::image_url("a.png"); }), "must begin with https://"));
  CHECK(mentions(refusal([] { (void)ks::image_url(""); }), "is no address"));
  CHECK(mentions(refusal([] { (void)ks::image_url("file:///a.png"); }), "is passed as a file"));
  CHECK(mentions(refusal([] { (void)ks::image_url("data:image/svg+xml;utf8,<svg/>"); }), "vector graphics"));
  CHECK(mentions(refusal([] { (void)ks::image_id("ms://"); }), "id of the uploaded file is empty"));
}

TEST_CASE("what the API does not take is refused when the part is made") {
  const Scratch scratch;
  const auto why = [&](std::string_view bytes) {
    return refusal([&] { (void)ks::image_file(scratch.write("a.png", bytes)); });
  };
  CHECK(mentions(why("<svg xmlns='http://www.w3.org/2000/svg'/>"), "is SVG: the API takes no vector graphics"));
  CHECK(mentions(why("%PDF-1.7"), "file-extract"));
  CHECK(mentions(why("just text"), "is no picture or video of a known format"));
  CHECK(mentions(why("just text"), "PNG, JPEG"));
  CHECK(mentions(why(mp4_head), "is a video (video/mp4): pass it as a video"));
  CHECK(mentions(refusal([] { (void)ks::video_bytes(std::string(png_head)); }), "is a picture (image/png)"));
  CHECK(mentions(refusal([] { (void)ks::image_bytes(std::string()); }), "are empty"));
  CHECK(mentions(refusal([] { (void)ks::image_file("/no/such.png"); }), "there is no file"));
  CHECK(mentions(refusal([&] { (void)ks::image_file(scratch.path("")); }), "is a directory"));
}

TEST_CASE("a limit of size is the caller's to set, and counts when it is sent, too") {
  const Scratch scratch;
  const std::string path = scratch.write("a.png", some_bytes(1000, png_head));
  CHECK(mentions(refusal([&] { (void)ks::Media::from_file(path, {.max_bytes = 999}); }), "more than the 999"));
  const ks::Media media = ks::Media::from_file(path, {.max_bytes = 1000});
  (void)scratch.write("a.png", some_bytes(1001, png_head));
  CHECK(mentions(refusal([&] { (void)media.data_uri(); }), "has 1001 bytes"));
  CHECK(mentions(refusal([&] { (void)media.body(); }), "has 1001 bytes"));
  CHECK(
      mentions(refusal([] { (void)ks::Media::from_file("/dev/zero", {.max_bytes = 1000}); }), "more than 1000 bytes"));
  CHECK(
      mentions(refusal([] { (void)ks::Media::from_file("/dev/zero", {.max_stream_bytes = 5000}); }), "more than 5000"));
}

TEST_CASE("a file is looked at anew for each request") {
  const Scratch scratch;
  const std::string path = scratch.write("plot", some_bytes(1000, png_head));
  const ks::Part part = ks::image_file(path);
  const std::string later = some_bytes(2000, "\xff\xd8\xff\xe0");
  (void)scratch.write("plot", later);
  CHECK(uri(part) == "data:image/jpeg;base64," + slow_base64(later));
  (void)scratch.write("plot", some_bytes(100, mp4_head));
  CHECK(mentions(refusal([&] { (void)part.media->data_uri(); }), "is now MP4"));
  (void)scratch.write("plot", "text");
  CHECK(mentions(refusal([&] { (void)part.media->data_uri(); }), "no picture or video"));
  std::filesystem::remove(path);
  CHECK(mentions(refusal([&] { (void)part.media->data_uri(); }), "there is no file"));
}

TEST_CASE("base64 alone is of the type that was told, or refused") {
  const Scratch scratch;
  const std::string png = some_bytes(1000, png_head);
  const std::string path = scratch.write("plot", png);
  const ks::Media media = ks::Media::from_file(path);
  const auto source = media.base64();
  CHECK(source->size() == 1336);
  CHECK(drain(*source, 100) == slow_base64(png));
  REQUIRE(source->rewind());
  CHECK(drain(*source, 1) == slow_base64(png));
  (void)scratch.write("plot", some_bytes(1000, "\xff\xd8\xff\xe0"));
  CHECK(mentions(refusal([&] { (void)media.base64(); }), "was PNG and is now JPEG"));
  CHECK(media.data_uri());
}

TEST_CASE("a picture from a pipe can be sent more than once") {
  const Scratch scratch;
  const std::string path = scratch.path("pipe"), png = some_bytes(200'000, png_head);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::thread writer([&] { (void)scratch.write("pipe", png); });
  const ks::Part part = ks::image_file(path);
  writer.join();
  CHECK((uri(part) == "data:image/png;base64," + slow_base64(png)));
  CHECK((uri(part) == uri(part)));
}

TEST_CASE("two readings of one medium do not disturb each other") {
  const std::string png = some_bytes(3000, png_head);
  const ks::Part part = ks::image_bytes(png);
  const auto one = part.media->data_uri(), other = part.media->data_uri();
  char buffer[100];
  (void)one->read(buffer, sizeof buffer);
  CHECK(drain(*other, 500) == "data:image/png;base64," + slow_base64(png));
}

TEST_CASE("parts are equal when they hold the same media") {
  const Scratch scratch;
  const std::string path = scratch.write("a.png", png_head), other = scratch.write("b.png", png_head);
  CHECK(ks::image_file(path) == ks::image_file(path));
  CHECK(ks::image_file(path) != ks::image_file(other));
  CHECK(ks::image_bytes(std::string(png_head)) == ks::image_bytes(std::string(png_head)));
  CHECK(ks::image_bytes(std::string(png_head)) != ks::image_bytes(std::string(png_head) + "x"));
  CHECK(ks::image_file(path) != ks::image_id("a"));
  CHECK(ks::text("a") == ks::text("a"));
  CHECK(ks::text("a") != ks::text("b"));
}
