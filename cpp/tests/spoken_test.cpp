// What a stream says, put together from its frames.
#include "record/spoken.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// The texts, in alphabetical order.
std::vector<std::string> said(std::string_view text) {
  std::vector<std::string> texts;
  for (const auto& fragments : kimistream::record::spoken_in(text)) {
    std::string joined;
    for (const auto& fragment : fragments) joined += text.substr(fragment.at, fragment.size);
    texts.push_back(joined);
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("strings at one place of each frame are one text") {
  CHECK(said("data: {\"a\":\"x\",\"b\":{\"c\":\"1\"}}\n\ndata:{\"b\":{\"c\":\"2\"},\"a\":\"y\"}\n\n") ==
        Texts{"12", "xy"});
  CHECK(said("{\"a\":[{\"t\":\"x\"},{\"t\":\"1\"}]}\r\n{\"a\":[{\"t\":\"y\"},{\"t\":\"2\"}]}") == Texts{"12", "xy"});
  CHECK(said("event: x\n: \"c\"\ndata: [DONE]\n") == Texts{});
}

TEST_CASE("escapes, brackets within strings and numbers lead nobody astray") {
  CHECK(said(R"({"a":"x\"}","b":1,"c":[true,"{"],"d":{}})") == Texts{"x\\\"}", "{"});
}

TEST_CASE("what is no JSON ends its frame and no more") {
  CHECK(said("data: {\"a\":\"x\"}}}}\n\ndata: {\"a\":\"y") == Texts{"xy"});
  CHECK(said("data: {\"a\\") == Texts{});
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{\"a\":";
  CHECK(said(deep + "\"x\"").empty());
}
