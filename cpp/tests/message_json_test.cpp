// Messages that are kept as JSON and come back equal.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "kimistream/error.hpp"
#include "kimistream/media.hpp"

namespace ks = kimistream;

namespace {

ks::Message back(const ks::Message& message) { return ks::message_from_json(ks::to_json(message)); }

std::string refusal(const char* json) {
  try {
    (void)ks::message_from_json({json});
    return "";
  } catch (const ks::Exception& exception) {
    CHECK(exception.error().kind == ks::ErrorKind::invalid_request);
    return exception.error().message;
  }
}

ks::Message answer() {
  return {
      .role = "assistant",
      .content = "Par\xc3\xads\n",
      .reasoning = "hm",
      .reasoning_details = {R"([{"type":"reasoning.text","text":"hm"}])"},
      .signature = "sig",
      .tool_calls =
          {{.index = 0, .id = "a:0", .name = "f", .arguments = R"({"x":1})"},
           {.index = 5, .id = "", .name = "$web", .arguments = "{\"x", .type = "builtin_function", .complete = false}},
      .finish_reason = "tool_calls",
      .usage =
          ks::Usage{.prompt_tokens = 9007199254740993, .completion_tokens = 0, .cost = 0.1, .cache_write_tokens = 5},
      .warnings = {{"missing_end_marker", "the end"}},
      .id = "chatcmpl-1",
      .model = "kimi-k2.6",
      .request_id = "req",
      .resumed = 2};
}

}  // namespace

TEST_CASE("a message comes back equal") {
  CHECK(back(answer()) == answer());
  CHECK(back(ks::user("Hi")) == ks::user("Hi"));
  CHECK(back(ks::tool_result("a:0", "42")) == ks::tool_result("a:0", "42"));
  CHECK(back({.name = "ann", .extra = {R"({"partial":true})"}}) ==
        ks::Message{.name = "ann", .extra = {R"({"partial":true})"}});
}

TEST_CASE("absent and empty stay two things") {
  ks::Message message = ks::assistant("");
  CHECK(back(message).content == "");
  message.content.reset();
  message.reasoning = "";
  CHECK_FALSE(back(message).content);
  CHECK(back(message).reasoning == "");
  CHECK_FALSE(back(ks::assistant("")).reasoning);
  CHECK_FALSE(back(ks::assistant("")).usage);
}

TEST_CASE("it is one line, calls as they are on the wire") {
  const std::string json = ks::to_json(answer()).text;
  CHECK(json.find('\n') == std::string::npos);
  CHECK(json.find(R"({"id":"a:0","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}})") !=
        std::string::npos);
}

TEST_CASE("how many breaks were mended; in what was kept before it was said whether there were any") {
  CHECK(ks::to_json(answer()).text.find(R"("resumed":2)") != std::string::npos);
  const auto resumed = [](const char* said) {
    return ks::message_from_json({R"({"role":"assistant","resumed":)" + std::string(said) + "}"}).resumed;
  };
  CHECK(resumed("true") == 1);
  CHECK(resumed("false") == 0);
  CHECK(resumed("3") == 3);
}

TEST_CASE("parts come back as they were; media as data URIs") {
  const ks::Message message = ks::user({ks::text("What?"),
                                        ks::image_url("ms://1"),
                                        ks::video_url("ms://2"),
                                        {ks::Part::Kind::raw, R"({"type":"text","text":"x","cache_control":{}})"}});
  CHECK(back(message) == message);
  const ks::Message picture =
      back(ks::user({ks::image_bytes(std::string("\x89PNG\r\n\x1a\n"
                                                 "12345678"))}));
  REQUIRE(picture.parts.size() == 1);
  CHECK(picture.parts[0] == ks::image_url("data:image/png;base64,iVBORw0KGgoxMjM0NTY3OA=="));
}

TEST_CASE("objects of the API's own form are taken") {
  const ks::Message message = ks::message_from_json(
      {R"({"role":"assistant","content":[{"type":"text","text":"a"},"b"],"reasoning_content":"r","refusal":null})"});
  CHECK(message.reasoning == "r");
  CHECK(message.parts == std::vector{ks::text("a"), ks::text("b")});
}

TEST_CASE("what is no message is refused, and why is said") {
  CHECK(refusal("") != "");
  CHECK(refusal("[]") == "a message in JSON: it must be an object");
  CHECK(refusal("{}") == "a message in JSON: it has no role");
  CHECK(refusal(R"({"role":"user","content":1})") == "a message in JSON: content must be a text or a list");
  CHECK(refusal(R"({"role":"user","contents":"x"})").starts_with("a message in JSON: it has no field \"contents\""));
  CHECK(refusal(R"({"role":"assistant","tool_calls":[{"id":"a"}]})") ==
        "a message in JSON: a tool call has no \"function\"");
  CHECK(refusal(R"({"role":"assistant","usage":{"prompt_tokens":"5"}})") ==
        "a message in JSON: prompt_tokens must be a number");
}
