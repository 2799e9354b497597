// What a provider's list says of models that the table does not know.
#include <doctest/doctest.h>

#include <string>

#include "kimistream/client.hpp"
#include "kimistream/scripted_transport.hpp"
#include "rules/listed.hpp"
#include "support/rules.hpp"

namespace kimistream {
namespace {

using test::contains;

// As Kimi Code and Moonshot list K3's kin (anomalyco/models.dev#3698; GET /v1/models of api.moonshot.ai), under new
// names.
constexpr const char* list = R"({"object":"list","data":[
  {"id":"kimi-k3.9","object":"model","context_length":4096,"supports_image_in":true,"supports_video_in":false,
   "supports_reasoning":true,"supports_thinking_type":"only",
   "think_efforts":{"support":true,"valid_efforts":["low","max"],"default_effort":"max"}},
  {"id":"novel","object":"model","context_length":1000,"supports_image_in":false,"supports_reasoning":false},
  {"id":"vendor/other","context_length":9000,"architecture":{"input_modalities":["text","image"]},
   "supported_parameters":["reasoning"]},
  {"id":"served","max_model_len":777},
  {"id":"bare","object":"model","owned_by":"someone"},
  {"id":"kimi-k2.6","context_length":5}, {"object":"model"}, 7]})";

std::string codes(const Request& request, const std::string& model, const rules::Listed& listed) {
  std::string all;
  for (const auto& finding : rules::check(test::ask(request), *find_provider("moonshot"), model, &listed))
    all += (all.empty() ? "" : " ") + finding.code + (finding.certain ? "" : "?");
  return all;
}

Request with_picture(const char* kind) {
  Part part{Part::Kind::raw};
  part.value = std::string(R"({"type":")") + kind + R"(_url",")" + kind + R"(_url":{"url":"ms://file"}})";
  Message message = user("");
  message.parts.push_back(std::move(part));
  return {.messages = {std::move(message)}};
}

}  // namespace

TEST_CASE("what the list says of a model") {
  const rules::Listed listed(list);
  const Model& newer = *listed.find("kimi-k3.9");
  CHECK(newer.id == "kimi-k3.9");
  CHECK(newer.context_tokens == 4096);
  CHECK(newer.takes_images);
  CHECK(newer.takes_videos == false);
  CHECK(newer.thinking_optional == false);
  CHECK(newer.takes_effort == true);
  CHECK(newer.efforts == std::vector<std::string>{"low", "max"});
  CHECK(newer.sampling_thinking.has_value());  // of its generation
  const Model& novel = *listed.find("novel");
  CHECK_FALSE(novel.takes_images);
  CHECK_FALSE(novel.thinks);
  CHECK(novel.takes_videos == std::nullopt);
  CHECK_FALSE(novel.sampling_thinking.has_value());
  const Model& routed = *listed.find("vendor/other");
  CHECK(routed.takes_images);
  CHECK(routed.takes_videos == false);
  CHECK(routed.thinks);
  CHECK(listed.find("served")->context_tokens == 777);
  CHECK(listed.find("bare") == nullptr);
  CHECK(listed.has("bare"));
  CHECK(listed.find("kimi-k2.6") == nullptr);
  CHECK_FALSE(listed.has(""));
}

TEST_CASE("a list as an array alone, and texts that are none") {
  CHECK(rules::Listed(R"([{"id":"a","context_length":5}])").find("a")->context_tokens == 5);
  for (const char* text : {"", "{", "null", "7", "{}", R"({"data":7})", R"({"data":{"id":"a","context_length":5}})",
                           R"({"data":[{"id":{},"context_length":5}]})"}) {
    CAPTURE(text);
    CHECK(rules::Listed(text).empty());
  }
  const rules::Listed odd(R"([{"id":"a","context_length":-5},{"id":"b","context_length":1e300},)"
                          R"({"id":"c","supports_image_in":"yes","think_efforts":7,"architecture":[]}])");
  CHECK(odd.find("a") == nullptr);
  CHECK(odd.find("b") == nullptr);
  CHECK(odd.find("c")->takes_images);
}

TEST_CASE("the table counts before the list, the list before the generation") {
  const rules::Listed listed(list);
  CHECK(rules::known_model("kimi-k2.6", &listed) == find_model("kimi-k2.6"));
  CHECK(rules::known_model("kimi-k3.9", &listed) == listed.find("kimi-k3.9"));
  CHECK(rules::known_model("kimi-k3.8", &listed)->id == "kimi-k3.x");
  CHECK(rules::known_model("kimi-k3.9", nullptr)->id == "kimi-k3.x");
  CHECK(rules::known_model("bare", &listed) == nullptr);
}

TEST_CASE("requests are checked by the list") {
  const rules::Listed listed(list);
  CHECK(codes({.max_tokens = 5000}, "kimi-k3.9", listed) == "max_tokens_above_context");
  CHECK(codes({.thinking = false}, "kimi-k3.9", listed) == "thinking_always_on");
  CHECK(codes({.fields = {R"({"reasoning_effort":"high"})"}}, "kimi-k3.9", listed) == "reasoning_effort_level");
  CHECK(codes(with_picture("video"), "kimi-k3.9", listed) == "video_not_taken");
  CHECK(codes(with_picture("image"), "kimi-k3.9", listed).empty());
  CHECK(codes(with_picture("image"), "novel", listed) == "image_not_taken");
  CHECK(codes({.max_tokens = 5000}, "kimi-k3.8", listed).empty());
}

TEST_CASE("a model that is served is no misspelling") {
  const rules::Listed listed(R"([{"id":"kimi-k2.6x"}])");
  CHECK(codes({}, "kimi-k2.6x", rules::Listed()) == "unknown_model?");
  CHECK(codes({}, "kimi-k2.6x", listed).empty());
}

TEST_CASE("a client learns from the list that it reads") {
  auto script = std::make_shared<Script>();
  ScriptedResponse response;
  response.headers = {{"Content-Type", "application/json"}};
  response.blocks = {list};
  script->responses.push_back(std::move(response));
  Client client({.provider = "moonshot", .api_key = "sk-test", .transport = scripted_transport(script)});
  const Request request{.messages = {user("Hi")}, .model = "kimi-k3.9", .max_tokens = 5000, .check = Check::error};
  (void)client.get("/models");
  CHECK_THROWS_WITH_AS((void)client.complete(request), doctest::Contains("kimi-k3.9"), Exception);
  CHECK(script->requests.size() == 1);
}

}  // namespace kimistream
