// What was probably meant by a word that nobody knows.
#include "rules/nearest.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace rules = kimistream::rules;

TEST_CASE("a slip is a letter too many, one too few, a wrong one, or two that changed places") {
  CHECK(rules::letters_between("", "") == 0);
  CHECK(rules::letters_between("vllm", "vllm") == 0);
  CHECK(rules::letters_between("VLLM", "vllm") == 0);
  CHECK(rules::letters_between("vlm", "vllm") == 1);
  CHECK(rules::letters_between("vlllm", "vllm") == 1);
  CHECK(rules::letters_between("vxlm", "vllm") == 1);
  CHECK(rules::letters_between("base_ulr", "base_url") == 1);
  CHECK(rules::letters_between("ab", "ba") == 1);
  CHECK(rules::letters_between("", "abc") == 3);
  CHECK(rules::letters_between("abc", "") == 3);
  CHECK(rules::letters_between("kitten", "sitting") == 3);
  CHECK(rules::letters_between(std::string(64, 'a'), std::string(64, 'b')) == 64);
  CHECK(rules::letters_between(std::string(65, 'a'), std::string(65, 'a')) > 1000);
}

TEST_CASE("the nearest name is the closest within a few slips, the first of equals") {
  const std::vector<std::string> names = {"max_tokens", "temperature", "system", "stop", "tool_choice", "tools"};
  CHECK(rules::nearest("max_token", names) == "max_tokens");
  CHECK(rules::nearest("temprature", names) == "temperature");
  CHECK(rules::nearest("sytem", names) == "system");
  CHECK(rules::nearest("Max_Tokens", names) == "max_tokens");
  CHECK(rules::nearest("tool", names) == "tools");
  CHECK(rules::nearest("stop", names) == "stop");
  for (const char* far : {"", "x", "seed", "logprobs", "safety_identifier", "zzzzzzzzzzzzzz"})
    CHECK(rules::nearest(far, names).empty());
  constexpr std::array<const char*, 2> equals = {"ab1", "ab2"};
  CHECK(rules::nearest("ab3", equals) == "ab1");
  CHECK(rules::nearest("a", std::array<const char*, 1>{"b"}).empty());  // nothing of it is left
  CHECK(rules::nearest("anything", std::vector<std::string_view>{}).empty());
}
