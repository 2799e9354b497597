// A request's body as it is handed to libcurl: every segment, every size of block, and what goes wrong on the way.
#include "net/body_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "media/data_uri.hpp"
#include "support/media.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::net::BodyReader;

namespace {

/// Letters, at most so many at a time, and fewer or more than were announced.
struct Letters final : ks::BodySource {
  explicit Letters(std::size_t announced, std::size_t given, std::size_t at_once = 1000)
      : announced(announced), given(given), at_once(at_once) {}
  [[nodiscard]] std::uint64_t size() const override { return announced; }
  bool rewind() override {
    at = 0;
    return rewinds;
  }
  std::size_t read(char* to, std::size_t capacity) override {
    smallest_room = std::min(smallest_room, capacity);
    const std::size_t count = std::min({capacity, given - at, at_once});
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<char>('a' + (at + i) % 26);
    at += count;
    return count;
  }
  std::size_t announced, given, at_once, at = 0, smallest_room = ~std::size_t{0};
  bool rewinds = true;
};

std::string letters(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

std::shared_ptr<ks::Body> body_of(std::vector<ks::Body::Segment> segments) {
  auto body = std::make_shared<ks::Body>();
  body->segments = std::move(segments);
  return body;
}

/// All of it, `capacity` bytes at a time; with the error's words behind it where there is one.
std::string read_all(BodyReader& reader, std::size_t capacity) {
  const std::uint64_t before = reader.sent();
  std::string all, block(capacity + 8, '#');
  for (;;) {
    std::fill(block.begin(), block.end(), '#');
    const auto size = reader.read(block.data(), capacity);
    REQUIRE(block.substr(capacity) == "########");
    if (!size) return all + "!" + reader.error()->message;
    REQUIRE(*size <= capacity);
    if (*size == 0) return all;
    all.append(block, 0, *size);
    REQUIRE(reader.sent() - before == all.size());
  }
}

}  // namespace

TEST_CASE("a body is read whole in blocks of any size, twice") {
  for (const std::size_t capacity : {1, 2, 3, 5, 64, 999, 1000, 1001, 4096, 16384, 65536}) {
    CAPTURE(capacity);
    BodyReader reader(body_of({{.text = "{\"a\":\""},
                               {.source = std::make_shared<Letters>(5000, 5000)},
                               {.text = ""},
                               {.source = std::make_shared<Letters>(1, 1)},
                               {.source = std::make_shared<Letters>(26, 26)},
                               {.text = "\"}"}}));
    const std::string expected = "{\"a\":\"" + letters(5000) + "a" + letters(26) + "\"}";
    CHECK(reader.size() == expected.size());
    CHECK(reader.has_sources());
    CHECK_FALSE(reader.plain());
    CHECK(read_all(reader, capacity) == expected);
    REQUIRE(reader.rewind());
    CHECK(reader.sent() == 0);
    CHECK(read_all(reader, capacity) == expected);
  }
}

TEST_CASE("one read takes several segments while there is room") {
  BodyReader reader(body_of({{.text = "{"}, {.source = std::make_shared<Letters>(100, 100)}, {.text = "}"}}));
  std::string block(4096, '#');
  CHECK(reader.read(block.data(), block.size()) == 102);
  CHECK(block.substr(0, 102) == "{" + letters(100) + "}");
  CHECK(reader.read(block.data(), block.size()) == 0);
}

TEST_CASE("a source is not asked for the few bytes that are left of a block") {
  const auto source = std::make_shared<Letters>(100'000, 100'000, 100'000);
  BodyReader reader(body_of({{.text = std::string(4000, 'x')}, {.source = source}}));
  std::string block(4096, '#');
  CHECK(reader.read(block.data(), block.size()) == 4000);
  CHECK(reader.read(block.data(), block.size()) == 4096);
  CHECK(source->smallest_room == 4096);
}

TEST_CASE("a plain body is told from others") {
  CHECK(BodyReader().plain() == "");
  CHECK(BodyReader(nullptr).size() == 0);
  CHECK(BodyReader(body_of({})).plain() == "");
  CHECK(BodyReader(body_of({{.text = "abc"}})).plain() == "abc");
  CHECK_FALSE(BodyReader(body_of({{.text = "abc"}, {.text = "d"}})).plain());
  CHECK_FALSE(BodyReader(body_of({{.text = "abc"}, {.text = "d"}})).has_sources());
  CHECK_FALSE(BodyReader(body_of({{.source = std::make_shared<Letters>(1, 1)}})).plain());
  char nothing = 0;
  BodyReader empty;
  CHECK(empty.read(&nothing, 1) == 0);
  CHECK(empty.rewind());
}

TEST_CASE("a source that gives fewer bytes than it announced is an error, whatever follows it") {
  for (const std::size_t capacity : {1, 7, 64, 100'000}) {
    BodyReader reader(body_of({{.source = std::make_shared<Letters>(1000, 900)}, {.text = std::string(100, 'X')}}));
    const std::string read = read_all(reader, capacity);
    CHECK(mentions(read, "!the request's body ended before its announced length"));
    CHECK(read.find('X') == std::string::npos);
    CHECK(reader.error()->kind == ks::ErrorKind::invalid_request);
    CHECK_FALSE(reader.error()->retryable);
  }
}

TEST_CASE("a source that goes on behind its announced length is an error before its last byte is out") {
  for (const std::size_t capacity : {1, 7, 64, 100'000}) {
    BodyReader reader(body_of({{.source = std::make_shared<Letters>(1000, 1001)}}));
    const std::string read = read_all(reader, capacity);
    CHECK(mentions(read, "!the request's body goes on behind its announced length"));
    CHECK(read.find('!') < 1000);
  }
}

TEST_CASE("an error of a source keeps its words, and a foreign exception does not get through") {
  struct Broken final : ks::BodySource {
    [[nodiscard]] std::uint64_t size() const override { return 10; }
    bool rewind() override { throw std::runtime_error("no way back"); }
    std::size_t read(char*, std::size_t) override {
      if (own) throw ks::Exception(ks::invalid_request("the clip has gone"));
      throw std::runtime_error("out of luck");
    }
    bool own = true;
  };
  const auto broken = std::make_shared<Broken>();
  BodyReader reader(body_of({{.source = broken}}));
  CHECK(read_all(reader, 100) == "!the clip has gone");
  broken->own = false;
  CHECK(mentions(read_all(reader, 100), "out of luck"));
  CHECK_FALSE(reader.rewind());
  CHECK(mentions(reader.error()->message, "no way back"));
}

TEST_CASE("a source that cannot go back says so") {
  const auto source = std::make_shared<Letters>(10, 10);
  source->rewinds = false;
  BodyReader reader(body_of({{.source = source}}));
  CHECK_FALSE(reader.rewind());
  CHECK(mentions(reader.error()->message, "only once"));
}

TEST_CASE("media of all small sizes, and of sizes around every buffer's border, are sent to the byte") {
  std::vector<std::size_t> sizes;
  for (std::size_t size = 1; size <= 1000; ++size) sizes.push_back(size);
  for (const std::size_t border : {16384, 49152, 65536, 196608, 262144})
    for (std::size_t size = border - 3; size <= border + 3; ++size) sizes.push_back(size);
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    const std::string bytes = some_bytes(size);
    const std::string expected = "{\"a\":\"data:image/png;base64," + slow_base64(bytes.substr(0, 3000));
    auto source =
        std::make_shared<ks::media::Base64Source>(ks::media::open(ks::media::origin_of_bytes(bytes)), "image/png");
    BodyReader reader(body_of({{.text = "{\"a\":\""}, {.source = source}, {.text = "\"}"}}));
    std::string sent = read_all(reader, 65536);
    REQUIRE(sent.size() == reader.size());
    CHECK(sent.ends_with("\"}"));
    if (size <= 3000)
      CHECK(sent == expected + "\"}");
    else
      CHECK(sent.starts_with(expected));
    REQUIRE(reader.rewind());
    CHECK(read_all(reader, 16384) == sent);
  }
}

TEST_CASE("a file that became shorter, longer or another one is never sent to its end") {
  const Scratch scratch;
  for (const std::size_t now : {99'999, 50'000, 1, 100'001}) {
    CAPTURE(now);
    const std::string path = scratch.write("clip.png", some_bytes(100'000, png_head));
    auto source = std::make_shared<ks::media::Base64Source>(ks::media::open(ks::media::FileOrigin{path}), "image/png");
    BodyReader reader(body_of({{.source = source}}));
    std::string block(1024, '#');
    REQUIRE(reader.read(block.data(), block.size()) > 0);
    std::filesystem::resize_file(path, now);
    const std::string rest = read_all(reader, 1024);
    CHECK(mentions(rest, now < 100'000 ? "became shorter" : "became longer"));
    CHECK(reader.sent() < reader.size());
  }
}
