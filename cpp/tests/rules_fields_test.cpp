// Names that are nearly those that are known.
#include "support/rules.hpp"

#include "kimistream/error.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains, test::message;

namespace {

std::string of_field(const char* json) { return message(ask({.fields = {json}})); }

Request saying(const char* extra) {
  Message message = user("Hi");
  message.extra = {extra};
  return {.messages = {message}};
}

Request showing(const char* part) { return {.messages = {user(std::vector{Part{Part::Kind::raw, part}})}}; }

Request calling(const char* tool) { return ask({.tools = {{.raw = {tool}}}}); }

}  // namespace

TEST_CASE("a misspelt field is told, with what was probably meant") {
  CHECK(of_field(R"({"max_token":5})") ==
        "max_token is no field of the API that is known; it is sent as it is. Did you mean max_tokens?");
  CHECK(contains(of_field(R"({"temprature":1})"), "Did you mean temperature?"));
  CHECK(contains(of_field(R"({"sytem":"x"})"), "Did you mean system?"));
  CHECK(contains(of_field(R"({"topp":1})"), "Did you mean top_p?"));
  CHECK(contains(of_field(R"({"maxTokens":5})"), "Did you mean max_tokens?"));
  CHECK(contains(of_field(R"({"maxCompletionTokens":5})"), "Did you mean max_completion_tokens?"));
  CHECK(contains(of_field(R"({"parallelToolCalls":true})"), "Did you mean parallel_tool_calls?"));
  CHECK(contains(of_field(R"({"Temperature":1})"), "Did you mean temperature?"));
  CHECK(contains(of_field(R"({"stops":["a"]})"), "Did you mean stop?"));
  CHECK(contains(of_field(R"({"tool":[]})"), "Did you mean tools?"));
  CHECK(contains(of_field(R"({"response-format":{}})"), "Did you mean response_format?"));
}

TEST_CASE("a word that people try leads to the right one") {
  CHECK(contains(of_field(R"({"system_prompt":"x"})"), "Did you mean system?"));
  CHECK(contains(of_field(R"({"max_output_tokens":5})"), "Did you mean max_tokens?"));
  CHECK(contains(of_field(R"({"temp":1})"), "Did you mean temperature?"));
}

TEST_CASE("names that are known, and names that are near to none, pass in silence") {
  CHECK(codes(ask({.fields = {R"({"seed":1,"top_k":40,"min_p":0.1,"guided_json":{},"chat_template_kwargs":{},)"
                              R"("provider":{},"transforms":[],"enable_thinking":true,"rid":"x"})"}}),
              "vllm") == "");
  CHECK(codes(ask({.fields = {R"({"my_gateway_routing":"eu","x":1,"experiment":"b","tags":["a"]})"}})) == "");
  CHECK(codes(ask({.fields = {R"({"max_token":null})"}})) == "");
}

TEST_CASE("extra_body is the caller's own word") { CHECK(codes(ask({.extra_body = {R"({"max_token":5})"}})) == ""); }

TEST_CASE("a message's misspelt key is told with its place, once") {
  CHECK(message(saying(R"({"contents":"x"})")) ==
        "message 0: contents is no key of a message that is known; it is sent as it is. Did you mean content?");
  CHECK(contains(message(saying(R"({"tool_call":[]})")), "Did you mean tool_calls?"));
  CHECK(contains(message(saying(R"({"imges":[1]})")), "Did you mean a part of content"));
  CHECK(contains(message(saying(R"({"images":[1]})")), "Did you mean a part of content"));
  CHECK(codes(saying(R"({"partial":true,"cache_control":{},"my_own":1})")) == "");
  Request twice = saying(R"({"contents":"x"})");
  twice.messages.push_back(twice.messages.front());
  CHECK(codes(twice) == "unknown_field");
}

TEST_CASE("a part's misspelt key is told") {
  CHECK(message(showing(R"({"type":"text","txt":"x"})")) ==
        "message 0: txt is no key of a content part that is known; it is sent as it is. Did you mean text?");
  CHECK(contains(message(showing(R"({"type":"image_url","image-url":{"url":"data:image/png;base64,"}})")),
                 "Did you mean image_url?"));
  CHECK(codes(showing(R"({"type":"text","text":"x","cache_control":{"type":"ephemeral"}})")) == "");
}

TEST_CASE("a tool's misspelt keys are told, those of a server's own tools are not known") {
  const auto all = test::findings(calling(R"({"type":"function","function":{"name":"some","desription":"d",)"
                                          R"("paramters":{"type":"object","properties":{}}}})"));
  REQUIRE(all.size() == 2);
  CHECK(all[0].message ==
        "tools[0]: desription is no key of a tool that is known; it is sent as it is. Did you mean description?");
  CHECK(contains(all[1].message, "Did you mean parameters?"));
  CHECK(codes(calling(R"({"type":"builtin_function","function":{"name":"$web_search"}})")) == "");
  CHECK(codes(calling(R"({"type":"web_search_20250305","name":"web_search","max_use":5})")) == "");
}

TEST_CASE("a misspelt name is refused by error, and stays as it is under fix") {
  Request request = ask({.check = Check::error, .fields = {R"({"max_token":5})"}});
  CHECK_THROWS_WITH_AS((void)rules::apply(request, *find_provider("moonshot"), "kimi-k2.6"),
                       "max_token is no field of the API that is known. Did you mean max_tokens? [unknown_field]",
                       Exception);
  request.check = Check::fix;
  const auto notices = rules::apply(request, *find_provider("moonshot"), "kimi-k2.6");
  REQUIRE(notices.size() == 1);
  CHECK(notices.front().message.starts_with("max_token is no field"));
  CHECK(request.fields.text == R"({"max_token":5})");
}
