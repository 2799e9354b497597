// What both encoders lean on.
#include "wire/encode_common.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kimistream/error.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using ks::json::Tree;

namespace {

std::string written(const Tree& tree) {
  std::string out;
  tree.write(out);
  return out;
}

}  // namespace

TEST_CASE("what should be a JSON object and is none is refused by its name") {
  CHECK(written(wire::parse_object({R"({"a":1})"}, "it")) == R"({"a":1})");
  for (const char* bad : {"", "[]", "{", "null"}) {
    try {
      (void)wire::parse_object({bad}, "the thing");
      FAIL_CHECK("not refused");
    } catch (const ks::Exception& exception) {
      CHECK(exception.error().kind == ks::ErrorKind::invalid_request);
      CHECK(exception.error().message == "the thing must be a JSON object");
    }
  }
}

TEST_CASE("the row's patches follow the mode of thinking") {
  const ks::Provider row{.thinking_on = {R"({"t":{"on":1}})"},
                         .thinking_off = {R"({"t":{"off":1}})"},
                         .thinking_keep = {R"({"t":{"keep":1}})"},
                         .sampling_thinking = {R"({"s":1})"},
                         .sampling_instant = {R"({"s":0})"}};
  const auto merged = [&](ks::ThinkingMode mode) {
    Tree body = Tree::object();
    wire::merge_thinking(body, row, mode);
    wire::merge_sampling(body, row, mode);
    return written(body);
  };
  CHECK(merged(ks::ThinkingMode::unset) == R"({"s":1})");
  CHECK(merged(ks::ThinkingMode::off) == R"({"t":{"off":1},"s":0})");
  CHECK(merged(ks::ThinkingMode::on) == R"({"t":{"on":1},"s":1})");
  CHECK(merged(ks::ThinkingMode::keep) == R"({"t":{"on":1,"keep":1},"s":1})");
}

TEST_CASE("reasoning goes back as it was; the placeholder stands in on tool turns while the model thinks") {
  const ks::Provider row{.tool_turn_placeholder = " "};
  ks::Message turn = ks::assistant("a");
  CHECK_FALSE(wire::reasoning_of(row, turn, {}));
  turn.tool_calls = {{.id = "c", .name = "f", .arguments = "{}"}};
  CHECK(wire::reasoning_of(row, turn, {}) == " ");
  CHECK_FALSE(wire::reasoning_of(row, turn, false));
  turn.reasoning = "";
  CHECK(wire::reasoning_of(row, turn, true) == " ");
  turn.reasoning = "r";
  CHECK(wire::reasoning_of(row, turn, true) == "r");
  CHECK(wire::reasoning_of(row, turn, false) == "r");
}

TEST_CASE("a prefill is refused where nobody would go on from it, unless checks are off") {
  ks::Request request{.prefill = "{"};
  CHECK_THROWS_AS(wire::check_prefill({.takes_prefill = false}, request), ks::Exception);
  CHECK_NOTHROW(wire::check_prefill({.takes_prefill = true}, request));
  request.check = ks::Check::off;
  CHECK_NOTHROW(wire::check_prefill({.takes_prefill = false}, request));
  CHECK_NOTHROW(wire::check_prefill({.takes_prefill = false}, {}));
}

TEST_CASE("a data URI is sent without white space, and the caller is told which message had it") {
  std::vector<ks::Notice> notices;
  CHECK_FALSE(wire::mended_address("data:image/png;base64,AAAA", 2, notices));
  CHECK_FALSE(wire::mended_address("https://x/a b.png", 2, notices));
  CHECK_FALSE(wire::mended_address("", 2, notices));
  CHECK(notices.empty());
  CHECK(wire::mended_address("data:image/png;base64, AA\r\nAA\n", 2, notices) == "data:image/png;base64,AAAA");
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].code == "data_uri_mended");
  CHECK(notices[0].message.starts_with("message 2 "));
}

TEST_CASE("the address within a part is mended in both of its forms, and nothing else is touched") {
  const auto mended = [](const char* json) {
    std::vector<ks::Notice> notices;
    Tree part = Tree::parse(json);
    wire::mend_address(part, "image_url", 0, notices);
    return written(part) + std::to_string(notices.size());
  };
  CHECK(mended(R"({"type":"image_url","image_url":{"url":"data:image/png;base64, AA","x":" "}})") ==
        R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA","x":" "}}1)");
  CHECK(mended(R"({"type":"image_url","image_url":"data:image/png;base64,A\nA"})") ==
        R"({"type":"image_url","image_url":"data:image/png;base64,AA"}1)");
  for (const char* untouched : {R"({"type":"image_url"})", R"({"image_url":null})", R"({"image_url":{"url":7}})",
                                R"({"image_url":{}})", R"({"video_url":"data:video/mp4;base64, AA"})"})
    CHECK(mended(untouched) == std::string(untouched) + "0");
}
