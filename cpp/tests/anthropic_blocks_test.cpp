// Text, pictures and videos as blocks of the messages protocol.
#include "wire/anthropic_blocks.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kimistream/media.hpp"
#include "wire/encode_common.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using ks::json::Tree;

namespace {

struct Made {
  explicit Made(const ks::Message& message) {
    std::vector<Tree> blocks;
    maker.add_content(message, 3, blocks, notices);
    Tree all = Tree::array();
    all.items() = std::move(blocks);
    body = wire::to_body(all, maker.slots());
  }
  explicit Made(ks::Part part) : Made(ks::user(std::vector<ks::Part>{std::move(part)})) {}

  [[nodiscard]] const std::string& text() const { return body->segments.at(0).text; }

  wire::Blocks maker;
  std::vector<ks::Notice> notices;
  std::shared_ptr<ks::Body> body;
};

ks::Part raw(std::string json) { return {.kind = ks::Part::Kind::raw, .value = std::move(json)}; }
ks::Part picture(std::string url) { return {.kind = ks::Part::Kind::image_url, .value = std::move(url)}; }
ks::Part video(std::string url) { return {.kind = ks::Part::Kind::video_url, .value = std::move(url)}; }

std::string read(ks::BodySource& source, std::size_t capacity) {
  std::string all, piece(capacity, '\0');
  while (const std::size_t got = source.read(piece.data(), capacity)) all.append(piece, 0, got);
  return all;
}

}  // namespace

TEST_CASE("text becomes a block, blank text none") {
  CHECK(Made(ks::user("a")).text() == R"([{"type":"text","text":"a"}])");
  CHECK(Made(ks::user(" \n")).text() == "[]");
  CHECK(Made(ks::Part{.value = "a"}).text() == R"([{"type":"text","text":"a"}])");
  CHECK(Made(ks::Part{.value = ""}).text() == "[]");
}

TEST_CASE("data URIs become base64 sources, addresses url sources") {
  const Made data(picture("data:image/png;base64,AAA="));
  CHECK(data.text() == R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}}])");
  CHECK(data.notices.empty());
  CHECK(Made(video("data:video/mp4;codecs=avc1;base64,AAAA")).text() ==
        R"([{"type":"video","source":{"type":"base64","media_type":"video/mp4","data":"AAAA"}}])");
  const Made address(picture("https://x/y.png"));
  CHECK(address.text() == R"([{"type":"image","source":{"type":"url","url":"https://x/y.png"}}])");
  CHECK(address.notices.empty());
}

TEST_CASE("what is neither is sent as an address, and said") {
  for (const std::string url : {"ms://file1", "data:image/png,AAA", "data:;base64,AAA", "data:image/png;base64", ""}) {
    CAPTURE(url);
    const Made made(video(url));
    CHECK(made.text().find(R"("source":{"type":"url","url":)") != std::string::npos);
    REQUIRE(made.notices.size() == 1);
    CHECK(made.notices[0].code == "media_form");
    CHECK(made.notices[0].message.starts_with("message 3"));
  }
}

TEST_CASE("parts in the other protocol's form are translated, this protocol's own go as they are") {
  for (const char* part : {R"({"type":"image_url","image_url":{"url":"https://x/y","detail":"low"}})",
                           R"({"type":"image_url","image_url":"https://x/y"})"})
    CHECK(Made(raw(part)).text() == R"([{"type":"image","source":{"type":"url","url":"https://x/y"}}])");
  CHECK(Made(raw(R"({"type":"video_url","video_url":{"url":"data:video/mp4;base64,AA"}})")).text() ==
        R"([{"type":"video","source":{"type":"base64","media_type":"video/mp4","data":"AA"}}])");
  const Made own(raw(R"({"type":"text","text":"a","cache_control":{"type":"ephemeral"}})"));
  CHECK(own.text() == R"([{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}])");
  CHECK(own.notices.empty());
  const Made odd(raw(R"({"type":"hologram","x":1})"));
  CHECK(odd.text() == R"([{"type":"hologram","x":1}])");
  REQUIRE(odd.notices.size() == 1);
  CHECK(odd.notices[0].code == "unknown_part");
}

TEST_CASE("a medium is sent as base64 while the body is read, without the head of a data URI, and again") {
  std::string bytes("\x89PNG\r\n\x1a\n", 8);
  bytes.append(100, 'x');
  const ks::Part part = ks::image_bytes(bytes);
  const std::string uri = read(*part.media->data_uri(), 4096);
  const Made made(part);
  REQUIRE(made.body->segments.size() == 3);
  CHECK(made.text() == R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":")");
  CHECK(made.body->segments[2].text == R"("}}])");
  ks::BodySource& source = *made.body->segments[1].source;
  const std::string expected = uri.substr(uri.find(',') + 1);
  CHECK(source.size() == expected.size());
  for (const std::size_t capacity : {4096, 100, 64}) {
    CHECK(read(source, capacity) == expected);
    CHECK(source.rewind());
  }
}

TEST_CASE("white space in a data URI is taken out here too") {
  const char* clean = R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}])";
  for (const Made& made : {Made(picture("data:image/png;base64, AA\nAA")),
                           Made(raw(R"({"type":"image_url","image_url":"data:image/png;base64,AAAA "})")),
                           Made(raw(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,\r\nAAAA"}})"))}) {
    CHECK(made.text() == clean);
    REQUIRE(made.notices.size() == 1);
    CHECK(made.notices[0].code == "data_uri_mended");
  }
}
