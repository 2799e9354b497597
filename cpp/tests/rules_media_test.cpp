// Pictures and clips against what provider and model take.
#include "kimistream/media.hpp"
#include "support/rules.hpp"

using namespace kimistream;
using test::codes, test::contains, test::fixed, test::message;

namespace {

Request show(Part part) { return {.messages = {user(std::vector{Part{Part::Kind::text, "What is this?"}, part})}}; }
Request image(const std::string& url) { return show({Part::Kind::image_url, url}); }
Request video(const std::string& url) { return show({Part::Kind::video_url, url}); }
Request raw(const std::string& json) { return show({Part::Kind::raw, json}); }

const std::string png = "data:image/png;base64,iVBORw0KGgo=", mp4 = "data:video/mp4;base64,AAAA";
const std::string address = "https://example.com/photo.jpg", uploaded = "ms://file_1";

}  // namespace

TEST_CASE("the forms of pictures that each provider takes") {
  for (const char* provider : {"moonshot", "tokenhub", "anyfast", "openrouter", "vllm", "cloudflare"}) {
    CAPTURE(provider);
    CHECK(codes(image(png), provider) == "");
  }
  CHECK(codes(image(uploaded), "moonshot") == "");
  CHECK(codes(image(uploaded), "anyfast") == "");
  CHECK(codes(image(uploaded), "tokenhub") == "image_by_file_id");
  CHECK(codes(image(uploaded), "vllm") == "image_by_file_id");
  CHECK(codes(image(address), "tokenhub") == "");
  CHECK(codes(image(address), "openrouter") == "");
  CHECK(codes(image(address), "moonshot") == "image_by_address?");
  CHECK(codes(image("HTTPS://EXAMPLE.COM/x"), "anyfast") == "image_by_address?");
  CHECK(codes(image(png), "aimlapi") == "image_not_taken");
  CHECK(codes(image(address), "openai-compatible") == "");
}

TEST_CASE("the forms of clips") {
  CHECK(codes(video(mp4), "moonshot") == "");
  CHECK(codes(video(uploaded), "moonshot") == "");
  CHECK(codes(video(mp4), "tokenhub") == "");
  CHECK(codes(video(address), "moonshot") == "video_by_address?");
  CHECK(codes(video(address), "tokenhub") == "video_by_address?");
  CHECK(codes(video(mp4), "vllm") == "video_not_taken");
  CHECK(codes(video(mp4), "cloudflare") == "video_not_taken");
  CHECK(codes(video(mp4), "moonshot", "kimi-k2.5") == "video_not_taken?");
  CHECK(codes(video(mp4), "vllm", "Qwen/Qwen3-VL") == "");  // the row speaks of Kimi
}

TEST_CASE("SVG is no picture to a model") {
  CHECK(codes(image("data:image/svg+xml;base64,PHN2Zz4="), "moonshot") == "svg_not_taken");
  CHECK(codes(image("data:image/svg+xml;utf8,<svg/>"), "vllm") == "svg_not_taken?");
}

