// Ids of models, which each provider spells in its own way.
#include "rules/naming.hpp"

#include "support/rules.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains, test::fixed, test::message;

TEST_CASE("a provider's own names and neutral ones are right, and so is any unknown one") {
  for (const Provider* row : providers()) {
    CAPTURE(row->name);
    CHECK(codes(ask({}), row->name.c_str(), row->default_model) == "");
    CHECK(codes(ask({}), row->name.c_str(), "kimi-k2.6") == "");
    CHECK(codes(ask({}), row->name.c_str(), "my-own-model") == "");
  }
  CHECK(codes(ask({}), "tokenhub", "ep-12345678") == "");
}

TEST_CASE("the name that another provider has") {
  CHECK(codes(ask({}), "moonshot", "moonshotai/kimi-k2.6") == "foreign_model");
  CHECK(codes(ask({}), "moonshot", "moonshot/kimi-k2-6") == "foreign_model");
  CHECK(codes(ask({}), "openrouter", "moonshot/kimi-k2-6") == "foreign_model");
  CHECK(codes(ask({}), "openrouter", "moonshotai/kimi-k2.5") == "");
  CHECK(contains(message(ask({}), "moonshot", "moonshot/kimi-k2-6"),
                 "the name that aimlapi has for kimi-k2.6. Here it is called \"kimi-k2.6\""));
  CHECK(fixed(ask({}), "moonshot", "moonshotai/kimi-k2.6").model == "kimi-k2.6");
  CHECK(fixed(ask({}), "openrouter", "moonshot/kimi-k2-6").model == "moonshotai/kimi-k2.6");
}

TEST_CASE("on one's own server the operator chose the names") {
  CHECK(codes(ask({}), "vllm", "moonshot/kimi-k2-6") == "");
  CHECK(codes(ask({}), "openai-compatible", "moonshotai/kimi-k2.6") == "");
}

TEST_CASE("a name that was mistyped is told, not refused") {
  CHECK(codes(ask({}), "moonshot", "kimi-k2-6") == "unknown_model?");
  CHECK(contains(message(ask({}), "moonshot", "kimi-k2-6"), "Did you mean \"kimi-k2.6\"?"));
  CHECK(contains(message(ask({}), "moonshot", "kimi-k26"), "Did you mean \"kimi-k2.6\"?"));
  CHECK(contains(message(ask({}), "moonshot", "Kimi-K3"), "Did you mean \"kimi-k3\"?"));
  CHECK(contains(message(ask({}), "openrouter", "moonshotai/kimi-k2-6"), "Did you mean \"moonshotai/kimi-k2.6\"?"));
  CHECK(codes(ask({}), "vllm", "kimi-k2-6") == "");
}

TEST_CASE("another number is another model, perhaps a newer one than the table: nothing is said before it is sent") {
  for (const char* name :
       {"kimi-k2.8", "kimi-k4", "kimi-k9", "kimi-k2.6-20260420", "kimi-k2.7-code-highspeed", "gpt-4o"})
    CHECK(codes(ask({}), "moonshot", name) == "");
  CHECK(codes(ask({}), "openrouter", "moonshotai/kimi-k2.6:exacto") == "");
}

TEST_CASE("what was meant, for a server that does not know the name") {
  const auto meant = [](const char* name, const char* provider) {
    return rules::meant_model(provider_named(provider), name);
  };
  CHECK(meant("kimi-k2-6", "moonshot") == "kimi-k2.6");
  CHECK(meant("kimi-k9", "moonshot") == "kimi-k3");
  CHECK(meant("moonshotai/kimi-k2.6", "moonshot") == "kimi-k2.6");
  CHECK(meant("kimi-k2.6", "openrouter") == "moonshotai/kimi-k2.6");
  CHECK(meant("kimi-k2.6-thinking", "aimlapi") == "moonshot/kimi-k2-6");
  CHECK(meant("gpt-4o", "moonshot") == "");
  CHECK(meant("", "moonshot") == "");
}

TEST_CASE("an id that only circulates is told, not refused") {
  CHECK(codes(ask({}), "moonshot", "kimi-k2.6-thinking") == "unknown_model?");
  CHECK(contains(message(ask({}), "moonshot", "kimi-k2.6-thinking"), "\"kimi-k2.6\" with thinking=True"));
}
