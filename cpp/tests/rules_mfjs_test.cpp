// What the checker of MFJS says, and where.
#include <doctest/doctest.h>

#include <string>

#include "rules/mfjs.hpp"

namespace mfjs = kimistream::rules::mfjs;
using kimistream::json::Tree;

namespace {

std::string problems(const std::string& schema, bool object_root = false) {
  std::string all;
  for (const auto& problem : mfjs::check(Tree::parse(schema), object_root))
    all += (all.empty() ? "" : "\n") + problem.code + (problem.certain ? " " : "? ") + problem.text;
  return all;
}

std::string of_x(const std::string& schema) {
  return problems(R"({"type":"object","properties":{"x":)" + schema + "}}");
}

}  // namespace

TEST_CASE("schemas that are MFJS") {
  for (
      const char* schema : {
          R"({"type":"object"})",
          R"({"type":"object","properties":{},"additionalProperties":false,"required":[]})",
          R"({"type":"object","properties":{"city":{"type":"string","description":"City"},)"
          R"("unit":{"type":"string","enum":["c","f"]}},"required":["city"]})",
          R"({"title":"Invoice","type":"object","properties":{"lines":{"type":"array","items":{"$ref":"#/$defs/Line"}},)"
          R"("note":{"anyOf":[{"type":"string"},{"type":"null"}],"default":null,"title":"Note"}},)"
          R"("$defs":{"Line":{"type":"object","title":"Line","properties":{"n":{"type":"integer","minimum":0}}}}})",
          R"({"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":{}})",
          R"({"type":"object","properties":{"x":{"type":["integer","null"],"enum":[1,2,null]}}})",
          R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"a","$comment":"b","type":"object"})",
          R"({"type":"object","additionalProperties":{"type":"string"},"x-custom":1,"examples":[1]})",
      }) {
    CAPTURE(schema);
    CHECK(problems(schema, true) == "");
  }
}

TEST_CASE("a type that is missing is told as the server tells it") {
  CHECK(of_x("{}") == "schema_type At path 'properties.x': type is not defined");
  CHECK(of_x(R"({"description":"d"})") == "schema_type At path 'properties.x': type is not defined");
  CHECK(of_x(R"({"enum":["a"]})") == "schema_type At path 'properties.x': type is not defined");
  CHECK(of_x(R"({"type":"array","items":{}})") == "schema_type At path 'properties.x.items': type is not defined");
  CHECK(of_x(R"({"anyOf":[{"type":"string"},{}]})") ==
        "schema_type At path 'properties.x.anyOf[1]': type is not defined");
  CHECK(problems(R"({"properties":{}})") == "schema_type At path '': type is not defined");
  CHECK(problems(R"({"type":"object","$defs":{"A":{"properties":{}}}})") ==
        "schema_type At path '$defs.A': type is not defined");
}

TEST_CASE("keywords whose value is of the wrong kind") {
  CHECK(of_x("true") == "schema_malformed At path 'properties.x': the schema must be an object");
  CHECK(of_x(R"({"type":"int"})") == "schema_malformed At path 'properties.x': invalid type 'int'");
  CHECK(of_x(R"({"type":[]})") == "schema_malformed At path 'properties.x': type array cannot be empty");
  CHECK(of_x(R"({"type":["string",1]})") == "schema_malformed At path 'properties.x': invalid type");
  CHECK(of_x(R"({"type":null})").find("type must be string") != std::string::npos);
  CHECK(of_x(R"({"type":"array","items":[{"type":"string"}]})").find("items must be an object") != std::string::npos);
  CHECK(of_x(R"({"type":"string","enum":[]})").find("enum array cannot be empty") != std::string::npos);
  CHECK(of_x(R"({"type":"string","enum":"a"})").find("enum must be an array") != std::string::npos);
  CHECK(of_x(R"({"anyOf":[]})").find("anyOf must have 1-500 items") != std::string::npos);
  CHECK(of_x(R"({"type":"string","description":1})").find("description must be a string") != std::string::npos);
  CHECK(of_x(R"({"type":"object","required":"a"})").find("required must be an array") != std::string::npos);
  CHECK(of_x(R"({"type":"object","properties":[]})").find("properties must be an object") != std::string::npos);
  CHECK(of_x(R"({"type":"object","additionalProperties":1})").find("a boolean or an object") != std::string::npos);
  CHECK(problems("[]") == "schema_malformed At path '': the schema must be an object");
  CHECK(problems(R"({"type":"string"})") == "");
  CHECK(problems(R"({"type":"string"})", true) == "schema_malformed At path '': the root must be of type object");
}

