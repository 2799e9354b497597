// Rows as JSON: there and back, and what is said about a row that cannot be.
#include <doctest/doctest.h>

#include <string>

#include "json/tree.hpp"
#include "kimistream/error.hpp"
#include "kimistream/provider.hpp"

namespace ks = kimistream;
using ks::json::Tree;

namespace {

std::string refusal(const std::string& json) {
  try {
    (void)ks::provider_from_json({json});
  } catch (const ks::Exception& exception) {
    CHECK(exception.error().kind == ks::ErrorKind::invalid_request);
    return exception.what();
  }
  return "none";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("every row reads back from its JSON as it was") {
  for (const ks::Provider* row : ks::providers()) {
    CAPTURE(row->name);
    const ks::Json json = ks::to_json(*row);
    CHECK(ks::provider_from_json(json) == *row);
    CHECK(Tree::parse(json.text).find("inherits") == nullptr);
  }
}

TEST_CASE("every row reads back from what differs from any other row") {
  for (const ks::Provider* base : ks::providers())
    for (const ks::Provider* row : ks::providers()) {
      CAPTURE(base->name);
      CAPTURE(row->name);
      const ks::Json json = ks::to_json(*row, base);
      CHECK(Tree::parse(json.text).text_of("inherits") == base->name);
      CHECK(ks::provider_from_json(json) == *row);
    }
}

TEST_CASE("what does not differ is left out") {
  const ks::Provider* row = ks::find_provider("vllm");
  REQUIRE(row);
  CHECK(ks::to_json(*row, row).text == R"({"inherits":"vllm","name":"vllm"})");
}

TEST_CASE("a row inherits all that it does not say") {
  const ks::Provider row = ks::provider_from_json({R"({"inherits":"vllm","name":"mine","base_url":"http://gpu:8000/v1/",
    "auth":"x_api_key","needs_key":true,"models":{"kimi-k2.6":"k26"},"headers":{"X-Team":"search"},
    "thinking_off":{"reasoning_effort":"none"},"stream_usage":{},"json_schema":null,"strict_tools":"unknown",
    "images":["data"],"videos":[],"max_body_bytes":1048576,"tool_ids":"verbatim","inline_thinking":"implicit_open"})"});
  const ks::Provider* base = ks::find_provider("vllm");
  REQUIRE(base);
  CHECK(row.name == "mine");
  CHECK(row.base_url == "http://gpu:8000/v1");
  CHECK(row.auth == ks::Auth::x_api_key);
  CHECK(row.needs_key);
  CHECK(ks::model_name(row, "kimi-k2.6") == "k26");
  CHECK(row.headers.find("x-team") == "search");
  CHECK(row.thinking_off.text == R"({"reasoning_effort":"none"})");
  CHECK(row.thinking_on == base->thinking_on);
  CHECK(row.stream_usage.empty());
  CHECK(row.json_schema == std::nullopt);
  CHECK(row.strict_tools == std::nullopt);
  CHECK(row.images == ks::MediaForms{.data = true});
  CHECK(row.videos == ks::MediaForms{});
  CHECK(row.max_body_bytes == 1048576);
  CHECK(row.tool_ids == ks::ToolIdPolicy::verbatim);
  CHECK(row.inline_thinking == ks::InlineThinking::implicit_open);
  CHECK(row.prefill_body == base->prefill_body);
}

TEST_CASE("a row without inherits starts from the one that fits any server") {
  const ks::Provider row = ks::provider_from_json({R"({"name":"mine","base_url":"http://gpu:1/v1"})"});
  const ks::Provider* base = ks::find_provider("openai-compatible");
  REQUIRE(base);
  CHECK(row.thinking_off == base->thinking_off);
  CHECK(row.inline_thinking == base->inline_thinking);
}

TEST_CASE("name, other addresses and advice on keys are not another row's") {
  const ks::Provider row = ks::provider_from_json({R"({"inherits":"tokenhub","base_url":"https://proxy.example/v1"})"});
  CHECK(row.name.empty());
  CHECK(row.other_addresses.empty());
  CHECK(row.key_advice.empty());
  const ks::Provider same = ks::provider_from_json({R"({"inherits":"tokenhub","default_model":"kimi-k2.7"})"});
  CHECK_FALSE(same.other_addresses.empty());
  CHECK_FALSE(same.key_advice.empty());
}

TEST_CASE("the variables of a key stay with the hosts that they are for") {
  const auto variables = [](const char* json) { return ks::provider_from_json({json}).key_variables; };
  using Names = std::vector<std::string>;
  const Names moonshot = {"MOONSHOT_API_KEY", "KIMI_API_KEY"};
  CHECK(variables(R"({"inherits":"moonshot","base_url":"https://proxy.example/v1"})").empty());
  CHECK(variables(R"({"inherits":"moonshot","base_url":"http://localhost:1/v1"})").empty());
  CHECK(variables(R"({"inherits":"moonshot","base_url":"https://api.moonshot.ai/v2"})") == moonshot);
  CHECK(variables(R"({"inherits":"moonshot","base_url":"https://api.moonshot.cn/v1"})") == moonshot);
  CHECK(variables(R"({"inherits":"moonshot","default_model":"kimi-k3"})") == moonshot);
  CHECK(variables(R"({"inherits":"vllm","base_url":"http://gpu-7:8000/v1"})") == Names{"VLLM_API_KEY"});
  CHECK(variables(R"({"inherits":"moonshot","base_url":"https://proxy.example/v1","key_variables":["PROXY_KEY"]})") ==
        Names{"PROXY_KEY"});
  CHECK(variables(R"({"inherits":"moonshot","other_addresses":["https://proxy.example/v1"]})").empty());
  CHECK(variables(R"({"inherits":"moonshot","other_addresses":["https://api.moonshot.cn/v1","http://[::1]/v1"]})")
            .empty());
  CHECK(variables(R"({"inherits":"moonshot","other_addresses":["https://api.moonshot.cn/v1"]})") == moonshot);
  CHECK(variables(R"({"inherits":"moonshot","other_addresses":["https://proxy.example/v1"],"key_variables":["A"]})") ==
        Names{"A"});
  CHECK(variables(R"({"inherits":"vllm","other_addresses":["http://gpu-7:8000/v1"]})") == Names{"VLLM_API_KEY"});
  CHECK(ks::provider_from_json({R"({"inherits":"cloudflare","base_url":"https://proxy.example/v1"})"})
            .account_variable.empty());
}

TEST_CASE("a row with other addresses than its base's reads back from what differs") {
  for (const char* json :
       {R"({"inherits":"moonshot","other_addresses":["https://proxy.example/v1"]})",
        R"({"inherits":"tokenhub","other_addresses":[]})",
        R"({"inherits":"tokenhub","other_addresses":["https://tokenhub.tencentmaas.com/v2"]})",
        R"({"inherits":"tokenhub","base_url":"https://a.example","other_addresses":["http://b"]})"}) {
    CAPTURE(json);
    const ks::Provider row = ks::provider_from_json({json});
    const std::string_view text = json;
    const ks::Provider& base = ks::provider_named(text.substr(13, 8));
    CHECK(ks::provider_from_json(ks::to_json(row, &base)) == row);
  }
}

TEST_CASE(
    "a row's addresses are as those of a client: without a user, a password or white space, which are not shown") {
  for (const char* json : {R"({"base_url":"http://user:sk-secret@h/v1"})", R"({"base_url":"http://h/ sk-secret"})",
                           R"({"base_url":"http://h\\@sk-secret/v1"})", R"({"base_url":"http://h/v1?k=sk-secret"})",
                           R"({"other_addresses":["https://h/v1","http://user:sk-secret@h/v1"]})"}) {
    CAPTURE(json);
    const std::string said = refusal(json);
    CHECK(contains(said, "is not an address that can be used"));
    CHECK_FALSE(contains(said, "sk-secret"));
  }
  CHECK(contains(refusal(R"({"other_addresses":["h"]})"), "other_addresses is not"));
}

TEST_CASE("an unknown field is named, and what it may mean") {
  const std::string one = refusal(R"({"base_ulr":"http://gpu:1/v1"})");
  CHECK(contains(one, "\"base_ulr\""));
  CHECK(contains(one, "did you mean \"base_url\"?"));
  const std::string two = refusal(R"({"thinking_onn":{},"zzzzzzzz":1})");
  CHECK(contains(two, "\"thinking_on\""));
  CHECK(contains(two, "\"zzzzzzzz\""));
  CHECK(contains(two, "max_tokens_key"));  // nothing is near: all are listed
  CHECK(contains(refusal(R"({"inherits":"vlm"})"), "did you mean \"vllm\"?"));
}

TEST_CASE("a key has no place in a row, and is not shown") {
  for (const char* json : {R"({"api_key":"sk-secret"})", R"({"headers":{"authorization":"Bearer sk-secret"}})",
                           R"({"headers":{"X-API-Key":"sk-secret"}})", R"({"headers":{"Cookie":"sk-secret"}})",
                           R"({"key_variables":["sk-secret"]})", R"({"account_variable":"sk-secret"})"}) {
    const std::string said = refusal(json);
    CAPTURE(json);
    CHECK((contains(said, "no place") || contains(said, "of a variable") || contains(said, "never a key itself")));
    CHECK_FALSE(contains(said, "sk-secret"));
  }
}

TEST_CASE("values of the wrong kind are refused by the name of their field") {
  for (const auto& [field, json] : {std::pair("base_url", R"({"base_url":5})"),
                                    std::pair("base_url", R"({"base_url":"ftp://gpu"})"),
                                    std::pair("needs_key", R"({"needs_key":"yes"})"),
                                    std::pair("auth", R"({"auth":"basic"})"),
                                    std::pair("auth", R"({"auth":null})"),
                                    std::pair("json_schema", R"({"json_schema":1})"),
                                    std::pair("thinking_on", R"({"thinking_on":"on"})"),
                                    std::pair("max_stops", R"({"max_stops":-1})"),
                                    std::pair("max_stops", R"({"max_stops":1.5})"),
                                    std::pair("max_stops", R"({"max_stops":"4"})"),
                                    std::pair("quota_codes", R"({"quota_codes":[1]})"),
                                    std::pair("images", R"({"images":["ftp"]})"),
                                    std::pair("models", R"({"models":["a"]})"),
                                    std::pair("models.a", R"({"models":{"a":1}})"),
                                    std::pair("headers", R"({"headers":{"a b":"c"}})"),
                                    std::pair("headers", "{\"headers\":{\"a\":\"c\\r\\nb: d\"}}"),
                                    std::pair("path", R"({"chat_path":"chat"})"),
                                    std::pair("chat_path", R"({"chat_path":""})"),
                                    std::pair("max_tokens_key", R"({"max_tokens_key":""})"),
                                    std::pair("key_variables", R"({"key_variables":[""]})"),
                                    std::pair("key_variables", R"({"key_variables":"A_KEY"})"),
                                    std::pair("tool_choices", R"({"tool_choices":["any"]})"),
                                    std::pair("name", "{\"name\":\"a\\nb\"}"),
                                    std::pair("inherits", R"({"inherits":1})"),
                                    std::pair("JSON", "{"),
                                    std::pair("object", "[]"),
                                    std::pair("JSON", "")}) {
    const auto& row = json;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    CHECK(contains(refusal(json), field));
  }
}

TEST_CASE("a row that was read can be registered and inherited from") {
  const ks::Provider& row = ks::register_provider(ks::provider_from_json(
      {R"({"inherits":"sglang","name":"provider-json-test","base_url":"http://gpu:30000/v1"})"}));
  CHECK(ks::find_provider("provider-json-test") == &row);
  const ks::Provider child =
      ks::provider_from_json({R"({"inherits":"provider-json-test","name":"x","takes_prefill":false})"});
  CHECK(child.base_url == "http://gpu:30000/v1");
  CHECK_FALSE(child.takes_prefill);
  CHECK_THROWS_AS((void)ks::register_provider(ks::provider_from_json({"{}"})), ks::Exception);  // it has no name
}
