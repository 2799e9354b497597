// Trees: read, changed, merged, written.
#include "json/tree.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "kimistream/json.hpp"

using kimistream::json::Tree;
namespace json = kimistream::json;

namespace {

using Texts = std::vector<std::string>;

std::string written(const Tree& tree) {
  std::string out;
  tree.write(out);
  return out;
}

std::string merged(std::string_view text, std::string_view patch) {
  Tree tree = Tree::parse(text);
  tree.merge(Tree::parse(patch));
  return written(tree);
}

}  // namespace

TEST_CASE("a tree is written as it was read, without white space") {
  for (const std::string text : Texts{R"({"b":1,"a":[1.0,1e3,"x",null,true,false,{},[]],"c":{"d":"é\n"}})", "null", "1",
                                      R"("x")", "[]", R"({"big":123456789012345678901234567890})"}) {
    CAPTURE(text);
    CHECK(written(Tree::parse(text)) == text);
  }
  CHECK(written(Tree::parse(" { \"a\" : [ 1 , 2 ] } ")) == R"({"a":[1,2]})");
}

TEST_CASE("what is not JSON is refused") { CHECK_THROWS_AS(Tree::parse("{"), json::Malformed); }

TEST_CASE("strictly, what readers do not agree on is refused, too") {
  CHECK(Tree::parse_strictly(R"( {"a":[1,{"b":"\ud83d\ude00"}],"c":{"b":null}} )").find("c"));
  std::string many = "{";
  for (int i = 0; i < 20; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  for (const std::string& json :
       {std::string(R"({"a":1,"a":2})"), std::string(R"([{"a":1,"\u0061":2}])"), many + "\"k7\":0}",
        std::string("[NaN]"), std::string("-Infinity"), std::string(R"("\ud83d")"), std::string(R"({"\udc00":1})"),
        std::string("\"\xff\""), std::string("\"\x01\""), std::string("[1] 2")})
    CHECK_THROWS_AS(Tree::parse_strictly(json), json::Malformed);
}

TEST_CASE("the last field of a name counts") { CHECK(Tree::parse(R"({"a":1,"a":2})").text_of("a") == "2"); }

TEST_CASE("fields are found by name and kind") {
  const Tree tree = Tree::parse(R"({"text":"x","number":1.5,"null":null,"flag":true,"list":["y"]})");
  CHECK(tree.text_of("text") == "x");
  CHECK(tree.text_of("number") == "1.5");
  CHECK(tree.text_of("null").empty());
  CHECK(tree.text_of("flag").empty());
  CHECK(tree.text_of("absent").empty());
  CHECK(tree.number_of("number") == 1.5);
  CHECK_FALSE(tree.number_of("text"));
  CHECK_FALSE(tree.number_of("absent"));
  CHECK(tree.find("absent") == nullptr);
  REQUIRE(tree.find("null"));
  CHECK(tree.find("null")->is(Tree::Kind::null));
  CHECK(Tree::parse("[1]").find("x") == nullptr);
}

TEST_CASE("setting replaces in place, erasing takes away") {
  Tree tree = Tree::parse(R"({"a":1,"b":2})");
  tree.set("a", Tree::string("x"));
  tree.set("c", Tree::boolean(false));
  CHECK(written(tree) == R"({"a":"x","b":2,"c":false})");
  tree.erase("b");
  CHECK(written(tree) == R"({"a":"x","c":false})");
}

TEST_CASE("merging is deep for objects, and anything else replaces") {
  CHECK(merged(R"({"a":{"b":1,"c":2},"d":3})", R"({"a":{"c":4,"e":5},"f":6})") ==
        R"({"a":{"b":1,"c":4,"e":5},"d":3,"f":6})");
  CHECK(merged(R"({"a":[1,2]})", R"({"a":[3]})") == R"({"a":[3]})");
  CHECK(merged(R"({"a":{"b":1}})", R"({"a":null})") == R"({"a":null})");
  CHECK(merged(R"({"a":1})", R"({"a":{"b":2}})") == R"({"a":{"b":2}})");
  CHECK(merged("{}", "{}") == "{}");
}

TEST_CASE("values made by hand are written as JSON") {
  Tree tree = Tree::object();
  tree.set("s", Tree::string("a\"b\n"));
  tree.set("n", Tree::number("0.6"));
  Tree list = Tree::array();
  list.items().push_back(Tree());
  tree.set("l", std::move(list));
  CHECK(written(tree) == R"({"s":"a\"b\n","n":0.6,"l":[null]})");
}

TEST_CASE("text that is written already goes out as it is") {
  const auto json = std::make_shared<const std::string>(R"({"a":[1, 2]})");
  Tree list = Tree::array();
  list.items().push_back(Tree::written(json));
  list.items().push_back(Tree::string("b"));
  std::string out;
  list.write(out);
  CHECK(out == R"([{"a":[1, 2]},"b"])");
  CHECK(list.written_bytes() >= out.size());
  CHECK(list.items()[0].find("a") == nullptr);
  CHECK(list.items()[0].is(Tree::Kind::null));
}
