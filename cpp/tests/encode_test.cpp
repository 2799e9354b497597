// From a request to the body that a provider reads.
#include "wire/encode.hpp"

#include <doctest/doctest.h>

#include <clocale>
#include <limits>
#include <string>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/media.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using ks::json::Tree;

namespace {

std::string encode(const ks::Request& request, const char* provider = "moonshot", bool stream = false) {
  return wire::encode(*ks::find_provider(provider), request, "m", stream).body->segments.at(0).text;
}

Tree tree(const ks::Request& request, const char* provider = "moonshot", bool stream = false) {
  return Tree::parse(encode(request, provider, stream));
}

std::string field(const Tree& body, std::string_view key) {
  const Tree* found = body.find(key);
  if (!found) return "(absent)";
  std::string out;
  found->write(out);
  return out;
}

std::string refusal(const ks::Request& request) {
  try {
    (void)encode(request);
    return "";
  } catch (const ks::Exception& exception) {
    CHECK(exception.error().kind == ks::ErrorKind::invalid_request);
    return exception.error().message;
  }
}

ks::Request say(ks::Message message) { return {.messages = {std::move(message)}}; }

}  // namespace

TEST_CASE("a plain request says its model and messages and nothing else") {
  CHECK(encode({.messages = {ks::user("Hi \"é\n")}}) ==
        R"({"model":"m","messages":[{"role":"user","content":"Hi \"é\n"}]})");
}

TEST_CASE("the system prompt comes first") {
  CHECK(field(tree({.messages = {ks::user("u")}, .system = "s"}), "messages") ==
        R"([{"role":"system","content":"s"},{"role":"user","content":"u"}])");
}

TEST_CASE("a request that no server would take is refused before it is sent") {
  CHECK(refusal({}).find("messages is empty") != std::string::npos);
  ks::Message robot = ks::user("x");
  robot.role = "robot";
  CHECK(refusal(say(robot)).find("robot") != std::string::npos);
  robot.role = "";
  CHECK_FALSE(refusal(say(robot)).empty());
  CHECK(refusal(say(ks::tool_result("", "x"))).find("tool_call_id") != std::string::npos);
  ks::Request request = say(ks::user("x"));
  for (const char* bad : {"[]", "1", "{", "null", "{\"a\":01}"}) {
    CAPTURE(std::string(bad));
    request.extra_body = {bad};
    CHECK(refusal(request).find("extra_body") != std::string::npos);
  }
}

TEST_CASE("numbers that JSON does not have are refused") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    ks::Request request = say(ks::user("x"));
    request.temperature = bad;
    CHECK_FALSE(refusal(request).empty());
    request.temperature.reset();
    request.top_p = bad;
    CHECK_FALSE(refusal(request).empty());
  }
}

TEST_CASE("numbers are written short and so that they read back the same") {
  const auto temperature = [](double value) {
    ks::Request request = say(ks::user("x"));
    request.temperature = value;
    return field(tree(request), "temperature");
  };
  CHECK(temperature(0.6) == "0.6");
  CHECK(temperature(1) == "1.0");
  CHECK(temperature(0) == "0.0");
  CHECK(temperature(0.1 + 0.2) == "0.30000000000000004");
  CHECK(std::stod(temperature(1e-7)) == 1e-7);
  CHECK(std::stod(temperature(1e300)) == 1e300);
}

TEST_CASE("thinking is said in the provider's words") {
  ks::Request request = say(ks::user("x"));
  CHECK(field(tree(request), "thinking") == "(absent)");
  request.thinking = true;
  CHECK(field(tree(request), "thinking") == R"({"type":"enabled"})");
  CHECK(field(tree(request, "vllm"), "chat_template_kwargs") == R"({"thinking":true})");
  request.thinking = false;
  CHECK(field(tree(request), "thinking") == R"({"type":"disabled"})");
  CHECK(field(tree(request, "vllm"), "temperature") == "0.6");
  request.thinking = ks::ThinkingMode::keep;
  CHECK(field(tree(request), "thinking") == R"({"type":"enabled","keep":"all"})");
  CHECK(field(tree(request, "vllm"), "chat_template_kwargs") == R"({"thinking":true,"preserve_thinking":true})");
}