TEST_CASE("parts in the API's own JSON are read, with the address in an object or bare") {
  CHECK(codes(raw(R"({"type":"image_url","image_url":{"url":"https://example.com/a"}})")) == "image_by_address?");
  CHECK(codes(raw(R"({"type": "image_url", "image_url": "ms:\/\/x"})"), "vllm") == "image_by_file_id");
  CHECK(codes(raw(R"({"type":"video_url","video_url":{"url":"https://example.com/a"}})")) == "video_by_address?");
  CHECK(codes(raw(R"({"type":"text","text":"https:// \" ms://"})")) == "");
  CHECK(codes(raw(R"({"type":"file","file":{}})")) == "");
  CHECK(codes(raw("not json")) == "");
}

TEST_CASE("a long address is judged by its beginning, whatever follows") {
  const std::string tail(200'000, 'A');
  CHECK(codes(raw(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,)" + tail + R"("}})")) == "");
  CHECK(codes(raw(R"({"image_url":{"detail":")" + tail + R"(\"\\","url":"https://e.com/)" + tail +
                  R"("},"type":"image_url"})")) == "image_by_address?");
  CHECK(codes(raw(R"({"type":"text","text":")" + std::string(63, 'x') + R"(\u4e2d\")" + tail + R"("})")) == "");
  CHECK(codes(raw(R"({"type":"image_url","image_url":{"url":"ms://)" + tail + R"("}})"), "vllm") == "image_by_file_id");
}

TEST_CASE("a picture that is read from a file or memory is sent as data") {
  const std::string bytes = "\x89PNG\r\n\x1a\n" + std::string(32, '\0');
  CHECK(codes(show(image_bytes(bytes)), "moonshot") == "");
  CHECK(codes(show(image_bytes(bytes)), "aimlapi") == "image_not_taken");
}

TEST_CASE("one finding a rule, with the first place and the way out") {
  Request request{
      .messages = {user("Hi"),
                   user(std::vector{Part{Part::Kind::image_url, address}, Part{Part::Kind::image_url, address}}),
                   user(std::vector{Part{Part::Kind::image_url, address}})}};
  const std::string text = message(request);
  CHECK(contains(text, "message 1: "));
  CHECK(contains(text, "data URI"));
  CHECK(contains(text, "upload the file"));
}

TEST_CASE("what stands in an address's place and is none is told, with what to do") {
  CHECK(contains(message(image("photo.png")), "message 0: \"photo.png\" is no address"));
  CHECK(contains(message(image("photo.png")), "Image(path)"));
  CHECK(contains(message(video("clip.mp4")), "Video(path)"));
  for (const char* path : {"/home/me/photo.png", "C:\\photos\\me.png", "", "my photo: the best.png"})
    CHECK(codes(image(path)) == "no_address");
  CHECK(message(image(std::string(1000, 'i'))).size() < 300);  // base64 with nothing before it
  CHECK(codes(raw(R"({"type":"video_url","video_url":{"url":"clip.mp4","fps":2}})")) == "no_address");
  CHECK(codes(image("file:///srv/photo.png"), "vllm") == "");  // an operator may allow that
}

TEST_CASE("a data URI that begins twice is no address") {
  CHECK(codes(image("data:image/png;base64," + png)) == "no_address");
  CHECK(codes(image(png)) == "");
}

TEST_CASE("base64 is told by what it holds, and given its beginning") {
  const auto bare = [](std::string begin) { return begin + std::string(64, 'A'); };
  const auto url = [](Request request) { return test::fixed(std::move(request)).messages[0].parts.back().value; };
  CHECK(url(image(bare("/9j/4AAQ"))) == "data:image/jpeg;base64," + bare("/9j/4AAQ"));
  CHECK(url(image(bare("iVBORw0KGgo"))) == "data:image/png;base64," + bare("iVBORw0KGgo"));
  CHECK(url(image(bare("R0lGODlh"))) == "data:image/gif;base64," + bare("R0lGODlh"));
  CHECK(url(image(bare("UklGRg"))) == "data:image/webp;base64," + bare("UklGRg"));
  CHECK(url(video(bare("AAAAIGZ0eXBpc29t"))) == "data:video/mp4;base64," + bare("AAAAIGZ0eXBpc29t"));
  CHECK(url(video(bare("GkXfo"))) == "data:video/webm;base64," + bare("GkXfo"));
  CHECK(url(image("data:image/png;base64," + png)) == png);
  const std::string part = R"({"type":"image_url","image_url":{"url":")" + bare("/9j/") + R"(","detail":"low"}})";
  CHECK(contains(url(raw(part)), "\"url\":\"data:image/jpeg;base64,/9j/"));
  CHECK(contains(url(raw(part)), "\"detail\":\"low\""));
  for (const Request& other :
       {image("photo.png"), image(std::string(1000, 'i')), video(bare("/9j/")), image("/9j/short")}) {
    Request request = other;
    request.check = Check::fix;
    (void)rules::apply(request, *find_provider("moonshot"), test::default_model("moonshot"));
    CHECK(request.messages[0].parts == other.messages[0].parts);
  }
}

TEST_CASE("pictures in a tool's result go into the next message where they would be dropped") {
  const std::string part = R"({"type":"image_url","image_url":{"url":")" + png + R"("}})";
  Request request{.messages = {user("Hi"),
                               {.role = "assistant", .reasoning = "r", .tool_calls = {{.id = "c1", .name = "look"}}},
                               {.role = "tool",
                                .parts = {{Part::Kind::text, "the screen"}, {Part::Kind::raw, part}},
                                .tool_call_id = "c1"}}};
  CHECK(codes(request, "moonshot") == "");
  CHECK(codes(request, "openrouter") == "");  // not known
  CHECK(codes(request, "vllm") == "media_in_result");
  const Request moved = fixed(request, "vllm");
  REQUIRE(moved.messages.size() == 4);
  CHECK(moved.messages[2].parts == std::vector{Part{Part::Kind::text, "the screen"}});
  CHECK(moved.messages[3].role == "user");
  REQUIRE(moved.messages[3].parts.size() == 2);
  CHECK(moved.messages[3].parts[1].value == part);
  request.messages[2].parts.erase(request.messages[2].parts.begin());
  CHECK_FALSE(fixed(request, "vllm").messages[2].text().empty());  // a result says something
}
