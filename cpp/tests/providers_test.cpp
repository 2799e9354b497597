// The table of providers says what it has to say.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/error.hpp"
#include "kimistream/provider.hpp"

namespace ks = kimistream;

TEST_CASE("every row has a name of its own, an address, and patches that are JSON objects") {
  std::set<std::string> names;
  for (const ks::Provider* each : ks::providers()) {
    const ks::Provider& row = *each;
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.base_url.starts_with("http"));
    CHECK_FALSE(row.base_url.ends_with("/"));
    CHECK(row.chat_path.starts_with("/"));
    CHECK_FALSE(row.default_model.empty());
    CHECK_FALSE(row.max_tokens_key.empty());
    CHECK_FALSE(row.reasoning_write_keys.empty());
    for (const ks::Json* patch : {&row.thinking_on, &row.thinking_off, &row.thinking_keep, &row.sampling_thinking,
                                  &row.sampling_instant, &row.stream_usage})
      if (!patch->empty()) CHECK(ks::json::Tree::parse(patch->text).is(ks::json::Tree::Kind::object));
    CHECK(ks::find_provider(row.name) == &row);
  }
  CHECK(names.contains("moonshot"));
}

TEST_CASE("letter case does not matter in a name, where no other row has it in that very case") {
  CHECK(ks::find_provider("Moonshot") == ks::find_provider("moonshot"));
  CHECK(ks::provider_named("OPENROUTER").name == "openrouter");
  const ks::Provider& shouted = ks::register_provider({.name = "VLLM", .base_url = "http://h/v1", .needs_key = false});
  CHECK(ks::find_provider("VLLM") == &shouted);
  CHECK(ks::find_provider("vllm")->base_url == "http://localhost:8000/v1");
}

TEST_CASE("an unknown name is told what was probably meant, else which there are, each once") {
  const auto refusal = [](const char* name) -> std::string {
    try {
      (void)ks::provider_named(name);
      return "";
    } catch (const ks::Exception& exception) {
      return exception.error().message;
    }
  };
  CHECK(refusal("opnrouter") == "unknown provider \"opnrouter\": did you mean \"openrouter\"?");
  CHECK(refusal("moonshoot") == "unknown provider \"moonshoot\": did you mean \"moonshot\"?");
  CHECK(refusal("OpenAI") == "unknown provider \"OpenAI\": did you mean \"openai-compatible\", with a base_url?");
  CHECK(refusal("kimi") == "unknown provider \"kimi\": did you mean \"moonshot\"?");
  const std::string all = refusal("somebody-else");
  CHECK(all.starts_with("unknown provider \"somebody-else\": use one of moonshot, moonshot-cn, tokenhub, "));
  CHECK(all.find(", or openai-compatible with a base_url") != std::string::npos);
  CHECK(all.find("openai-compatible") == all.rfind("openai-compatible"));
}

TEST_CASE("a row that wants a key names variables that may hold it") {
  for (const ks::Provider* row : ks::providers()) {
    CAPTURE(row->name);
    if (row->needs_key) CHECK_FALSE(row->key_variables.empty());
    CHECK(row->account_variable.empty() == (row->base_url.find("{account_id}") == std::string::npos));
  }
  CHECK(ks::provider_named("moonshot").key_variables == std::vector<std::string>{"MOONSHOT_API_KEY", "KIMI_API_KEY"});
  CHECK(ks::provider_named("openai-compatible").key_variables.empty());
}

TEST_CASE("nobody has no row") {
  CHECK(ks::find_provider("") == nullptr);
  CHECK(ks::find_provider("nobody") == nullptr);
}
