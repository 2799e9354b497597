// Thinking, its memory and its effort, against model and provider.
#include "support/rules.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains, test::fixed, test::message;

namespace {

template <class Value>
constexpr bool says_thinking = requires(Value value) {
  Request{.thinking = value};
};

static_assert(says_thinking<bool>);
static_assert(says_thinking<ThinkingMode>);
static_assert(says_thinking<ThinkingMode::Value>);
static_assert(!says_thinking<const char*>, "\"off\" would turn it on");
static_assert(!says_thinking<int>);
static_assert(!says_thinking<double>);
static_assert(!says_thinking<std::shared_ptr<int>>);
static_assert(!says_thinking<std::string>);

}  // namespace

TEST_CASE("thinking is said with a bool or one of its words") {
  CHECK(Request{}.thinking == ThinkingMode::unset);
  CHECK(Request{.thinking = true}.thinking == ThinkingMode::on);
  CHECK(Request{.thinking = false}.thinking == ThinkingMode::off);
  CHECK(Request{.thinking = ThinkingMode::keep}.thinking == ThinkingMode::keep);
}

TEST_CASE("thinking on, off and kept are fine where they are known") {
  for (const auto mode : {ThinkingMode::unset, ThinkingMode::on, ThinkingMode::off, ThinkingMode::keep})
    for (const char* provider : {"moonshot", "moonshot-cn", "tokenhub", "anyfast", "vllm", "sglang"})
      CHECK(codes(ask({.thinking = mode}), provider) == "");
}

TEST_CASE("keep on a model without it") {
  CHECK(codes(ask({.thinking = ThinkingMode::keep}), "moonshot", "kimi-k2.5") == "keep_not_supported");
  const Request written = ask({.extra_body = {R"({"thinking":{"type":"enabled","keep":"all"}})"}});
  CHECK(codes(written, "moonshot", "kimi-k2.5") == "keep_not_supported");
  CHECK(codes(written) == "");
  CHECK(codes(ask({.extra_body = {R"({"thinking":{"type":"enabled","keep":null}})"}}), "moonshot", "kimi-k2.5") == "");
  CHECK(fixed(ask({.thinking = ThinkingMode::keep}), "moonshot", "kimi-k2.5").thinking == ThinkingMode::on);
  CHECK(fixed(written, "moonshot", "kimi-k2.5").extra_body.text == R"({"thinking":{"type":"enabled"}})");
  CHECK(codes(ask({.thinking = ThinkingMode::keep}), "vllm", "moonshotai/Kimi-K2.5") == "keep_not_supported");
}

TEST_CASE("keep where the provider documents no way to say it is told, not refused") {
  CHECK(codes(ask({.thinking = ThinkingMode::keep}), "openrouter") == "keep_not_taken?");
  CHECK(codes(ask({.thinking = ThinkingMode::on}), "openrouter") == "");
}

TEST_CASE("thinking off on a model that always thinks") {
  CHECK(codes(ask({.thinking = false}), "moonshot", "kimi-k2.7-code") == "thinking_always_on");
  const Request written = ask({.fields = {R"({"thinking":{"type":"disabled"}})"}});
  CHECK(codes(written, "moonshot", "kimi-k2.7-code-highspeed") == "thinking_always_on");
  CHECK(codes(ask({.thinking = true}), "moonshot", "kimi-k2.7-code") == "");
  CHECK(codes(ask({.thinking = false}), "moonshot", "kimi-k3") == "thinking_always_on?");
  CHECK(fixed(ask({.thinking = false}), "moonshot", "kimi-k2.7-code").thinking == ThinkingMode::unset);
  CHECK(fixed(written, "moonshot", "kimi-k2.7-code").fields.text == R"({"thinking":{"type":"enabled"}})");
}

TEST_CASE("sampling of a model that always thinks is that of thinking") {
  CHECK(codes(ask({.thinking = false, .temperature = 1.0}), "moonshot", "kimi-k2.7-code") == "thinking_always_on");
  CHECK(codes(ask({.thinking = false, .temperature = 0.6}), "moonshot", "kimi-k2.7-code") ==
        "fixed_temperature thinking_always_on");
}

TEST_CASE("an effort is ignored by models that have none") {
  const Request request = ask({.fields = {R"({"reasoning_effort":"high"})"}});
  CHECK(codes(request) == "reasoning_effort_ignored");
  CHECK(codes(request, "moonshot", "kimi-k3") == "");
  CHECK(codes(request, "vllm") == "");
  CHECK(fixed(request).fields.empty());
}

TEST_CASE("the effort \"none\" wants no thinking, and gets it where there is another way to say so") {
  const Request request = ask({.fields = {R"({"reasoning_effort":"none"})"}});
  CHECK(fixed(request).thinking == ThinkingMode::off);
  CHECK(fixed(request, "moonshot", "kimi-k2.7-code").thinking == ThinkingMode::unset);
}

TEST_CASE("thinking and an effort together") {
  const Request request = ask({.thinking = true, .fields = {R"({"reasoning_effort":"high"})"}});
  CHECK(codes(request) == "thinking_beside_effort");
  CHECK(codes(request, "moonshot", "kimi-k3") == "thinking_beside_effort?");
  CHECK(codes(request, "vllm") == "");
  CHECK(fixed(request).fields.empty());
  CHECK(fixed(request).thinking == ThinkingMode::on);
}

TEST_CASE("K3 has three levels of effort") {
  const auto effort = [](const char* value) {
    return ask({.fields = {R"({"reasoning_effort":)" + std::string(value) + "}"}});
  };
  for (const char* level : {R"("low")", R"("high")", R"("max")", "null"}) {
    CHECK(codes(effort(level), "moonshot", "kimi-k3") == "");
    CHECK(codes(effort(level), "kimi-code", "k3-256k") == "");
  }
  for (const char* level : {R"("medium")", R"("none")", "5", R"({"effort":"high"})"})
    CHECK(codes(effort(level), "moonshot", "kimi-k3") == "reasoning_effort_level");
  CHECK(codes(effort(R"("medium")"), "kimi-code", "k3") == "reasoning_effort_level?");  // it says that it maps this one
  CHECK(codes(effort(R"("none")"), "kimi-code", "k3") == "reasoning_effort_level");
  CHECK(codes(effort(R"("medium")"), "openrouter", "moonshotai/kimi-k3") == "");
  CHECK(contains(message(effort(R"("medium")"), "moonshot", "kimi-k3"), "\"low\", \"high\", \"max\""));
  CHECK(fixed(effort(R"("medium")"), "moonshot", "kimi-k3").fields.empty());
}
