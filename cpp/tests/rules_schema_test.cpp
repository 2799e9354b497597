// Schemas of tools and response formats, where the provider reads MFJS.
#include "support/rules.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains, test::fixed, test::message;

namespace {

const char* const untyped = R"({"type":"object","properties":{"x":{"description":"d"}}})";

Request with_tool(const std::string& parameters, std::optional<bool> strict = {}) {
  return ask({.tools = {{.name = "get_x", .parameters = {parameters}, .strict = strict}}});
}

Request as_json(const std::string& schema, const std::string& strict = "") {
  return ask({.response_format = {R"({"type":"json_schema","json_schema":{"name":"n",)" + strict + R"("schema":)" +
                                  schema + "}}"}});
}

}  // namespace

TEST_CASE("tools and formats in order are no finding") {
  CHECK(codes(with_tool(R"({"type":"object","properties":{"x":{"type":"string"}},"required":["x"]})")) == "");
  CHECK(codes(with_tool("")) == "");
  CHECK(codes(as_json(R"({"type":"object","properties":{"x":{"type":"string"}}})")) == "");
  CHECK(codes(ask({.response_format = {R"({"type":"json_object"})"}})) == "");
  CHECK(codes(ask({.fields = {R"({"response_format":{"type":"text"}})"}})) == "");
}

TEST_CASE("a property without a type is found wherever the schema stands") {
  CHECK(codes(with_tool(untyped)) == "schema_type");
  CHECK(codes(as_json(untyped)) == "schema_type");
  const Request raw = ask({.tools = {{.raw = {R"({"type":"function","function":{"name":"get_x","parameters":)" +
                                              std::string(untyped) + "}}"}}}});
  CHECK(codes(raw) == "schema_type");
  const Request written =
      ask({.fields = {R"({"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":)" +
                      std::string(untyped) + "}}}"}});
  CHECK(codes(written) == "schema_type");
  CHECK(contains(message(with_tool(untyped)), "tool \"get_x\": At path 'properties.x': type is not defined"));
  const std::string good = R"({"type":"object","properties":{"x":{"type":"string","description":"d"}}})";
  CHECK(fixed(with_tool(untyped)).tools[0].parameters.text == good);
  CHECK(contains(fixed(raw).tools[0].raw.text, good));
  CHECK(contains(fixed(written).fields.text, good));
  CHECK(contains(fixed(as_json(untyped)).response_format.text, good));
}

TEST_CASE("the second of two tools is the one that is mended") {
  Request request = with_tool(R"({"type":"object","properties":{}})");
  request.tools.push_back({.name = "get_y", .parameters = {untyped}});
  const Request after = fixed(request);
  CHECK(after.tools[0].parameters.text == request.tools[0].parameters.text);
  CHECK(contains(after.tools[1].parameters.text, R"("x":{"type":"string")"));
}

TEST_CASE("duplicates go and schemas are mended in one run") {
  Request request = with_tool(R"({"type":"object","properties":{}})");
  request.tools.push_back(request.tools[0]);
  request.tools.push_back({.name = "get_y", .parameters = {untyped}});
  const Request after = fixed(request);
  REQUIRE(after.tools.size() == 2);
  CHECK(contains(after.tools[1].parameters.text, R"("x":{"type":"string")"));
}

TEST_CASE("without strict any schema is taken, and elsewhere any JSON Schema") {
  CHECK(codes(with_tool(untyped, false)) == "");
  CHECK(codes(with_tool(untyped, true)) == "schema_type");
  CHECK(codes(as_json(untyped, R"("strict":false,)")) == "");
  CHECK(codes(with_tool(untyped), "vllm") == "");
  CHECK(codes(as_json(untyped), "openrouter") == "");
  CHECK(codes(with_tool(untyped), "tokenhub") == "schema_type?");  // whether it is strict there is not known
  CHECK(codes(with_tool(untyped, true), "tokenhub") == "schema_type");
}

TEST_CASE("a word that is not enforced goes into the description, though it may be taken") {
  const std::string strange = R"({"type":"object","properties":{"a":{"type":"integer","exclusiveMaximum":10}}})";
  for (const Request& request : {with_tool(strange), as_json(strange)}) {
    CHECK(codes(request) == "schema_keyword?");
    const Request after = fixed(request);
    CHECK(codes(after) == "");
    const std::string& text = after.tools.empty() ? after.response_format.text : after.tools[0].parameters.text;
    CHECK(contains(text, "exclusiveMaximum: 10"));
    CHECK_FALSE(contains(text, R"("exclusiveMaximum")"));
  }
  Request unknown = with_tool(strange);  // whether it is strict there is not known
  unknown.check = Check::fix;
  rules::apply(unknown, *find_provider("tokenhub"), "kimi-k2.6");
  CHECK(unknown.tools[0].parameters.text == strange);
}

TEST_CASE("one finding for each rule of a schema, with the first places") {
  std::string many = R"({"type":"object","properties":{)";
  for (int i = 0; i < 5; ++i) many += (i ? ",\"p" : "\"p") + std::to_string(i) + "\":{}";
  const std::string text = message(with_tool(many + "}}"));
  CHECK(contains(text, "properties.p0"));
  CHECK(contains(text, "properties.p2"));
  CHECK_FALSE(contains(text, "properties.p3"));
  CHECK(contains(text, "and 2 more"));
  CHECK(codes(with_tool(R"({"type":"object","properties":{"a":{},"b":{"type":"string","format":"date"},"c":{}}})")) ==
        "schema_type schema_keyword?");
}

TEST_CASE("json_schema where it is not taken") {
  CHECK(codes(as_json(R"({"type":"object"})"), "moonshot-anthropic") == "json_schema_not_taken");
  CHECK(codes(as_json(R"({"type":"object"})"), "vllm") == "");
  CHECK(codes(as_json(R"({"type":"object"})"), "anyfast") == "");
}

TEST_CASE("JSON mode and the beginning of an answer exclude each other") {
  Request request = ask({.response_format = {R"({"type":"json_object"})"}, .prefill = "{"});
  CHECK(codes(request) == "json_object_with_prefill");
  CHECK(codes(request, "vllm") == "");
  request.prefill.clear();
  request.messages.push_back(assistant("{"));
  CHECK(codes(request) == "");
  request.messages.back().extra = {R"({"partial":true})"};
  CHECK(codes(request) == "json_object_with_prefill");
  request.response_format = {};
  CHECK(codes(request) == "");
}
