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
    CAPTURE(name);
    REQUIRE(ks::find_model(name));
    CHECK(ks::find_model(name)->id == id);
  }
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
