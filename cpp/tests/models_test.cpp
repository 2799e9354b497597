// The table of models says what the documents say.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "kimistream/headers.hpp"
#include "kimistream/model.hpp"
#include "kimistream/provider.hpp"

namespace ks = kimistream;

TEST_CASE("every model has an id, a context and names that mean no other") {
  std::set<std::string> names;
  REQUIRE_FALSE(ks::models().empty());
  for (const ks::Model& row : ks::models()) {
    CAPTURE(row.id);
    CHECK(names.insert(row.id).second);
    for (const auto& alias : row.aliases) CHECK(names.insert(alias).second);
    for (const auto& misnomer : row.misnomers) CHECK(ks::find_model(misnomer) == nullptr);
    CHECK(row.context_tokens >= 262'144);
    CHECK(ks::find_model(row.id) == &row);
    for (const auto& alias : row.aliases) CHECK(ks::find_model(alias) == &row);
    for (const auto& served : row.served) CHECK(ks::find_provider(served.provider) != nullptr);
  }
}

TEST_CASE("every name that a provider has for a model is known") {
  for (const ks::Provider* provider : ks::providers())
    for (const auto& name : provider->models) {
      CAPTURE(name.own);
      REQUIRE(ks::find_model(name.own));
      CHECK(ks::find_model(name.own)->id == name.neutral);
    }
}

TEST_CASE("a model is found by any of its names, and an unknown one is no error") {
  struct Row {
    const char* name;
    const char* id;
  };
  for (const auto& [name, id] :
       {Row{"kimi-k2.6", "kimi-k2.6"}, Row{"moonshotai/Kimi-K2.6", "kimi-k2.6"}, Row{"KIMI-K2.6", "kimi-k2.6"},
        Row{"moonshotai/kimi-k2.6:exacto", "kimi-k2.6"}, Row{"moonshot/kimi-k2-6", "kimi-k2.6"},
        Row{"moonshotai/Kimi-K2.5", "kimi-k2.5"}, Row{"@cf/moonshotai/kimi-k2.6", "kimi-k2.6"},
        Row{"kimi-k2.7-code-highspeed", "kimi-k2.7-code"}, Row{"kimi-k3", "kimi-k3"}}) {
    const auto& row = name;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    REQUIRE(ks::find_model(name));
    CHECK(ks::find_model(name)->id == id);
  }
  CHECK(ks::find_model("k3")->id == "kimi-k3");
  CHECK(ks::find_model("kimi-k3.1-pro-highspeed")->id == "kimi-k3.1-pro");
  for (const char* name : {"", ":", "kimi", "kimi-k2.6-thinking", "kimi-k2.60", "ep-12345678", "kimi-k2.6 "})
    CHECK(ks::find_model(name) == nullptr);
}

TEST_CASE("what the models take") {
  const ks::Model &k26 = *ks::find_model("kimi-k2.6"), &k25 = *ks::find_model("kimi-k2.5"),
                  &code = *ks::find_model("kimi-k2.7-code"), &k3 = *ks::find_model("kimi-k3");
  CHECK(k26.sampling_thinking->temperature == 1.0);
  CHECK(k26.sampling_instant->temperature == 0.6);
  CHECK(k26.sampling_instant->top_p == 0.95);
  CHECK(k26.sampling_thinking->n == 1);
  CHECK(k26.takes_keep == true);
  CHECK(k25.takes_keep == false);
  CHECK(k26.takes_videos == true);
  CHECK(k25.takes_videos == std::nullopt);
  CHECK(k26.thinking_optional == true);
  CHECK(code.thinking_optional == false);
  CHECK(k3.thinking_optional == std::nullopt);
  CHECK(code.sampling_instant->temperature == 1.0);
  CHECK(k3.takes_effort == true);
  CHECK(k3.required_while_thinking);
  CHECK(k3.context_tokens == 1'048'576);
  CHECK(k26.context_tokens == 262'144);
}

TEST_CASE("the models of Kimi Code, and those after K3") {
  const ks::Model &coding = *ks::find_model("kimi-for-coding"), &small = *ks::find_model("k3-256k"),
                  &pro = *ks::find_model("kimi-k3.1-pro");
  CHECK(coding.sampling_instant->temperature == 0.6);
  CHECK(coding.takes_effort == std::nullopt);
  CHECK(small.context_tokens == 262'144);
  CHECK(small.thinking_optional == false);
  CHECK(small.takes_videos == false);
  CHECK(small.efforts == std::vector<std::string>{"low", "high", "max"});
  CHECK(pro.context_tokens == 1'048'576);
  CHECK(pro.efforts == small.efforts);
  CHECK(pro.takes_videos == std::nullopt);
  CHECK_FALSE(pro.sampling_thinking->certain);
}

TEST_CASE("a model that is newer than the table is treated by its generation, and nothing of that is certain") {
  for (const char* name : {"kimi-k2.9", "moonshotai/Kimi-K2.9-Instruct", "kimi-k2p8", "moonshot/kimi-k2-8"}) {
    CAPTURE(name);
    REQUIRE(ks::find_model_or_generation(name));
    CHECK(ks::find_model_or_generation(name)->id == "kimi-k2.x");
    CHECK(ks::find_model(name) == nullptr);
  }
  for (const char* name : {"kimi-k3.2", "moonshotai.kimi-k3.4", "databricks-kimi-k3-2", "k3-turbo", "kimik3"}) {
    CAPTURE(name);
    REQUIRE(ks::find_model_or_generation(name));
    CHECK(ks::find_model_or_generation(name)->id == "kimi-k3.x");
  }
  // Before K2.5 they did not think; and others have a K2, too.
  for (const char* name : {"", "k", "kimi", "kimi-k2-0905-preview", "kimi-k2", "kimi-k2-thinking", "kimi-k30",
                           "K2-Think", "llm360/k2-v2", "network3", "gpt-5"})
    CHECK(ks::find_model_or_generation(name) == nullptr);
  CHECK(ks::find_model_or_generation("kimi-k2.6") == ks::find_model("kimi-k2.6"));
  const ks::Model& newer = *ks::find_model_or_generation("kimi-k3.2");
  CHECK_FALSE(newer.sampling_thinking->certain);
  CHECK(newer.context_tokens == 0);
  CHECK(newer.thinking_optional == std::nullopt);
}