TEST_CASE("usage is asked for on streams only") {
  CHECK(field(tree(say(ks::user("x")), "moonshot", true), "stream_options") == R"({"include_usage":true})");
  CHECK(field(tree(say(ks::user("x")), "moonshot", true), "stream") == "true");
  CHECK(field(tree(say(ks::user("x"))), "stream") == "(absent)");
}

TEST_CASE("max_tokens goes under the provider's name, and what the caller sets beats the row") {
  ks::Request request = say(ks::user("x"));
  request.max_tokens = 100;
  CHECK(field(tree(request), "max_completion_tokens") == "100");
  CHECK(field(tree(request, "openai-compatible"), "max_tokens") == "100");
  request.temperature = 0.3;
  CHECK(field(tree(request, "vllm"), "temperature") == "0.3");
}

TEST_CASE("extra_body merges deep and last") {
  ks::Request request = say(ks::user("x"));
  request.thinking = true;
  request.fields = {R"({"seed":1,"thinking":{"budget":5}})"};
  request.extra_body = {R"({"seed":2,"thinking":{"type":"custom"},"n":null})"};
  const Tree body = tree(request);
  CHECK(field(body, "seed") == "2");
  CHECK(field(body, "thinking") == R"({"type":"custom","budget":5})");
  CHECK(field(body, "n") == "null");
}

TEST_CASE("tools, a choice of tool, and both left out where there are none") {
  ks::Request request = say(ks::user("x"));
  request.tool_choice = "auto";
  CHECK(field(tree(request), "tool_choice") == "(absent)");
  CHECK(field(tree(request), "tools") == "(absent)");
  request.tools = {{.name = "f", .description = "d", .parameters = {R"({"type":"object"})"}, .strict = false},
                   {.raw = {R"({"type":"builtin_function","function":{"name":"$web_search"}})"}}};
  const Tree body = tree(request);
  CHECK(
      field(body, "tools") ==
      R"([{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":false}},)"
      R"({"type":"builtin_function","function":{"name":"$web_search"}}])");
  CHECK(field(body, "tool_choice") == "\"auto\"");
  request.tool_choice = "f";
  CHECK(field(tree(request), "tool_choice") == R"({"type":"function","function":{"name":"f"}})");
  request.tools[0].parameters = {"[]"};
  CHECK(refusal(request).find("f") != std::string::npos);
}

TEST_CASE("parts are sent in their shapes; an unknown kind is sent as it is, with a notice") {
  const ks::Request request = say(ks::user({{.kind = ks::Part::Kind::text, .value = "see"},
                                            {.kind = ks::Part::Kind::image_url, .value = "data:image/png;base64,AA"},
                                            {.kind = ks::Part::Kind::video_url, .value = "ms://1"},
                                            {.kind = ks::Part::Kind::raw, .value = R"({"type":"hologram","x":1})"}}));
  const wire::Encoded encoded = wire::encode(*ks::find_provider("moonshot"), request, "m", false);
  CHECK(
      encoded.body->segments[0].text.find(
          R"("content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},)"
          R"({"type":"video_url","video_url":{"url":"ms://1"}},{"type":"hologram","x":1}])") != std::string::npos);
  REQUIRE(encoded.notices.size() == 1);
  CHECK(encoded.notices[0].code == "unknown_part");
  CHECK(encoded.notices[0].message.find("hologram") != std::string::npos);
  CHECK_FALSE(refusal(say(ks::user({{.kind = ks::Part::Kind::raw, .value = "not json"}}))).empty());
}

