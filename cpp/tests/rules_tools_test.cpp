// tool_choice, names and number of tools.
#include "support/rules.hpp"

using namespace kimistream;
using test::ask, test::codes, test::contains, test::fixed, test::message;

namespace {

Tool tool(const std::string& name) { return {.name = name, .parameters = {R"({"type":"object","properties":{}})"}}; }

Request with(std::vector<Tool> tools, std::string choice = "", ThinkingMode thinking = {}) {
  return ask({.thinking = thinking, .tools = std::move(tools), .tool_choice = std::move(choice)});
}

Request many(std::size_t count) {
  std::vector<Tool> tools;
  for (std::size_t i = 0; i < count; ++i) tools.push_back(tool("tool_" + std::to_string(i)));
  return with(std::move(tools));
}

}  // namespace

TEST_CASE("tools in order are no finding") {
  CHECK(codes(with({tool("get_weather"), tool("search-web"), tool("_x1")})) == "");
  CHECK(codes(with({tool("get_weather")}, "auto")) == "");
  CHECK(codes(with({tool("get_weather")}, "none")) == "");
  CHECK(codes(with({{.raw = {R"({"type":"builtin_function","function":{"name":"$web_search"}})"}}})) == "");
  CHECK(codes(ask({.tool_choice = "required"})) == "");  // not sent without tools
}

TEST_CASE("forcing a call while thinking is refused by the models of which that is known") {
  CHECK(codes(with({tool("get_weather")}, "required")) == "forced_tool_with_thinking");
  CHECK(codes(with({tool("get_weather")}, "get_weather", true)) == "forced_tool_with_thinking");
  CHECK(codes(with({tool("get_weather")}, "required", false)) == "");
  CHECK(codes(with({tool("get_weather")}, "get_weather", false)) == "");
  CHECK(codes(with({tool("get_weather")}, "required"), "vllm") == "");
  CHECK(codes(with({tool("get_weather")}, "required"), "moonshot", "kimi-k2.7-code") == "forced_tool_with_thinking");
  CHECK(codes(with({tool("get_weather")}, "required"), "moonshot", "kimi-k3") == "");
  CHECK(codes(with({tool("get_weather")}, "get_weather"), "moonshot", "kimi-k3") == "forced_tool_with_thinking");
  CHECK(contains(message(with({tool("get_weather")}, "get_weather")), "'specified' is incompatible with thinking"));
  CHECK(contains(message(with({tool("get_weather")}, "required")), "thinking=False"));
}

TEST_CASE("forcing a call while thinking is told where nothing is known, or the provider's page lists it") {
  CHECK(codes(with({tool("get_weather")}, "required"), "moonshot", "kimi-k3.1-pro") == "forced_tool_with_thinking?");
  CHECK(codes(with({tool("get_weather")}, "required"), "moonshot", "kimi-k2.9") == "forced_tool_with_thinking?");
  CHECK(codes(with({tool("get_weather")}, "required"), "tokenhub") == "forced_tool_with_thinking?");
}

TEST_CASE("who has not asked for thinking gets the forced call, who has gets the thinking") {
  const Request quick = fixed(with({tool("get_weather")}, "required"));
  CHECK(quick.thinking == ThinkingMode::off);
  CHECK(quick.tool_choice == "required");
  const Request thoughtful = fixed(with({tool("get_weather")}, "required", true));
  CHECK(thoughtful.thinking == ThinkingMode::on);
  CHECK(thoughtful.tool_choice.empty());
  CHECK(fixed(with({tool("get_weather")}, "get_weather"), "moonshot", "kimi-k3").tool_choice.empty());
}

TEST_CASE("a choice that the provider does not take") {
  CHECK(codes(with({tool("get_weather")}, "get_weather"), "tokenhub") == "tool_choice_not_taken");
  CHECK(codes(with({tool("get_weather")}, "required"), "cloudflare") == "");
  CHECK(codes(with({tool("get_weather")}, "none"), "anyfast") == "");
  const Request any = ask({.tools = {tool("get_weather")}, .fields = {R"({"tool_choice":"any"})"}});
  CHECK(codes(any, "cloudflare") == "tool_choice_not_taken");
  CHECK(contains(message(any, "cloudflare"), "takes auto, none, required, not \"any\""));
  const Request named = ask({.thinking = false,
                             .tools = {tool("get_weather")},
                             .fields = {R"({"tool_choice":{"type":"function","function":{"name":"get_weather"}}})"}});
  CHECK(codes(named) == "");
  CHECK(codes(named, "tokenhub") == "tool_choice_not_taken");
  CHECK(fixed(named, "tokenhub").fields.empty());
  CHECK(fixed(with({tool("get_weather")}, "get_weather"), "tokenhub").tool_choice.empty());
}

TEST_CASE("a call that must not happen is not allowed by a fix") {
  for (const auto& finding : test::findings(with({tool("get_weather")}, "none"), "anyfast")) CHECK_FALSE(finding.fix);
}

TEST_CASE("names of tools have a form") {
  for (const char* name : {"web.search", "1st_tool", "", "\xe6\x9f\xa5\xe8\xaf\xa2", "get weather", "-x-y"}) {
    CAPTURE(name);
    CHECK(codes(with({tool(name)})) == "tool_name");
  }
  CHECK(codes(with({tool(std::string(64, 'a'))})) == "");
  CHECK(codes(with({tool(std::string(65, 'a'))})) == "tool_name");
  CHECK(codes(with({tool("f"), tool("gg")})) == "tool_name? tool_name?");  // on the shortest the documents disagree
  CHECK(codes(with({tool("web.search")}), "vllm") == "");
  const Request raw =
      with({{.raw = {R"({"type":"function","function":{"name":"a.b","parameters":{"type":"object"}}})"}}});
  CHECK(contains(message(raw), "tools[0]: the name \"a.b\" must match"));
  CHECK(codes(ask({.fields = {R"({"tools":[{"type":"function","function":{"name":"a.b"}}]})"}})) == "tool_name");
}

TEST_CASE("two tools of one name") {
  Tool other = tool("get_weather");
  other.parameters = {R"({"type":"object","properties":{"city":{"type":"string"}}})"};
  CHECK(codes(with({tool("get_weather"), other})) == "duplicate_tool");
  CHECK(codes(with({tool("get_weather"), other}), "openrouter") == "");
  const Request copies = with({tool("get_weather"), tool("get_time"), tool("get_weather"), tool("get_weather")});
  CHECK(codes(copies) == "duplicate_tool");
  CHECK(contains(message(copies), "function name get_weather is duplicated"));
  const Request once = fixed(copies);
  REQUIRE(once.tools.size() == 2);
  CHECK(once.tools[1].name == "get_time");
  const Request written = ask({.fields = {R"({"tools":[{"type":"function","function":{"name":"abc"}},)"
                                          R"({"type":"function","function":{"name":"abc"}}]})"}});
  CHECK(fixed(written).fields.text == R"({"tools":[{"type":"function","function":{"name":"abc"}}]})");
}

TEST_CASE("at most 128 tools") {
  CHECK(codes(many(128)) == "");
  CHECK(codes(many(129)) == "too_many_tools");
  CHECK(codes(many(129), "vllm") == "");
}

TEST_CASE("parallel_tool_calls is told where nothing documents it") {
  const Request request = ask({.tools = {tool("get_weather")}, .fields = {R"({"parallel_tool_calls":false})"}});
  CHECK(codes(request) == "parallel_tool_calls?");
  CHECK(codes(request, "aimlapi") == "");
  CHECK(codes(request, "openrouter") == "");
}
