// Data URIs that are made while they are read, for buffers of every size; and those that need mending.
#include "media/data_uri.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "support/media.hpp"

using namespace kimistream::testing;
namespace media = kimistream::media;

namespace {

const std::string prefix = "data:image/png;base64,";

std::unique_ptr<media::Source> memory(std::string bytes) {
  return media::open(media::origin_of_bytes(std::move(bytes)));
}
std::unique_ptr<media::Source> file(const std::string& path) { return media::open(media::FileOrigin{path}); }

constexpr std::size_t block = 48 * 1024;

}  // namespace

TEST_CASE("a data URI is right for every capacity of the buffer, from a file and from memory") {
  const Scratch scratch;
  const std::string bytes = some_bytes(1003);
  const std::string expected = prefix + slow_base64(bytes);
  const std::string path = scratch.write("a", bytes);
  for (const bool from_file : {false, true}) {
    CAPTURE(from_file);
    media::Base64Source source(from_file ? file(path) : memory(bytes), "image/png");
    CHECK(source.size() == expected.size());
    for (std::size_t capacity = 1; capacity <= 70; ++capacity) {
      if (drain(source, capacity) != expected) FAIL_CHECK("wrong for " << capacity);
      REQUIRE(source.rewind());
    }
    for (const std::size_t capacity : {127u, 999u, 1000u, 1358u, 1359u, 1361u, 1363u, 65'537u}) {
      if (drain(source, capacity) != expected) FAIL_CHECK("wrong for " << capacity);
      REQUIRE(source.rewind());
    }
  }
}

TEST_CASE("a data URI is right for sizes around each border") {
  const Scratch scratch;
  for (const std::size_t border : {std::size_t{3}, std::size_t{28}, std::size_t{48}, std::size_t{64}, block, 4 * block})
    for (std::size_t size = border - 3; size <= border + 3; ++size) {
      if (size == 0) continue;
      const std::string bytes = some_bytes(size);
      const std::string expected = prefix + slow_base64(bytes);
      const std::string path = scratch.write("a", bytes);
      for (const std::size_t capacity : {std::size_t{16 * 1024}, std::size_t{64 * 1024}, std::size_t{64 * 1024 + 1},
                                         std::size_t{256 * 1024}, expected.size()}) {
        CAPTURE(size);
        CAPTURE(capacity);
        media::Base64Source from_file(file(path), "image/png"), from_memory(memory(bytes), "image/png");
        CHECK(from_file.size() == expected.size());
        CHECK((drain(from_file, capacity) == expected));
        CHECK((drain(from_memory, capacity) == expected));
      }
    }
}

TEST_CASE("capacities may change from read to read") {
  const std::string bytes = some_bytes(10'000);
  const std::string expected = prefix + slow_base64(bytes);
  for (unsigned seed = 0; seed < 200; ++seed) {
    media::Base64Source source(memory(bytes), "image/png");
    std::mt19937 random(seed);
    std::string all, buffer(3000, '#');
    while (const std::size_t size = source.read(buffer.data(), 1 + random() % (seed % 2 ? 9 : 3000)))
      all.append(buffer, 0, size);
    CHECK((all == expected));
  }
}

TEST_CASE("a large buffer is filled but for a group, so that few reads are needed") {
  media::Base64Source source(memory(some_bytes(1'000'000)), "image/png");
  std::string buffer(256 * 1024, '#');
  CHECK(source.read(buffer.data(), buffer.size()) > buffer.size() - 4);
  CHECK(source.read(buffer.data(), buffer.size()) > buffer.size() - 4);
}

TEST_CASE("at the end there is nothing more, however often it is asked") {
  media::Base64Source source(memory("abc"), "image/png");
  char buffer[100];
  CHECK(source.read(buffer, sizeof buffer) == prefix.size() + 4);
  CHECK(source.read(buffer, sizeof buffer) == 0);
  CHECK(source.read(buffer, 1) == 0);
}

TEST_CASE("a data URI begins anew from wherever it is rewound") {
  const Scratch scratch;
  const std::string bytes = some_bytes(200'000);
  const std::string expected = prefix + slow_base64(bytes);
  media::Base64Source source(file(scratch.write("a", bytes)), "image/png");
  std::string buffer(256 * 1024, '#');
  for (const std::size_t capacity : {1u, 5u, 22u, 23u, 24u, 50'000u, 256u * 1024}) {
    for (const int count : {1, 2, 3, 23, 24, 25}) {  // 23 single characters: the prefix and the first of a group
      for (int reads = 0; reads < count; ++reads) (void)source.read(buffer.data(), capacity);
      REQUIRE(source.rewind());
      CHECK((drain(source, 64 * 1024) == expected));
      REQUIRE(source.rewind());
    }
  }
}

TEST_CASE("a data URI needs no escape in JSON") {
  std::string all;
  for (int i = 0; i < 256 * 3; ++i) all += static_cast<char>(i * 7);
  media::Base64Source source(memory(all), "video/x-ms-wmv");
  const std::string text = drain(source, 100);
  CHECK(text.find_first_of("\"\\") == std::string::npos);
  CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; }));
}

TEST_CASE("a file that changes under a data URI is an error before the last character") {
  const Scratch scratch;
  const std::string bytes = some_bytes(500'000);
  const std::string path = scratch.write("a", bytes);
  for (const std::size_t capacity : {1000u, 256u * 1024, 1024u * 1024}) {
    for (const std::size_t new_size : {0u, 1u, 499'999u, 500'001u, 600'000u}) {
      CAPTURE(capacity);
      CAPTURE(new_size);
      (void)scratch.write("a", bytes);
      media::Base64Source source(file(path), "image/png");
      std::string buffer(capacity, '#');
      std::size_t given = source.read(buffer.data(), 100);
      std::filesystem::resize_file(path, new_size);
      const std::string why = refusal([&] {
        while (const std::size_t size = source.read(buffer.data(), capacity)) given += size;
      });
      CHECK(mentions(why, new_size < bytes.size() ? "became shorter" : "became longer"));
      CHECK(given < source.size());
    }
  }
}

TEST_CASE("a retry sends the same file again, or says that it is another one") {
  const Scratch scratch;
  const std::string bytes = some_bytes(1000);
  const std::string path = scratch.write("a", bytes);
  media::Base64Source source(file(path), "image/png");
  const std::string first = drain(source, 300);
  REQUIRE(source.rewind());
  CHECK(drain(source, 300) == first);
  REQUIRE(source.rewind());
  (void)scratch.write("a", some_bytes(900));
  CHECK(mentions(refusal([&] { (void)drain(source, 300); }), "became shorter"));
}

TEST_CASE("raw bytes are given as they are, and again") {
  const Scratch scratch;
  const std::string bytes = some_bytes(100'000);
  for (const bool from_file : {false, true}) {
    media::RawSource source(from_file ? file(scratch.write("a", bytes)) : memory(bytes));
    CHECK(source.size() == bytes.size());
    for (const std::size_t capacity : {7u, 4096u, 99'999u, 100'000u, 200'000u}) {
      CHECK((drain(source, capacity) == bytes));
      REQUIRE(source.rewind());
    }
  }
}

TEST_CASE("raw bytes of a file that changes are an error before the last one") {
  const Scratch scratch;
  const std::string path = scratch.write("a", some_bytes(1000));
  media::RawSource source(file(path));
  char buffer[1000];
  CHECK(source.read(buffer, 500) == 500);
  std::filesystem::resize_file(path, 1001);
  CHECK(mentions(refusal([&] { (void)source.read(buffer, 500); }), "became longer"));
}

TEST_CASE("a data URI with white space in or around its text is mended") {
  const auto mended = [](std::string_view url) { return media::mended_data_uri(url).value_or("nothing to mend"); };
  CHECK(mended("data:image/png;base64, AAAA") == "data:image/png;base64,AAAA");
  CHECK(mended("data:image/png;base64,AA\r\nAA\n") == "data:image/png;base64,AAAA");
  CHECK(mended(" data:image/png;base64,AAAA") == "data:image/png;base64,AAAA");
  CHECK(mended("DATA:image/png;Base64,\tAAAA") == "DATA:image/png;Base64,AAAA");
  CHECK(mended("data:image/svg+xml;charset=utf-8;base64, AAAA") == "data:image/svg+xml;charset=utf-8;base64,AAAA");
  CHECK(mended("data:image/png;base64,AAAA") == "nothing to mend");
  CHECK(mended("data:text/plain,a b") == "nothing to mend");
  CHECK(mended("https://example.com/a b") == "nothing to mend");
  CHECK(mended("ms://id ") == "nothing to mend");
  CHECK(mended("data:") == "nothing to mend");
  CHECK(mended("data:,") == "nothing to mend");
  CHECK(mended("data:;base64, AA") == "data:;base64,AA");
  CHECK(mended("") == "nothing to mend");
  CHECK(mended("   ") == "nothing to mend");
  CHECK(mended("data:" + std::string(1000, 'x') + ";base64, AAAA") == "nothing to mend");
}
