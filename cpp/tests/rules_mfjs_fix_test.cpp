// What becomes of a schema that is not MFJS. Every result is checked again.
#include <doctest/doctest.h>

#include <string>

#include "rules/mfjs.hpp"

namespace mfjs = kimistream::rules::mfjs;
using kimistream::Json;
using kimistream::json::Tree;

namespace {

std::string fixed(const std::string& schema, bool object_root = false) {
  const Tree tree = mfjs::fix(Tree::parse(schema), object_root);
  std::string out, again;
  tree.write(out);
  for (const auto& problem : mfjs::check(tree, object_root)) {
    CAPTURE(schema);
    CAPTURE(problem.text);
    CHECK_FALSE(problem.certain);
  }
  mfjs::fix(tree, object_root).write(again);
  CHECK(again == out);  // once is enough
  return out;
}

/// The property x of an object, fixed.
std::string x(const std::string& schema) {
  const std::string head = R"({"type":"object","properties":{"x":)";
  std::string out = fixed(head + schema + "}}");
  REQUIRE(out.starts_with(head));
  return out.substr(head.size(), out.size() - head.size() - 2);
}

}  // namespace

TEST_CASE("what is MFJS comes back as it was") {
  for (
      const char* schema : {
          "{}",
          R"({"type":"object","properties":{"city":{"description":"City","type":"string"}},"required":["city"]})",
          R"({"$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}},"type":"object",)"
          R"("properties":{"x":{"$ref":"#/$defs/A"},"n":{"anyOf":[{"type":"string"},{"type":"null"}],"default":null}}})",
          R"({"type":"object","properties":{"x":{"enum":[1,2,null],"type":["integer","null"]}},"title":"T"})",
      }) {
    CAPTURE(schema);
    CHECK(fixed(schema) == schema);
  }
}

TEST_CASE("missing types are inferred, and a string where nothing tells") {
  CHECK(x("{}") == R"({"type":"string"})");
  CHECK(x(R"({"description":"d"})") == R"({"type":"string","description":"d"})");
  CHECK(x(R"({"properties":{}})") == R"({"type":"object","properties":{}})");
  CHECK(x(R"({"items":{"type":"string"}})") == R"({"type":"array","items":{"type":"string"}})");
  CHECK(x(R"({"minimum":1})") == R"({"type":"number","minimum":1})");
  CHECK(x(R"({"type":"array","items":{}})") == R"({"type":"array","items":{"type":"string"}})");
  CHECK(x(R"({"enum":["a","b"]})") == R"({"type":"string","enum":["a","b"]})");
  CHECK(x(R"({"enum":[1,2]})") == R"({"type":"integer","enum":[1,2]})");
  CHECK(x(R"({"enum":[1,2.5]})") == R"({"type":"number","enum":[1,2.5]})");
  CHECK(x(R"({"enum":["a",null]})") == R"({"type":["string","null"],"enum":["a",null]})");
  CHECK(x("true") == R"({"type":"string"})");
  CHECK(fixed(R"({"properties":{"a":{"type":"string"}}})", true) ==
        R"({"type":"object","properties":{"a":{"type":"string"}}})");
  CHECK(fixed(R"({"type":"string"})", true) == R"({"type":"object"})");
}

TEST_CASE("types get their right names") {
  CHECK(x(R"({"type":"int"})") == R"({"type":"integer"})");
  CHECK(x(R"({"type":["str","None"]})") == R"({"type":["string","null"]})");
  CHECK(x(R"({"type":"date"})") == R"({"type":"string"})");
  CHECK(x(R"({"type":"string","nullable":true})") == R"({"type":["string","null"]})");
}

