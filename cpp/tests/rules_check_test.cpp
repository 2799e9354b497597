// What becomes of findings: nothing, notices, changes, a refusal. And requests in order, which must give none.
#include "support/rules.hpp"

#include "kimistream/error.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains;

namespace {

std::vector<Notice> apply(Request& request, const char* provider = "moonshot") {
  return rules::apply(request, *find_provider(provider), test::default_model(provider));
}

std::string refusal(Request request, const char* provider = "moonshot") {
  request.check = Check::error;
  try {
    (void)apply(request, provider);
    return "";
  } catch (const Exception& exception) {
    CHECK(exception.error().kind == ErrorKind::invalid_request);
    return exception.error().message;
  }
}

Part picture(const char* url) {
  return {Part::Kind::raw, std::string(R"({"type":"image_url","image_url":{"url":")") + url + "\"}}"};
}

const char* const weather =
    R"({"type":"function","function":{"name":"get_weather","description":"Get the current weather in a location.",)"
    R"("parameters":{"type":"object","properties":{"location":{"type":"string","description":"City name"},)"
    R"("unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["location"]}}})";

}  // namespace

TEST_CASE("a plain request gives no finding anywhere") {
  for (const Provider* row : providers()) CHECK(codes(ask({}), row->name.c_str()) == "");
}

TEST_CASE("requests of the providers' own guides give no finding") {
  // Anyfast's page
  CHECK(codes(ask({.fields = {R"({"thinking":{"type":"enabled"}})"}}), "anyfast") == "");
  CHECK(codes({.messages = {user(std::vector{picture("data:image/jpeg;base64,/9j/")})}}, "anyfast") == "");
  // TokenHub's guide
  CHECK(codes(ask({.max_tokens = 32768, .extra_body = {R"({"thinking":{"type":"enabled"}})"}}), "tokenhub") == "");
  CHECK(codes(ask({.extra_body = {R"({"thinking":{"type":"enabled","keep":"all"}})"}}), "tokenhub") == "");
  CHECK(codes(ask({.tools = {{.raw = {weather}}}, .tool_choice = "auto"}), "tokenhub") == "");
  CHECK(codes({.messages = {user(std::vector{picture("https://www.gstatic.com/webp/gallery/1.jpg")})}}, "tokenhub") ==
        "");
  // the model card
  CHECK(codes(ask({.max_tokens = 4096})) == "");
  CHECK(codes(ask({.max_tokens = 4096, .extra_body = {R"({"thinking":{"type":"disabled"}})"}})) == "");
  CHECK(codes(ask({.max_tokens = 4096, .extra_body = {R"({"thinking":{"type":"enabled","keep":"all"}})"}})) == "");
  CHECK(codes(ask({.max_tokens = 4096, .extra_body = {R"({"chat_template_kwargs":{"thinking":false}})"}}), "vllm") ==
        "");
  CHECK(codes({.messages = {user(std::vector{picture("data:image/png;base64, iVBORw0KGgo")})}}) == "");
  // a tutorial; its picture by address is against the maker's documents
  CHECK(codes(ask({.tools = {{.raw = {weather}}}, .tool_choice = "auto"})) == "");
  CHECK(codes({.messages = {user(std::vector{picture("https://example.com/photo.jpg")})}}) == "image_by_address?");
  CHECK(codes(ask({.max_tokens = 8192, .extra_body = {R"({"agent":{"type":"swarm"}})"}})) == "undocumented_field?");
  CHECK(codes(ask({.tool_choice = "auto",
                   .max_tokens = 8192,
                   .temperature = 1.0,
                   .top_p = 1.0,
                   .fields = {R"({"thinking":{"type":"disabled"}})"}})) == "fixed_temperature fixed_top_p");
}

