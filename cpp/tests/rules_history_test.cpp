// What has been said before: calls and their results, turns that were cut, roles.
#include "support/rules.hpp"

using namespace kimistream;
using test::codes, test::contains, test::fixed, test::message;

namespace {

ToolCall call(std::string id, std::string name = "get_weather", std::string arguments = "{}") {
  return {.id = std::move(id), .name = std::move(name), .arguments = std::move(arguments)};
}

Message calls(std::vector<ToolCall> made) {
  return {.role = "assistant", .reasoning = "r", .tool_calls = std::move(made)};
}

/// "user calls result(c1)", each message in a word.
std::string told(const Request& request) {
  std::string all;
  for (const Message& said : request.messages) {
    if (!all.empty()) all += ' ';
    all += said.role == "tool" ? "result(" + said.tool_call_id + ")" : said.tool_calls.empty() ? said.role : "calls";
  }
  return all;
}

const Message hello = user("Hello."), r1 = tool_result("c1", "r"), r2 = tool_result("c2", "r");

}  // namespace

TEST_CASE("results that stand where they belong are no finding, in whatever order") {
  for (const char* provider : {"moonshot", "vllm", "openrouter", "kimi-code"}) {
    CHECK(codes({.messages = {hello, calls({call("c1"), call("c2")}), r2, r1, hello}}, provider) == "");
    CHECK(codes({.messages = {calls({call("c1"), call("c1")}), r1, r1}}, provider) == "");
    CHECK(codes({.messages = {calls({call("c1")}), r1, assistant("a"), calls({call("c1")}), r1}}, provider) == "");
  }
}

TEST_CASE("what is missing, misplaced or answers nothing: certain where it is refused, else told") {
  const auto both = [](std::vector<Message> messages) {
    const std::string strict = codes({.messages = messages}), free = codes({.messages = messages}, "vllm");
    std::string doubtful;
    for (const char c : strict) doubtful.append(c == ' ' ? "? " : std::string(1, c));
    CHECK((doubtful.empty() || doubtful.ends_with('?') ? doubtful : doubtful + "?") == free);
    return strict;
  };
  CHECK(both({calls({call("c1")})}) == "missing_tool_result");
  CHECK(both({calls({call("c1"), call("c2")}), r2, assistant("a")}) == "missing_tool_result");
  CHECK(both({calls({call("c1"), call("c1")}), r1}) == "missing_tool_result");
  CHECK(both({hello, r1}) == "orphan_tool_result");
  CHECK(both({calls({call("c1")}), r2}) == "missing_tool_result orphan_tool_result");
  CHECK(both({calls({call("c1")}), hello, r1}) == "misplaced_tool_result");
  CHECK(both({calls({call("c1"), call("c2")}), r1, hello, r2}) == "misplaced_tool_result");
  CHECK(both({calls({call("c1")}), assistant("a"), r1}) == "misplaced_tool_result");
  CHECK(codes({.messages = {calls({call("c1")}), r1, r1}}) == "repeated_tool_result?");
  CHECK(codes({.messages = {calls({call("c1")}), r1, assistant("a"), r1}}) == "repeated_tool_result?");
  const std::string text = message({.messages = {hello, r1, r2}});
  CHECK(contains(text, "message 1, \"c1\""));
  CHECK(contains(text, "2 times"));
}

TEST_CASE("results are put side by side behind their turn, and what is missing is made up for") {
  CHECK(told(fixed({.messages = {hello, calls({call("c1"), call("c2")}), r1, hello, r2}})) ==
        "user calls result(c1) result(c2) user");
  CHECK(told(fixed({.messages = {calls({call("c1")}), calls({call("c2")}), r2, r1}})) ==
        "calls result(c1) calls result(c2)");
  const Request made = fixed({.messages = {hello, calls({call("c1")}), hello}});
  CHECK(told(made) == "user calls result(c1) user");
  CHECK(contains(std::string(made.messages[2].text()), "not carried out"));
  CHECK(told(fixed({.messages = {hello, r1, hello}})) == "user user");
}

TEST_CASE("a call without a name goes, with its result") {
  Request request{.messages = {hello, calls({call("c1"), call("c2", "")}), r1, r2}};
  CHECK(codes(request) == "nameless_call");
  CHECK(codes(request, "vllm") == "nameless_call?");
  const Request named = fixed(request);
  CHECK(told(named) == "user calls result(c1)");
  CHECK(named.messages[1].tool_calls.size() == 1);
}

TEST_CASE("arguments that are no JSON are refused at every row: what is sent is not what was said") {
  for (const char* provider : {"moonshot", "vllm", "openai-compatible"}) {
    CHECK(codes({.messages = {calls({call("c1", "f", "{\"city\":\"Ro")}), r1}}, provider) == "arguments_not_json");
    CHECK(codes({.messages = {calls({call("c1", "f", " ")}), r1}}, provider) == "");
    CHECK(codes({.messages = {calls({call("c1", "f", "{\"a\":\"b\nc\"}")}), r1}}, provider) == "");
  }
}

TEST_CASE("a turn that has reasoning and nothing else") {
  const Message thought{.role = "assistant", .reasoning = "Let me see"};
  Message empty = thought, begun = thought;
  empty.content = "";
  begun.extra = {R"({"partial":true})"};
  CHECK(codes({.messages = {hello, thought, hello}}) == "reasoning_only_turn");
  CHECK(codes({.messages = {hello, empty, hello}}) == "reasoning_only_turn");
  CHECK(codes({.messages = {hello, begun}}) == "");
  CHECK(codes({.messages = {hello, thought, hello}}, "vllm") == "");
  CHECK(told(fixed({.messages = {hello, thought, hello}})) == "user user");
}

TEST_CASE("the role developer is system's, where it is not known") {
  const Request request{.messages = {{.role = "developer", .content = "Be short."}, hello}};
  CHECK(codes(request) == "developer_role");
  CHECK(codes(request, "vllm") == "");
  CHECK(codes(request, "kimi-code") == "developer_role");
  CHECK(told(fixed(request)) == "system user");
}
