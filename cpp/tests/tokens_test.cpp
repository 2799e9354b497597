// Counting a prompt's tokens: what is asked of the provider, and the guess where it has no answer.
#include "kimistream/tokens.hpp"

#include <doctest/doctest.h>

#include <string>

#include "json/tree.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::json::Tree;

namespace {

ks::Request asking(std::string text) { return {.messages = {ks::user(std::move(text))}}; }

std::int64_t estimate(std::string text) { return ks::estimate_tokens(asking(std::move(text))) - 4; }

ks::ClientOptions of(const Offline& offline, std::string provider) {
  ks::ClientOptions options = offline.options();
  options.provider = std::move(provider);
  return options;
}

}  // namespace

TEST_CASE("characters are weighed by their script") {
  CHECK(estimate("") == 0);
  CHECK(estimate("abcd") == 1);
  CHECK(estimate("abcde") == 2);
  CHECK(estimate("the quick brown fox jumps over a") == 8);
  CHECK(estimate("{}[]") == 2);
  CHECK(estimate("\xE4\xBD\xA0\xE5\xA5\xBD\xE5\x90\x97") == 2);              // three Chinese characters
  CHECK(estimate("\xD0\x9F\xD1\x80") == 1);                                  // two Cyrillic ones
  CHECK(estimate("\xF0\x9F\x98\x80") == 2);                                  // an emoji
  CHECK(estimate("\xF0\xA0\x80\x80\xF0\xA0\x80\x80\xF0\xA0\x80\x80") == 2);  // rare Chinese characters
}

TEST_CASE("bytes that are not UTF-8 are weighed without harm") {
  for (const char* text : {"\xFF\xFE", "\x80\x80", "\xE4", "\xF0\x9F", "a\xC3"}) CHECK(estimate(text) >= 0);
}

TEST_CASE("the whole of a message counts") {
  ks::Request request{.messages = {ks::user("abcd"), {.role = "assistant"}}, .system = "abcd"};
  request.messages[1].reasoning = "abcdefgh";
  request.messages[1].tool_calls = {{.id = "x", .name = "look", .arguments = "abcd"}};
  CHECK(ks::estimate_tokens(request) == (4 + 1) + (4 + 1) + (4 + 2) + (4 + 1 + 1));
}

TEST_CASE("pictures and videos count, their addresses and data do not") {
  ks::Request request{.messages = {{}}};
  const std::string data(100'000, 'A');
  request.messages[0].parts = {{.kind = ks::Part::Kind::image_url, .value = "data:image/png;base64," + data}};
  CHECK(ks::estimate_tokens(request) == 4 + 1024);
  request.messages[0].parts = {
      {.kind = ks::Part::Kind::raw,
       .value = R"({"type":"image_url","image_url":{"url":"data:image/png;base64,)" + data + R"("}})"},
      {.kind = ks::Part::Kind::raw, .value = R"({"type":"video_url","video_url":{"url":"ms://1"}})"},
      {.kind = ks::Part::Kind::raw, .value = R"({"type":"text","text":"abcd"})"}};
  CHECK(ks::estimate_tokens(request) == 4 + 1024 + 8192 + 1);
}

TEST_CASE("the estimate of a long text is linear") { CHECK(estimate(std::string(4'000'000, 'a')) == 1'000'000); }

TEST_CASE("the provider is asked for model and messages, nothing else") {
  Offline offline;
  offline.answer_json(R"({"data":{"total_tokens":80}})");
  ks::Client client = offline.client();
  ks::Request request = asking("hello");
  request.system = "Be terse.";
  request.max_tokens = 5;
  request.temperature = 0.5;
  request.thinking = true;
  const ks::TokenCount counted = ks::count_tokens(client, request);
  CHECK(counted == ks::TokenCount{80, false});
  REQUIRE(offline.script->requests.size() == 1);
  const ks::HttpRequest& sent = offline.script->requests.front();
  CHECK(sent.method == "POST");
  CHECK(sent.url == "https://api.moonshot.ai/v1/tokenizers/estimate-token-count");
  CHECK(
      sent.body->segments.front().text ==
      R"({"model":"kimi-k2.6","messages":[{"role":"system","content":"Be terse."},{"role":"user","content":"hello"}]})");
}

TEST_CASE("tools are estimated beside the provider's count, and it says so") {
  Offline offline;
  offline.answer_json(R"({"data":{"total_tokens":80}})");
  ks::Client client = offline.client();
  ks::Request request = asking("hello");
  request.tools = {{.name = "look", .description = "abcd", .parameters = {"{}"}}};
  CHECK(ks::count_tokens(client, request) == ks::TokenCount{80 + 4 + 1 + 1 + 1, true});
  const Tree body = Tree::parse(offline.script->requests.front().body->segments.front().text);
  CHECK(body.find("tools") == nullptr);
}

TEST_CASE("a provider that counts nothing is not asked") {
  Offline offline;
  ks::Client client(of(offline, "vllm"));
  CHECK(ks::count_tokens(client, asking("abcd")) == ks::TokenCount{5, true});
  CHECK(offline.script->requests.empty());
  CHECK_THROWS_AS((void)ks::token_count_request(client, asking("abcd")), ks::Exception);
}

TEST_CASE("a server without the resource is estimated, any other refusal is passed on") {
  for (const int status : {404, 405, 501}) {
    Offline offline;
    offline.answer_json("{}", status);
    ks::Client client = offline.client();
    CHECK(ks::count_tokens(client, asking("abcd")) == ks::TokenCount{5, true});
  }
  for (const int status : {400, 401, 404, 429, 500}) {
    Offline offline;
    offline.answer_json(R"({"error":{"message":"Not found the model x or Permission denied"}})", status);
    ks::Client client = offline.client();
    CHECK_THROWS_AS((void)ks::count_tokens(client, asking("abcd")), ks::Exception);
  }
}

TEST_CASE("an answer without a count is an error, not zero") {
  for (const char* answer : {"{}", "[]", "80", R"({"data":{}})", R"({"data":{"total_tokens":"80"}})", "not JSON",
                             R"({"data":{"total_tokens":-1}})", R"({"data":{"total_tokens":1e300}})"})
    CHECK_THROWS_AS((void)ks::read_token_count({answer}), ks::Exception);
  CHECK(ks::read_token_count({R"({"data":{"total_tokens":0}})"}) == 0);
}
