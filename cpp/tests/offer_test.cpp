// The functions of a request, and which of them a call means.
#include "wire/offer.hpp"

#include <doctest/doctest.h>

#include <string>

using kimistream::json::Tree;
using kimistream::wire::Offer;
using kimistream::wire::offer_in;

namespace {

const std::string weather =
    R"({"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{}},"required":["city"]}}})";
const std::string tide =
    R"({"type":"function","function":{"name":"tide","parameters":{"properties":{"city":{},"day":{}}}}})";
const std::string now = R"({"name":"now","input_schema":{"type":"object"}})";  // of the other protocol
const std::string search = R"({"type":"builtin_function","function":{"name":"$web_search"}})";

Offer offer(const std::string& tools) { return Offer(Tree::parse("[" + tools + "]")); }

}  // namespace

TEST_CASE("a body offers its tools, unless it forbids to call them") {
  CHECK(offer_in(Tree::parse(R"({"tools":[)" + weather + "]}")));
  CHECK(offer_in(Tree::parse(R"({"tool_choice":"auto","tools":[)" + weather + "]}")));
  CHECK_FALSE(offer_in(Tree::parse("{}")));
  CHECK_FALSE(offer_in(Tree::parse(R"({"tools":[]})")));
  CHECK_FALSE(offer_in(Tree::parse(R"({"tools":null})")));
  CHECK_FALSE(offer_in(Tree::parse(R"({"tool_choice":"none","tools":[)" + weather + "]}")));
  CHECK_FALSE(offer_in(Tree::parse(R"({"tool_choice":{"type":"none"},"tools":[)" + now + "]}")));
}

TEST_CASE("arguments fit a function that takes all of them and lacks none") {
  CHECK(offer(weather).fitting(R"({"city":"Lima"})") == "get_weather");
  CHECK(offer(weather + "," + now).fitting(R"({"city":"Lima"})") == "get_weather");
  CHECK(offer(weather).fitting(R"({"town":"Lima"})").empty());
  CHECK(offer(weather).fitting("{}").empty());
  CHECK(offer(weather + "," + now).fitting("") == "now");
  CHECK(offer(tide).fitting(R"({"day":1})") == "tide");
}

TEST_CASE("where several fit, or nothing can be read, no name is made up") {
  CHECK(offer(weather + "," + tide).fitting(R"({"city":"Lima"})").empty());
  CHECK(offer(weather + "," + tide).fitting(R"({"city":"Lima","day":1})") == "tide");
  CHECK(offer(now + "," + search).fitting("{}").empty());
  CHECK(offer(weather).fitting(R"({"city":)").empty());
  CHECK(offer(weather).fitting("[]").empty());
}

TEST_CASE("a name may come with a namespace that was not declared") {
  CHECK(offer(weather).meant_by("tools.get_weather") == "get_weather");
  CHECK(offer(weather).meant_by("get_weather") == "get_weather");
  CHECK(offer(weather).meant_by("harbour.tools.search") == "harbour.tools.search");
  CHECK(offer(R"({"function":{"name":"a.b"}},{"function":{"name":"b"}})").meant_by("a.b") == "a.b");
}
