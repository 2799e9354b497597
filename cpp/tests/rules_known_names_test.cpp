// The names that are known, and what is meant by one that is not.
#include "rules/known_names.hpp"

#include <doctest/doctest.h>

using namespace kimistream;

TEST_CASE("every field that Moonshot's published description has is known") {
  for (const char* name : {"messages", "max_tokens", "max_completion_tokens", "response_format", "stop", "stream",
                           "stream_options", "tools", "prompt_cache_key", "safety_identifier", "model", "temperature",
                           "top_p", "n", "presence_penalty", "frequency_penalty", "thinking", "tool_choice"})
    CHECK(rules::meant_by(name, rules::field_vocabulary()) == "");
}

TEST_CASE("what is known means itself, a word that people try what stands beside it") {
  for (const auto* words : {&rules::field_vocabulary(), &rules::message_vocabulary(), &rules::part_vocabulary(),
                            &rules::tool_vocabulary()}) {
    for (const std::string_view name : words->names) CHECK(rules::meant_by(name, *words) == "");
    for (const auto& [word, meant] : words->misnomers) CHECK(rules::meant_by(word, *words) == meant);
  }
}

TEST_CASE("a name means the nearest, one that is near to none means nothing") {
  CHECK(rules::meant_by("temprature", rules::field_vocabulary()) == "temperature");
  CHECK(rules::meant_by("system_promt", rules::field_vocabulary()) == "system");
  CHECK(rules::meant_by("role_", rules::message_vocabulary()) == "role");
  CHECK(rules::meant_by("image_ulr", rules::part_vocabulary()) == "image_url");
  CHECK(rules::meant_by("paramters", rules::tool_vocabulary()) == "parameters");
  CHECK(rules::meant_by("experiment", rules::field_vocabulary()) == "");
  CHECK(rules::meant_by("", rules::field_vocabulary()) == "");
}