TEST_CASE("type and enum are reconciled") {
  CHECK(x(R"({"type":"string","enum":[1,2]})") == R"({"type":"integer","enum":[1,2]})");
  CHECK(x(R"({"type":"string","enum":["a",1,"b"]})") == R"({"type":"string","enum":["a","b"]})");
  CHECK(x(R"({"enum":["a",1]})") == R"({"anyOf":[{"type":"string","enum":["a"]},{"type":"integer","enum":[1]}]})");
  CHECK(x(R"({"const":"a"})") == R"({"type":"string","enum":["a"]})");
  CHECK(x(R"({"const":null})") == R"({"type":"null"})");
  CHECK(x(R"({"type":"string","enum":[]})") == R"({"type":"string"})");
}

TEST_CASE("combinations become what there is") {
  CHECK(x(R"({"oneOf":[{"type":"string"},{"type":"integer"}]})") ==
        R"({"anyOf":[{"type":"string"},{"type":"integer"}]})");
  CHECK(x(R"({"type":"string","anyOf":[{"minLength":1},{"maxLength":9}]})") ==
        R"({"anyOf":[{"type":"string","minLength":1},{"type":"string","maxLength":9}]})");
  CHECK(x(R"({"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},)"
          R"({"properties":{"b":{"type":"integer"}},"required":["b"]}]})") ==
        R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["a","b"]})");
  CHECK(x(R"({"type":"object","properties":{"a":{"type":"string"}},"anyOf":[{"required":["a"]}]})") ==
        R"({"type":"object","properties":{"a":{"type":"string"}},)"
        R"x("description":"(certain properties belong together)"})x");
  CHECK(x(R"({"type":"array","items":[{"type":"string"},{"type":"integer"}]})") ==
        R"({"type":"array","items":{"anyOf":[{"type":"string"},{"type":"integer"}]}})");
  CHECK(x(R"({"prefixItems":[{"type":"string"},{"type":"string"}]})") ==
        R"({"type":"array","items":{"type":"string"}})");
}

TEST_CASE("constraints that are not enforced are still said to the model") {
  CHECK(x(R"({"type":"string","format":"date-time","description":"When"})") ==
        R"x({"type":"string","description":"When (format: date-time)"})x");
  CHECK(x(R"({"exclusiveMinimum":0,"multipleOf":5})") ==
        R"x({"type":"number","description":"(exclusiveMinimum: 0; multipleOf: 5)"})x");
  CHECK(x(R"({"type":"string","$comment":"c","title":"t"})") == R"({"type":"string","title":"t"})");
}

TEST_CASE("required names that are no properties go") {
  CHECK(fixed(R"({"properties":{"a":{"type":"string"}},"required":["a","b"]})") ==
        R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"]})");
  CHECK(fixed(R"({"type":"object","required":["b"],"oneOf":[]})") == R"({"type":"object"})");
}