TEST_CASE("references stay inside and are to definitions at the root") {
  CHECK(of_x(R"({"$ref":"https://example.com/a.json"})") ==
        "schema_ref At path 'properties.x': references must start with #/$defs/");
  CHECK(of_x(R"({"$ref":"#/definitions/A"})").find("must start with") != std::string::npos);
  CHECK(of_x(R"({"$ref":"#/$defs/A"})").find("does not exist") != std::string::npos);
  CHECK(of_x(R"({"$ref":1})").find("$ref must be a string") != std::string::npos);
  CHECK(problems(R"({"type":"object","$defs":{"a/b":{"type":"string"}}})").find("cannot contain '/'") !=
        std::string::npos);
  CHECK(of_x(R"({"type":"object","$defs":{}})").starts_with("schema_keyword?"));
}

TEST_CASE("what is ignored is told: surely where a structure is lost, else as a hint") {
  CHECK(of_x(R"({"type":"string","oneOf":[]})") ==
        "schema_keyword At path 'properties.x': oneOf is not supported and is ignored");
  CHECK(of_x(R"({"type":"string","const":"a"})").starts_with("schema_keyword At"));
  CHECK(of_x(R"({"type":"string","format":"date"})") ==
        "schema_keyword? At path 'properties.x': format is not enforced");
  for (const char* key : {"pattern", "exclusiveMinimum", "multipleOf", "uniqueItems"})
    CHECK(of_x(R"({"type":"string",")" + std::string(key) + "\":1}").starts_with("schema_keyword? "));
  CHECK(of_x(R"({"type":["string","integer"],"enum":["a",1]})").starts_with("schema_keyword? "));
  CHECK(of_x(R"({"type":"string","anyOf":[{"type":"string"}]})").starts_with("schema_keyword? "));
  CHECK(of_x(R"({"type":"string","minLength":1,"maxLength":2,"title":"t","default":1})") == "");
}

TEST_CASE("a property may have the name of a keyword that is not reserved") {
  CHECK(of_x(R"({"type":"object","properties":{"type":{"type":"string"},"format":{"type":"string"}}})") == "");
  CHECK(of_x(R"({"type":"object","properties":{"required":{"type":"string"}}})").starts_with("schema_keyword? "));
}

TEST_CASE("size and depth have limits, and so has the report") {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"type":"array","items":)";
  deep += R"({"type":"string"})" + std::string(100, '}');
  CHECK(problems(deep).find("nested deeper than 30 levels") != std::string::npos);
  std::string wide = R"({"type":"object","properties":{)";
  for (int i = 0; i < 3001; ++i) wide += (i ? ",\"p" : "\"p") + std::to_string(i) + R"(":{"type":"string"})";
  CHECK(problems(wide + "}}").find("more than 3000 properties") != std::string::npos);
  std::string bad = R"({"type":"object","properties":{)";
  for (int i = 0; i < 5000; ++i) bad += (i ? ",\"p" : "\"p") + std::to_string(i) + "\":{}";
  CHECK(mfjs::check(Tree::parse(bad + "}}")).size() == mfjs::max_problems);
  CHECK(problems(R"({"type":"object","description":")" + std::string(120'001, 'x') + "\"}").find("bytes") !=
        std::string::npos);
}

TEST_CASE("the root of a tool's parameters says its type") {
  for (const char* schema : {"{}", R"({"properties":{}})", R"({"anyOf":[{"type":"object"}]})",
                             R"({"$ref":"#/$defs/A","$defs":{"A":{"type":"object"}}})"}) {
    CAPTURE(schema);
    CHECK(problems(schema, true).starts_with("schema_type At path '': type is required"));
  }
  CHECK(problems("{}") == "");
}

TEST_CASE("what the server was seen to refuse: names that are not there, values of another type, words beside a $ref") {
  CHECK(problems(R"({"type":"object","required":["a"]})") ==
        "schema_keyword At path '': required field 'a' not defined in properties");
  CHECK(of_x(R"({"type":"string","enum":["a",null]})") ==
        R"(schema_malformed At path 'properties.x': enum value (null) does not match any type in ["string"])");
  CHECK(of_x(R"({"type":"string","enum":["a",1]})").starts_with("schema_malformed At"));
  CHECK(of_x(R"({"type":["string","null"],"enum":["a",null]})") == "");
  CHECK(of_x(R"({"type":"object","properties":{"$ref":{"type":"string"}}})").starts_with("schema_ref At"));
  const auto beside = [](const std::string& place, const std::string& definition) {
    return problems(R"({"type":"object","properties":{"x":)" + place + R"(},"$defs":{"A":)" + definition + "}}");
  };
  CHECK(beside(R"({"$ref":"#/$defs/A","description":"d"})", R"({"type":"string"})") == "");
  CHECK(beside(R"({"$ref":"#/$defs/A","description":"d"})", R"({"type":"string","description":"e"})") ==
        "schema_keyword At path 'properties.x': conflicting keywords found after $ref expansion: description");
  CHECK(beside(R"({"$ref":"#/$defs/A","type":"string"})", R"({"type":"string"})").find("when using $ref, type") !=
        std::string::npos);
}
