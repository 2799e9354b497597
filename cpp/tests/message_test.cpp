// Messages and usage are plain values.
#include "kimistream/message.hpp"

#include <doctest/doctest.h>

#include "kimistream/error.hpp"

namespace ks = kimistream;

TEST_CASE("the helpers make messages of their roles") {
  CHECK(ks::system("s").role == "system");
  CHECK(ks::user("u").content == "u");
  CHECK(ks::assistant("a").role == "assistant");
  const ks::Message result = ks::tool_result("call_1", "42");
  CHECK(result.role == "tool");
  CHECK(result.tool_call_id == "call_1");
  CHECK(result.content == "42");
  const ks::Message parts = ks::user({{.kind = ks::Part::Kind::text, .value = "x"}});
  CHECK(parts.role == "user");
  CHECK(parts.parts.size() == 1);
  CHECK_FALSE(parts.content);
}

TEST_CASE("no content is not empty content, yet the text of both is empty") {
  ks::Message message;
  CHECK_FALSE(message.content);
  CHECK(message.text().empty());
  message.content = "";
  CHECK(message != ks::Message{});
  CHECK(message.text().empty());
}

TEST_CASE("usage merges to the larger of each counter and keeps what the later one lacks") {
  ks::Usage usage{.prompt_tokens = 10, .completion_tokens = 5, .cached_tokens = 4, .cost = 0.5};
  usage.merge({.prompt_tokens = 10, .completion_tokens = 7, .total_tokens = 17, .cached_tokens = 0});
  CHECK(usage ==
        ks::Usage{.prompt_tokens = 10, .completion_tokens = 7, .total_tokens = 17, .cached_tokens = 4, .cost = 0.5});
  CHECK_FALSE(usage.empty());
  CHECK(ks::Usage{}.empty());
  CHECK_FALSE(ks::Usage{.prompt_tokens = 0}.empty());
}

TEST_CASE("usage of several requests adds up, as far as it is known") {
  ks::Usage usage{.prompt_tokens = 10, .cached_tokens = 4, .cost = 0.5};
  usage.add({.prompt_tokens = 5, .completion_tokens = 7, .cost = 0.25});
  CHECK(usage == ks::Usage{.prompt_tokens = 15, .completion_tokens = 7, .cached_tokens = 4, .cost = 0.75});
  usage.add({});
  CHECK(usage.prompt_tokens == 15);
}

TEST_CASE("an exception carries its error and says its message") {
  const ks::Exception exception(ks::invalid_request("no"));
  CHECK(std::string(exception.what()) == "no");
  CHECK(exception.error().kind == ks::ErrorKind::invalid_request);
  const ks::Exception copy = exception;
  CHECK(&copy.error() == &exception.error());
  CHECK_FALSE(exception.error().retryable);
  CHECK_FALSE(exception.error().partial);
}