TEST_CASE("definitions move to the root, and references follow") {
  CHECK(
      fixed(R"({"type":"object","properties":{"x":{"$ref":"#/definitions/A"}},"definitions":{"A":{"enum":["a"]}}})") ==
      R"({"type":"object","properties":{"x":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string","enum":["a"]}}})");
  CHECK(fixed(R"({"type":"object","properties":{"x":{"$ref":"#/properties/y"},"y":{"type":"integer"}}})") ==
        R"({"type":"object","properties":{"x":{"$ref":"#/$defs/y"},"y":{"type":"integer"}},)"
        R"("$defs":{"y":{"type":"integer"}}})");
  CHECK(fixed(R"({"type":"object","properties":{"x":{"$ref":"#/$defs/a~1b"}},"$defs":{"a/b":{"type":"string"}}})") ==
        R"({"type":"object","properties":{"x":{"$ref":"#/$defs/a_b"}},"$defs":{"a_b":{"type":"string"}}})");
  CHECK(fixed(R"({"type":"object","properties":{"t":{"type":"object","$defs":{"N":{"type":"object","properties":)"
              R"({"n":{"$ref":"#/properties/t/$defs/N"}}}},"properties":{"n":{"$ref":"#/properties/t/$defs/N"}}}}})") ==
        R"({"type":"object","properties":{"t":{"type":"object","properties":{"n":{"$ref":"#/$defs/N"}}}},)"
        R"("$defs":{"N":{"type":"object","properties":{"n":{"$ref":"#/$defs/N"}}}}})");
  CHECK(x(R"({"allOf":[{"$ref":"#"}],"description":"d"})") == R"({"description":"d","$ref":"#"})");
}

TEST_CASE("references that lead nowhere become a type") {
  CHECK(x(R"({"$ref":"#/$defs/none"})") == R"({"type":"string"})");
  CHECK(x(R"({"$ref":"https://example.com/a.json"})") ==
        R"x({"type":"string","description":"(see: https://example.com/a.json)"})x");
  CHECK(x(R"({"$ref":5})") == R"({"type":"string"})");
  CHECK(x(R"({"type":"object","allOf":[{"$ref":"#/$defs/none"}]})") == R"({"type":"object"})");
}

TEST_CASE("hostile schemas end in bounded time") {
  // Each level refers twice to the next: inlining would double at every step.
  std::string diamond = R"({"type":"object","properties":{"x":{"$ref":"#/definitions/d0"}},"definitions":{)";
  for (int i = 0; i < 60; ++i) {
    const std::string next = R"({"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"}";
    diamond += "\"d" + std::to_string(i) + R"(":{"properties":{"a":)" + next + ",\"b\":" + next + "}},";
  }
  const std::string out = fixed(diamond + R"("d60":{}}})");
  CHECK(out.size() < 10'000);
  std::string nested;
  for (int i = 0; i < 250; ++i) nested += R"({"allOf":[{"properties":{"p":)";
  nested += "{}";
  for (int i = 0; i < 250; ++i) nested += "}}]}";
  CHECK_NOTHROW((void)mfjs::fix(Json{nested}));
  std::string wide = R"({"allOf":[)";
  for (int i = 0; i < 20'000; ++i) wide += R"({"p)" + std::to_string(i) + "\":1},";
  CHECK_NOTHROW((void)mfjs::fix(Json{wide + "{}]}"}));
}

TEST_CASE("what is no object comes back as it was") {
  for (const char* text : {"", "[1]", "not json", "3"}) CHECK(mfjs::fix(Json{text}).text == text);
}

TEST_CASE("the root of a tool's parameters becomes one object") {
  CHECK(fixed("{}", true) == R"({"type":"object"})");
  CHECK(fixed(R"({"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"$ref":"#/$defs/B"}],)"
              R"("$defs":{"B":{"type":"object","properties":{"b":{"type":"integer"}}}}})",
              true)
            .find(R"("properties":{"a":{"type":"string"},"b":{"type":"integer"}})") != std::string::npos);
  CHECK(fixed(R"({"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"a":{"type":"string"}}}}})", true)
            .starts_with(R"({"type":"object","properties":{"a":{"type":"string"}})"));
}

TEST_CASE("what stands beside a reference: the type goes, a place's own words are kept") {
  CHECK(
      fixed(
          R"({"type":"object","properties":{"x":{"type":"string","$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}}})")
          .find(R"("x":{"$ref":"#/$defs/A"})") != std::string::npos);
  CHECK(fixed(R"({"type":"object","properties":{"x":{"$ref":"#/$defs/A","description":"mine"}},)"
              R"("$defs":{"A":{"type":"string","description":"its own"}}})")
            .find(R"("x":{"anyOf":[{"$ref":"#/$defs/A"}],"description":"mine"})") != std::string::npos);
  const char* taken = R"({"type":"object","properties":{"x":{"$ref":"#/$defs/A","description":"mine"}},)"
                      R"("$defs":{"A":{"type":"string"}}})";
  CHECK(fixed(taken) == taken);
}

TEST_CASE("a property that no server of MFJS can read becomes a remark") {
  CHECK(
      x(R"({"type":"object","properties":{"$ref":{"type":"string"},"a":{"type":"string"}},"required":["$ref","a"]})") ==
      R"x({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],)x"
      R"x("description":"(also has the property \"$ref\")"})x");
  CHECK(x(R"({"type":"string","enum":["a",null]})") == R"({"type":"string","enum":["a"]})");
}