TEST_CASE("a conversation with tools, reasoning and a schema gives no finding") {
  Request request = ask({.system = "You are Kimi.", .thinking = ThinkingMode::keep, .tools = {{.raw = {weather}}}});
  Message turn = assistant("");
  turn.reasoning = "hm";
  turn.tool_calls = {{.id = "get_weather:0", .name = "get_weather", .arguments = R"({"location":"Tokyo"})"}};
  request.messages.push_back(turn);
  request.messages.push_back(tool_result("get_weather:0", "sunny"));
  request.fields = {R"({"response_format":{"type":"json_schema","json_schema":{"name":"Answer","schema":)"
                    R"({"type":"object","properties":{"city":{"type":"string","title":"City"}},"title":"Answer"}}},)"
                    R"("prompt_cache_key":"k","safety_identifier":"u","stream_options":{"include_usage":true}})"};
  CHECK(codes(request) == "");
  CHECK(codes(request, "anyfast") == "");
}

TEST_CASE("warn says what it found and changes nothing") {
  Request request = ask({.temperature = 0.3, .fields = {R"({"n":2})"}});
  const auto notices = apply(request);
  REQUIRE(notices.size() == 2);
  CHECK(notices[0].code == "fixed_temperature");
  CHECK(notices[1].code == "fixed_n");
  CHECK(request.temperature == 0.3);
  CHECK(request.fields.text == R"({"n":2})");
}

TEST_CASE("off says nothing and changes nothing") {
  Request request = ask({.check = Check::off, .temperature = 0.3});
  CHECK(apply(request).empty());
  CHECK(request.temperature == 0.3);
}

TEST_CASE("fix changes what is certain, and says so; what is not stays and is told") {
  Request request = ask({.tools = {{.raw = {weather}}},
                         .tool_choice = "required",
                         .check = Check::fix,
                         .temperature = 0.3,
                         .stop = {"a", "b", "c", "d", "e", "f"}});
  const auto notices = apply(request);
  REQUIRE(notices.size() == 3);
  CHECK(notices[0].code == "fixed_temperature");
  CHECK(notices[0].message.starts_with("changed before sending: temperature=0.3"));
  CHECK_FALSE(request.temperature);
  CHECK(notices[1].code == "forced_tool_with_thinking");
  CHECK(request.thinking == ThinkingMode::off);
  CHECK(request.tool_choice == "required");
  CHECK(notices[2].code == "too_many_stops");
  CHECK_FALSE(notices[2].message.starts_with("changed"));
  CHECK(request.stop.size() == 6);
}

TEST_CASE("a fixed name uncovers the rules of the model") {
  Request request = ask({.check = Check::fix, .temperature = 0.3});
  const auto notices = rules::apply(request, *find_provider("moonshot"), "moonshot/kimi-k2-6");
  CHECK(request.model == "kimi-k2.6");
  CHECK_FALSE(request.temperature);
  CHECK(notices.size() == 2);
}

TEST_CASE("error refuses what is certain, one rule a line, and only that") {
  const std::string text = refusal(ask({.temperature = 0.3, .top_p = 1.0}));
  CHECK(contains(text, "temperature=0.3"));
  CHECK(contains(text, "[fixed_temperature]\ntop_p=1"));
  Request disputed = ask({.tools = {{.raw = {weather}}}, .tool_choice = "required", .check = Check::error});
  CHECK(rules::apply(disputed, *find_provider("moonshot"), "kimi-k3.1-pro").size() == 1);
  CHECK(refusal(ask({})) == "");
}

TEST_CASE("a request without a finding comes back untouched from a fix") {
  Request request = ask({.check = Check::fix, .fields = {R"({ "user" : "u" })"}});
  CHECK(apply(request).empty());
  CHECK(request.fields.text == R"({ "user" : "u" })");
}

TEST_CASE("findings do not depend on how often they are asked for") {
  const Request request = ask({.temperature = 0.3, .stop = {std::string(40, 'x')}});
  CHECK(codes(request) == "fixed_temperature stop_too_long");
  CHECK(codes(request) == "fixed_temperature stop_too_long");
}
