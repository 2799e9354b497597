// Values that a model fixes: told before the server says 400.
#include "support/rules.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains, test::fixed, test::message;

TEST_CASE("a fixed value is no finding, in either mode") {
  CHECK(codes(ask({.temperature = 1.0})) == "");
  CHECK(codes(ask({.thinking = true, .temperature = 1.0, .top_p = 0.95})) == "");
  CHECK(codes(ask({.thinking = false, .temperature = 0.6, .top_p = 0.95})) == "");
  CHECK(codes(ask({.thinking = false, .fields = {R"({"temperature":0.6})"}})) == "");
  CHECK(codes(ask({.temperature = 0.6, .fields = {R"({"thinking":{"type":"disabled"}})"}})) == "");
  CHECK(codes(ask({.fields = {R"({"n":1,"presence_penalty":0,"frequency_penalty":0.0,"top_p":0.95})"}})) == "");
}

TEST_CASE("any other value is one, wherever it stands") {
  CHECK(codes(ask({.temperature = 0.6})) == "fixed_temperature");
  CHECK(codes(ask({.thinking = false, .temperature = 1.0})) == "fixed_temperature");
  CHECK(codes(ask({.top_p = 1.0})) == "fixed_top_p");
  CHECK(codes(ask({.fields = {R"({"temperature":0.3})"}})) == "fixed_temperature");
  CHECK(codes(ask({.extra_body = {R"({"n":2})"}})) == "fixed_n");
  CHECK(codes(ask({.fields = {R"({"presence_penalty":0.5,"frequency_penalty":-1})"}})) ==
        "fixed_presence_penalty fixed_frequency_penalty");
  CHECK(codes(ask({.extra_body = {R"({"temperature":1.0})"}, .temperature = 0.2})) == "");  // the last one is sent
}

TEST_CASE("the mode is read from the switch of the provider, not of another") {
  const Request off = ask({.extra_body = {R"({"thinking":{"type":"disabled"}})"}, .temperature = 0.6});
  CHECK(codes(off) == "");
  const Request foreign = ask({.extra_body = {R"({"chat_template_kwargs":{"thinking":false}})"}, .temperature = 0.6});
  CHECK(codes(foreign) == "fixed_temperature");
}

TEST_CASE("null counts as not sent, and what is no number is the server's business") {
  CHECK(codes(ask({.fields = {R"({"temperature":null,"n":"two"})"}})) == "");
}

TEST_CASE("the message says the rule and the way out") {
  const std::string text = message(ask({.temperature = 0.7}));
  CHECK(contains(text, "temperature=0.7"));
  CHECK(contains(text, "kimi-k2.6 fixes it at 1 with thinking on"));
  CHECK(contains(text, "Leave temperature out"));
  CHECK(contains(text, "platform.kimi.ai"));
  CHECK(contains(message(ask({.thinking = false, .temperature = 0.7})), "0.6 with thinking off"));
}

TEST_CASE("a fix leaves the value out everywhere") {
  const Request request = fixed(ask({.extra_body = {R"({"temperature":0.1,"n":3})"},
                                     .temperature = 0.2,
                                     .top_p = 0.5,
                                     .fields = {R"({"temperature":0.3,"user":"u"})"}}));
  CHECK_FALSE(request.temperature);
  CHECK_FALSE(request.top_p);
  CHECK(request.fields.text == R"({"user":"u"})");
  CHECK(request.extra_body.empty());
}

TEST_CASE("servers that fix nothing take any value, and so do models of which nothing is known") {
  for (const char* provider : {"vllm", "sglang", "openrouter", "openai-compatible"})
    CHECK(codes(ask({.temperature = 0.3, .fields = {R"({"n":2})"}}), provider) == "");
  CHECK(codes(ask({.temperature = 0.3}), "moonshot", "kimi-k9") == "");
}

TEST_CASE("where a provider's page disagrees with the maker's, nothing is refused") {
  CHECK(codes(ask({.temperature = 0.6}), "tokenhub") == "");  // its own page
  CHECK(codes(ask({.temperature = 1.0}), "tokenhub") == "fixed_temperature?");
  CHECK(codes(ask({.thinking = false, .temperature = 0.6}), "tokenhub") == "");
  CHECK(codes(ask({.temperature = 0.3}), "tokenhub") == "fixed_temperature");  // wrong by both
  CHECK(codes(ask({.temperature = 0.3}), "anyfast") == "fixed_temperature?");
  CHECK(codes(ask({.temperature = 1.0}), "anyfast") == "");
  CHECK(codes(ask({.top_p = 1.0}), "anyfast") == "fixed_top_p?");
}
