// How long servers ask to wait, in their words.
#include "wire/waits.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using kimistream::json::Tree;
using kimistream::wire::wait_in_details;
using kimistream::wire::wait_in_words;

TEST_CASE("a duration behind the words for trying again is a wait") {
  const std::vector<std::pair<std::string, double>> table = {
      {"please try again after 9 seconds", 9},  // Moonshot
      {"please try again after 3", 3},
      {"Rate limit reached. Please try again in 20s. Visit https://example.com", 20},  // OpenAI, Groq
      {"Please try again in 5.289s.", 5.289},
      {"try again in 12 s", 12},
      {"Try again in 6m0s", 360},
      {"try again in 1h2m3s", 3723},
      {"try again in 1 minute 30 seconds", 90},
      {"Try again in 250ms", 0.25},
      {"Quota exceeded. Please retry in 31.5s.", 31.5},  // Gemini
      {"Please retry after 9 seconds.", 9},              // Azure
      {"Please wait about 2 minutes", 120},
      {"Retry-After: 7", 7},
      {"Limit resets in: 7.66s", 7.66},
      {"429 {\"retryDelay\": \"31s\"}", 31},
      {"请 10 秒后重试", 10},
      {"请在60秒之后再试", 60},
      {"请2分钟后重试", 120},
  };
  for (const auto& [words, seconds] : table) {
    const auto& row = words;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    CHECK(wait_in_words(words) == seconds);
  }
}

TEST_CASE("words without a duration, or with one that is no wait, are none") {
  for (const char* words : {"", "try again later", "try again in a moment", "retry after 5 attempts",
                            "wait for the end", "took 31.5s", "请稍后再试", "超时 10 秒", "10秒内重试失败"}) {
    CAPTURE(words);
    CHECK_FALSE(wait_in_words(words));
  }
  CHECK_FALSE(wait_in_words("again in " + std::string(400, '9') + "s"));  // beyond any number
}

TEST_CASE("details of an error and its own fields tell a wait") {
  const auto in = [](const char* text) { return wait_in_details(Tree::parse(text)); };
  CHECK(in(R"({"details":[{"@type":"x"},{"@type":"google.rpc.RetryInfo","retryDelay":"1.5s"}]})") == 1.5);
  CHECK(in(R"({"retry_after":4})") == 4);
  CHECK(in(R"({"metadata":{"retry_after_seconds":4}})") == 4);
  CHECK_FALSE(in(R"({"details":"soon","retry_after":-1})"));
  CHECK_FALSE(in("{}"));
}
