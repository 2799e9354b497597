// Output limits, stops and the size of the body.
#include "kimistream/media.hpp"
#include "rules/rules.hpp"
#include "support/rules.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains, test::fixed, test::message;

TEST_CASE("usual limits are no finding") {
  CHECK(codes(ask({.max_tokens = 4096})) == "");
  CHECK(codes(ask({.thinking = true, .max_tokens = 32768})) == "");
  CHECK(codes(ask({.thinking = true, .max_tokens = 16000})) == "");
  CHECK(codes(ask({.thinking = false, .max_tokens = 100})) == "");
  CHECK(codes(ask({.max_tokens = 261'000})) == "");
}

TEST_CASE("a small limit is advised against only where thinking was asked for in so many words") {
  CHECK(codes(ask({.thinking = true, .max_tokens = 15999})) == "small_max_tokens?");
  CHECK(codes(ask({.thinking = ThinkingMode::keep, .max_tokens = 100}), "tokenhub") == "small_max_tokens?");
  CHECK(codes(ask({.max_tokens = 100, .extra_body = {R"({"thinking":{"type":"enabled","keep":"all"}})"}})) == "");
  CHECK(codes(ask({.thinking = true, .max_tokens = 100}), "moonshot", "kimi-k9") == "");
}

TEST_CASE("a limit above the context") {
  CHECK(codes(ask({.max_tokens = 262'144})) == "max_tokens_above_context");
  CHECK(codes(ask({.fields = {R"({"max_tokens":1000000})"}})) == "max_tokens_above_context");
  CHECK(codes(ask({.max_tokens = 262'144}), "moonshot", "kimi-k3") == "");
  CHECK(codes(ask({.max_tokens = 262'144}), "moonshot", "unheard-of") == "");
  const Request request =
      fixed(ask({.max_tokens = 300'000, .extra_body = {R"({"max_completion_tokens":300000,"user":"u"})"}}));
  CHECK_FALSE(request.max_tokens);
  CHECK(request.extra_body.text == R"({"user":"u"})");
}

TEST_CASE("the spelling of the limit that a provider ignores") {
  const Request request = ask({.fields = {R"({"max_tokens":20000})"}});
  CHECK(codes(request, "anyfast") == "output_limit_ignored");
  CHECK(codes(request, "moonshot") == "");  // deprecated there, and honoured
  CHECK(codes(request, "vllm") == "");
  CHECK(fixed(request, "anyfast").fields.text == R"({"max_completion_tokens":20000})");
  CHECK(codes(ask({.max_tokens = 20000}), "anyfast") == "");  // sent under the right name
  const Request newer = ask({.extra_body = {R"({"max_completion_tokens":20000})"}});
  CHECK(codes(newer, "aimlapi") == "output_limit_ignored");
  CHECK(fixed(newer, "aimlapi").extra_body.text == R"({"max_tokens":20000})");
}

TEST_CASE("two limits that differ") {
  const Request request = ask({.fields = {R"({"max_tokens":1000,"max_completion_tokens":2000})"}});
  CHECK(codes(request) == "two_output_limits");
  CHECK(fixed(request).fields.text == R"({"max_completion_tokens":2000})");
  CHECK(codes(ask({.fields = {R"({"max_tokens":1000,"max_completion_tokens":1000})"}})) == "");
  const Request typed = ask({.max_tokens = 1000, .fields = {R"({"max_tokens":2000})"}});
  CHECK(codes(typed) == "two_output_limits");
  CHECK(fixed(typed).max_tokens == 1000);
  CHECK(fixed(typed).fields.empty());
  const Request overridden = ask({.max_tokens = 1000, .fields = {R"({"max_completion_tokens":2000})"}});
  CHECK(codes(overridden) == "two_output_limits");
  CHECK_FALSE(fixed(overridden).max_tokens);
  CHECK(codes(ask({.max_tokens = 2000, .fields = {R"({"max_completion_tokens":2000})"}})) == "");
}

TEST_CASE("stops are few and short") {
  const std::string long_stop(33, 'x'), just_right(32, 'x');
  CHECK(codes(ask({.stop = {"a", "b", "c", "d", just_right}})) == "");
  CHECK(codes(ask({.stop = {"a", "b", "c", "d", "e", "f"}})) == "too_many_stops");
  CHECK(codes(ask({.stop = {"a", "b", "c", "d", "e"}}), "tokenhub") == "too_many_stops");
  CHECK(codes(ask({.stop = {"a", long_stop}})) == "stop_too_long");
  CHECK(codes(ask({.stop = {long_stop}}), "tokenhub") == "");
  CHECK(codes(ask({.stop = {"a", "b", "c", "d", "e", long_stop}}), "vllm") == "");
  CHECK(codes(ask({.fields = {R"({"stop":"END"})"}})) == "");
  CHECK(codes(ask({.fields = {R"({"stop":")" + long_stop + R"("})"}})) == "stop_too_long");
  CHECK(codes(ask({.fields = {R"({"stop":["a","b","c","d","e","f"]})"}})) == "too_many_stops");
  // bytes count, not characters: eleven of three bytes each
  CHECK(codes(ask({.stop = {"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
                            "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"}})) == "stop_too_long");
}

TEST_CASE("a body that is too large is known from its parts") {
  Provider small = *find_provider("moonshot");
  small.max_body_bytes = 1000;
  const auto size_codes = [&](const Request& request) {
    std::string all;
    for (const auto& finding : rules::check(request, small, "kimi-k2.6")) all += finding.code;
    return all;
  };
  CHECK(size_codes({.messages = {user(std::string(900, 'x'))}}) == "");
  CHECK(size_codes({.messages = {user(std::string(1001, 'x'))}}) == "body_too_large");
  CHECK(size_codes({.messages = {user(std::string(600, 'x')), assistant(std::string(600, 'x'))}}) == "body_too_large");
  CHECK(size_codes({.messages = {user(std::vector{
                        Part{Part::Kind::image_url, "data:image/png;base64," + std::string(1000, 'A')}})}}) ==
        "body_too_large");
  std::string png = "\x89PNG\r\n\x1a\n" + std::string(800, '\0');  // 808 bytes are 1080 as base64
  CHECK(size_codes({.messages = {user(std::vector{image_bytes(png)})}}) == "body_too_large");
  small.max_body_bytes = 0;
  CHECK(size_codes({.messages = {user(std::string(5000, 'x'))}}) == "");
}

TEST_CASE("the estimate counts every text once") {
  Request request{.messages = {user("12345")}, .system = "123", .fields = {R"({"n":1})"}};
  request.messages.push_back(assistant("1234567890"));
  request.messages.back().reasoning = "12";
  CHECK(rules::least_body_bytes(request) == 5 + 3 + 7 + 10 + 2);
}
