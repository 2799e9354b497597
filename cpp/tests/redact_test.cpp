#include "redact.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace ks = kimistream;

TEST_CASE("a key is taken out of every text of an error, as often as it stands there") {
  ks::Error error;
  error.message = "no such key: sk-12345, really sk-12345";
  error.body = R"({"error":"sk-12345"})";
  error.code = "sk-12345";
  error.request_id = "sk-12345";
  error.headers.add("x-echo", "Bearer sk-12345");
  ks::redact(error, {"sk-12345"});
  CHECK(error.message == "no such key: [key], really [key]");
  CHECK(error.body == R"({"error":"[key]"})");
  CHECK(error.code == "[key]");
  CHECK(error.request_id == "[key]");
  CHECK(error.headers.find("x-echo") == "Bearer [key]");
}

TEST_CASE("a stand-in that is part of the key does not send the search round in circles") {
  ks::Error error;
  error.message = "[key]";
  ks::redact(error, {"[key]"});
  CHECK(error.message == "[key]");
}

TEST_CASE("a key goes with a request in either of two headers") {
  CHECK(ks::has_key({{"AUTHORIZATION", "Bearer k"}}));
  CHECK(ks::has_key({{"x-api-key", "k"}}));
  CHECK_FALSE(ks::has_key({{"X-Idempotency-Key", "k"}}));
}

TEST_CASE("no key, or a placeholder of a letter or two, changes nothing") {
  ks::Error error;
  error.message = "x marks the spot";
  ks::redact(error, {});
  ks::redact(error, {"", "x"});
  CHECK(error.message == "x marks the spot");
}

TEST_CASE("headers that carry a credential are known by their names") {
  const auto secrets = ks::secrets_in({{"Authorization", "Bearer sk-12345"},
                                       {"X-API-Key", "sk-abcde"},
                                       {"cf-aig-authorization", "Bearer cf-12345"},
                                       {"Accept", "application/json"},
                                       {"User-Agent", "kimistream"}});
  CHECK(secrets == std::vector<std::string>{"sk-12345", "sk-abcde", "cf-12345"});
  std::string text = "you sent sk-abcde and cf-12345 as application/json";
  ks::redact(text, secrets);
  CHECK(text == "you sent [key] and [key] as application/json");
}

TEST_CASE("whole words of a header's name decide") {
  const auto is_secret = [](const char* name) { return !ks::secrets_in({{name, "pw-9f8e7d6c5b"}}).empty(); };
  for (const char* name : {"api-key", "x-goog-api-key", "X_Auth_Token", "x-portkey-virtual-key",
                           "cf-access-client-secret", "Proxy-Authorization", "apikey", "x-password"})
    CHECK(is_secret(name));
  for (const char* name :
       {"x-portkey-provider", "x-max-tokens", "Idempotency-Key", "x-cache-key", "X-Monkey", "author"})
    CHECK_FALSE(is_secret(name));
}

TEST_CASE("ordinary words, small numbers and short values are no secrets") {
  const auto is_secret = [](const char* value) { return !ks::secrets_in({{"api-key", value}}).empty(); };
  for (const char* value : {"", "abc", "EMPTY", "moonshot", "Ollama", "4096"}) CHECK_FALSE(is_secret(value));
  for (const char* value : {"sk-made-up", "test-key", "hunter2", "abcdEFGHijkl", "abcdefghijklmnopqrst", "1234567890"})
    CHECK(is_secret(value));
}

TEST_CASE("each cookie is a secret of its own") {
  CHECK(ks::secrets_in({{"Cookie", "session=abc123; theme=dark"}}) == std::vector<std::string>{"abc123"});
}

TEST_CASE("a key is found where JSON has written its slashes with a backslash") {
  std::string text = R"({"error":"no such key ab\/cd+12"})";
  ks::redact(text, {"ab/cd+12"});
  CHECK(text == R"({"error":"no such key [key]"})");
}
