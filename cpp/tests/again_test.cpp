// Whole messages within a stream: what had come counts once.
#include "wire/again.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using kimistream::wire::Again;

namespace {

/// What is left of each text, joined by bars; "-" for nothing.
std::string news(const std::vector<std::string>& texts, bool came_before = false) {
  Again again;
  std::string all;
  bool came = came_before;
  for (const std::string& text : texts) {
    std::optional<std::string_view> rest = text;
    again.leave_news(rest, came);
    came = came || rest;
    all.append(all.empty() ? "" : "|").append(rest.value_or("-"));
  }
  return all;
}

}  // namespace

TEST_CASE("a message that grows gives what is new of it") {
  CHECK(news({"The sea ", "The sea is ", "The sea is blue.", "The sea is blue."}) == "The sea |is |blue.|-");
}

TEST_CASE("a whole message behind its pieces gives nothing") {
  CHECK(news({"The sea is blue."}, true) == "-");
  std::optional<std::string_view> text;
  CHECK_FALSE(Again().leave_news(text, true));
}

TEST_CASE("messages that are pieces are given as they come, also short ones that are said twice") {
  CHECK(news({"The ", "sea ", "The "}) == "The |sea |The ");
  CHECK(news({"ha", "ha", "!"}) == "ha|ha|!");
}

TEST_CASE("a long text that comes once more word for word is the same one") {
  CHECK(news({"The sea is blue, mostly.", "The sea is blue, mostly."}) == "The sea is blue, mostly.|-");
}
