// Text that is cut where sources belong.
#include "media/slots.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

#include "json/tree.hpp"
#include "media/data_uri.hpp"
#include "support/media.hpp"

using namespace kimistream::testing;
namespace media = kimistream::media;

namespace {

std::string joined(std::vector<kimistream::Body::Segment> segments) {
  kimistream::Body body{std::move(segments)};
  const std::string text = drain(body);
  CHECK(body.size() == text.size());
  return text;
}

}  // namespace

TEST_CASE("text without slots is one segment") {
  const auto segments = media::Slots().split("{\"a\": \"~1~\"}");
  REQUIRE(segments.size() == 1);
  CHECK(segments[0].text == "{\"a\": \"~1~\"}");
  CHECK_FALSE(segments[0].source);
  CHECK(media::Slots().split("").size() == 1);
  CHECK(media::Slots().empty());
}

TEST_CASE("sources stand where their marks stood, in the text's order") {
  media::Slots slots;
  const std::string first = slots.add(raw("AAAA")), second = slots.add(raw("BBBB"));
  CHECK_FALSE(slots.empty());
  CHECK(joined(slots.split("x\"" + first + "\"y\"" + second + "\"z")) == "x\"AAAA\"y\"BBBB\"z");
}

TEST_CASE("sources may stand at the ends and side by side, in another order") {
  media::Slots slots;
  const std::string first = slots.add(raw("A")), second = slots.add(raw("B"));
  const auto segments = slots.split(second + first);
  CHECK(segments.size() == 2);
  CHECK(joined(segments) == "BA");
}

TEST_CASE("more than ten slots are told apart") {
  media::Slots slots;
  std::string text, expected;
  for (int i = 0; i < 120; ++i) {
    text += slots.add(raw("<" + std::to_string(i) + ">")) + std::to_string(i);
    expected += "<" + std::to_string(i) + ">" + std::to_string(i);
  }
  CHECK(joined(slots.split(text)) == expected);
}

TEST_CASE("a source whose mark is not in the text any more is left out") {
  media::Slots slots;
  (void)slots.add(raw("gone"));
  const std::string kept = slots.add(raw("kept"));
  CHECK(joined(slots.split("a" + kept + "b")) == "akeptb");
  CHECK(joined(slots.split("nothing")) == "nothing");
}

TEST_CASE("a mark passes through a JSON document as it is") {
  media::Slots slots;
  kimistream::json::Tree tree = kimistream::json::Tree::object();
  tree.set("text", kimistream::json::Tree::string("~0~ \"quoted\" ~"));
  tree.set("url", kimistream::json::Tree::string(slots.add(raw("data:..."))));
  std::string text;
  tree.write(text);
  CHECK(joined(slots.split(text)) == R"({"text":"~0~ \"quoted\" ~","url":"data:..."})");
}

TEST_CASE("marks differ from one request to the next: a text cannot hold one that it has seen") {
  media::Slots one, other;
  const std::string seen = one.add(raw("A"));
  const std::string mark = other.add(raw("B"));
  CHECK(seen != mark);
  CHECK(joined(other.split(seen + mark)) == seen + "B");
}