TEST_CASE("white space is taken out of data URIs, in typed parts and in raw ones") {
  const ks::Request request = say(ks::user(
      {{.kind = ks::Part::Kind::image_url, .value = "data:image/png;base64, AA\nAA"},
       {.kind = ks::Part::Kind::raw, .value = R"({"type":"video_url","video_url":"data:video/mp4;base64,BB\r\nBB"})"},
       {.kind = ks::Part::Kind::raw, .value = R"({"type":"hologram","image_url":"data:a/b;base64, C"})"},
       {.kind = ks::Part::Kind::text, .value = "data:image/png;base64, not a picture"}}));
  const wire::Encoded encoded = wire::encode(*ks::find_provider("moonshot"), request, "m", false);
  const std::string& text = encoded.body->segments.at(0).text;
  CHECK(text.find(R"({"url":"data:image/png;base64,AAAA"})") != std::string::npos);
  CHECK(text.find(R"("video_url":"data:video/mp4;base64,BBBB")") != std::string::npos);
  CHECK(text.find(R"("data:a/b;base64, C")") != std::string::npos);
  CHECK(text.find("base64, not a picture") != std::string::npos);
  REQUIRE(encoded.notices.size() == 3);
  CHECK(encoded.notices[0].code == "data_uri_mended");
  CHECK(encoded.notices[1].code == "data_uri_mended");
  CHECK(encoded.notices[2].code == "unknown_part");
}

TEST_CASE("an assistant's turn goes back whole: content, reasoning, tool calls with their wire type") {
  ks::Message turn = ks::assistant("a");
  turn.reasoning = "r";
  turn.tool_calls = {{.id = "$web_search:0", .name = "$web_search", .arguments = "{}", .type = "builtin_function"}};
  const std::string body = encode({.messages = {ks::user("u"), turn, ks::tool_result("$web_search:0", "found")}});
  CHECK(body.find(R"({"role":"assistant","content":"a","reasoning_content":"r","tool_calls":[{"id":"$web_search:0",)"
                  R"("type":"builtin_function","function":{"name":"$web_search","arguments":"{}"}}]})") !=
        std::string::npos);
  CHECK(body.find(R"({"role":"tool","content":"found","tool_call_id":"$web_search:0"})") != std::string::npos);
  CHECK(encode({.messages = {turn}}, "vllm").find(R"("reasoning_content":"r","reasoning":"r")") != std::string::npos);
}

TEST_CASE("blank content beside tool calls is left out") {
  for (const char* blank : {"", " \n"}) {
    ks::Message turn = ks::assistant(blank);
    turn.tool_calls = {{.id = "c", .name = "f", .arguments = "{}"}};
    CHECK(encode({.messages = {turn}}).find("\"content\"") == std::string::npos);
  }
  CHECK(encode({.messages = {ks::assistant("")}}, "vllm").find(R"("content":"")") != std::string::npos);
}

TEST_CASE("a tool turn without reasoning gets the placeholder that Moonshot wants, unless thinking is off") {
  ks::Message turn = ks::assistant("");
  turn.tool_calls = {{.id = "c", .name = "f", .arguments = "{}"}};
  ks::Request request{.messages = {ks::user("u"), turn}};
  CHECK(encode(request).find(R"("reasoning_content":" ")") != std::string::npos);
  request.thinking = false;
  CHECK(encode(request).find("reasoning_content") == std::string::npos);
  request.thinking = true;
  CHECK(encode(request, "vllm").find("reasoning_content") == std::string::npos);
}

TEST_CASE("history goes back by the rules of the row, and what was changed is said") {
  ks::Message turn = ks::assistant("");
  turn.tool_calls = {{.id = "call_1", .name = "f", .arguments = "{"}};
  const ks::Request request{.messages = {ks::user("u"), ks::assistant(""), turn, ks::tool_result("call_1", "r")}};
  const wire::Encoded moonshot = wire::encode(*ks::find_provider("moonshot"), request, "m", false);
  CHECK(moonshot.body->segments[0].text ==
        R"({"model":"m","messages":[{"role":"user","content":"u"},{"role":"assistant","reasoning_content":" ",)"
        R"("tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
        R"({"role":"tool","content":"r","tool_call_id":"call_1"}]})");
  REQUIRE(moonshot.notices.size() == 2);
  CHECK(moonshot.notices[0].code == "empty_turn_dropped");
  CHECK(moonshot.notices[1].code == "arguments_replaced");
  const wire::Encoded sglang = wire::encode(*ks::find_provider("sglang"), request, "m", false);
  const std::string& text = sglang.body->segments[0].text;
  CHECK(text.find(R"({"role":"assistant","content":""})") != std::string::npos);
  CHECK(text.find(R"({"id":"functions.f:0","type":"function","function":{"name":"f","arguments":"{}"}})") !=
        std::string::npos);
  CHECK(text.find(R"("tool_call_id":"functions.f:0")") != std::string::npos);
  REQUIRE(sglang.notices.size() == 1);
  CHECK(sglang.notices[0].code == "arguments_replaced");
}

