// What the check and the fix of MFJS both know of types and values.
#include <doctest/doctest.h>

#include "rules/mfjs_values.hpp"

namespace mfjs = kimistream::rules::mfjs;
using kimistream::json::Tree;

TEST_CASE("names of types, and what people write for them") {
  const Tree one = Tree::parse(R"("str")"), several = Tree::parse(R"(["int","null","int","text",5])");
  CHECK(mfjs::words_of(&one) == std::vector<std::string>{"string"});
  CHECK(mfjs::words_of(&several) == std::vector<std::string>{"integer", "null"});
  CHECK(mfjs::words_of(nullptr).empty());
  CHECK(mfjs::text_of(mfjs::list_of({"a", "b"})) == R"(["a","b"])");
}

TEST_CASE("a value is of one of the types") {
  CHECK(mfjs::matches(Tree::parse("1"), {"integer"}));
  CHECK(mfjs::matches(Tree::parse("1"), {"number"}));
  CHECK_FALSE(mfjs::matches(Tree::parse("1.5"), {"integer"}));
  CHECK(mfjs::matches(Tree::parse("null"), {"string", "null"}));
  CHECK_FALSE(mfjs::matches(Tree::parse("null"), {"string"}));
  CHECK_FALSE(mfjs::matches(Tree::parse("[]"), {"array"}));
}

TEST_CASE("a definition is found by its reference") {
  const Tree root = Tree::parse(R"({"$defs":{"A":{"type":"string"}}})");
  REQUIRE(mfjs::definition(root, "#/$defs/A"));
  CHECK(mfjs::definition(root, "#/$defs/A")->text_of("type") == "string");
  CHECK(mfjs::definition(root, "#/$defs/B") == nullptr);
  CHECK(mfjs::definition(root, "#/properties/A") == nullptr);
  CHECK(mfjs::definition(Tree::object(), "#/$defs/A") == nullptr);
}