TEST_CASE("the opaque form of the reasoning goes back to those who gave it") {
  ks::Message turn = ks::assistant("a");
  turn.reasoning = "r";
  turn.reasoning_details = {R"([{"type":"reasoning.encrypted","data":"x","n":1.0}])"};
  const std::string expected =
      R"("reasoning_content":"r","reasoning_details":[{"type":"reasoning.encrypted","data":"x","n":1.0}])";
  CHECK(encode(say(turn), "openrouter").find(expected) != std::string::npos);
  CHECK(encode(say(turn)).find("reasoning_details") == std::string::npos);
  turn.reasoning_details = {"[]"};
  CHECK(encode(say(turn), "openrouter").find("reasoning_details") == std::string::npos);
  turn.reasoning_details = {"{}"};
  CHECK_THROWS_AS(encode(say(turn), "openrouter"), ks::Exception);
}

TEST_CASE("a prefill is the last message, in the way of the row") {
  ks::Request request = say(ks::user("u"));
  request.prefill = "{ ";
  const auto last = [&](const char* provider) {
    std::string out;
    tree(request, provider).find("messages")->items().back().write(out);
    return out;
  };
  CHECK(last("moonshot") == R"({"role":"assistant","content":"{ ","partial":true})");
  CHECK(last("openrouter") == R"({"role":"assistant","content":"{ "})");
  CHECK(last("sglang") == R"({"role":"assistant","content":"{ "})");
  CHECK(field(tree(request, "sglang"), "continue_final_message") == "true");
  CHECK(field(tree(request, "vllm"), "add_generation_prompt") == "false");
  CHECK(field(tree(request, "openrouter"), "continue_final_message") == "(absent)");
  CHECK_THROWS_AS(encode(request, "tokenhub"), ks::Exception);
  request.check = ks::Check::off;
  CHECK(last("tokenhub") == R"({"role":"assistant","content":"{ "})");
  request.prefill.clear();
  CHECK(field(tree(request, "vllm"), "continue_final_message") == "(absent)");
}

TEST_CASE("the row's protocol decides which body is made") {
  CHECK(field(tree(say(ks::user("u")), "moonshot-anthropic"), "max_tokens") == "32768");
  CHECK(field(tree(say(ks::user("u")), "moonshot"), "max_tokens") == "(absent)");
}

TEST_CASE("a medium stands between the segments of the text, where its address belongs") {
  const ks::Part picture = ks::image_bytes(std::string("\x89PNG\r\n\x1a\n", 8) + std::string(40, 'x'));
  const ks::Request request = say(ks::user(std::vector<ks::Part>{picture, {.value = "see"}}));
  const auto body = wire::encode(*ks::find_provider("moonshot"), request, "m", false).body;
  REQUIRE(body->segments.size() == 3);
  CHECK(body->segments[0].text.ends_with(R"({"type":"image_url","image_url":{"url":")"));
  REQUIRE(body->segments[1].source);
  CHECK(body->segments[2].text == R"("}},{"type":"text","text":"see"}]}]})");
}

TEST_CASE("bytes that are not UTF-8 in a message do not break the request") {
  const std::string body = encode(say(ks::user("a\xFF\xC3")));
  CHECK(ks::testing::is_utf8(body));
  CHECK_NOTHROW(Tree::parse(body));
}

TEST_CASE("the program's locale has no say in how numbers are written") {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"})
    if (std::setlocale(LC_NUMERIC, name)) break;
  ks::Request request = say(ks::user("x"));
  request.temperature = 0.6;
  CHECK(encode(request).find("\"temperature\":0.6") != std::string::npos);
  CHECK(Tree::parse(R"({"a":0.5})").number_of("a") == 0.5);
  std::setlocale(LC_NUMERIC, before.c_str());
}
