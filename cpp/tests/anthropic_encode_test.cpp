// From a request to the body of the messages protocol: snapshots.
#include "wire/anthropic_encode.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/error.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using ks::json::Tree;

namespace {

using Texts = std::vector<std::string>;

wire::Encoded encoded(const ks::Request& request, bool stream = false) {
  return wire::encode(*ks::find_provider("moonshot-anthropic"), request, "kimi-k2.6", stream);
}

std::string encode(const ks::Request& request, bool stream = false) {
  return encoded(request, stream).body->segments.at(0).text;
}

std::string field(const ks::Request& request, std::string_view key) {
  const Tree body = Tree::parse(encode(request));
  const Tree* found = body.find(key);
  if (!found) return "(absent)";
  std::string out;
  found->write(out);
  return out;
}

Texts codes(const ks::Request& request) {
  Texts all;
  for (const auto& notice : encoded(request).notices) all.push_back(notice.code);
  return all;
}

ks::Request say(ks::Message message) { return {.messages = {std::move(message)}}; }
std::string messages(const std::vector<ks::Message>& said) { return field({.messages = said}, "messages"); }

ks::Message calls(std::vector<ks::ToolCall> calls) {
  ks::Message message = ks::assistant("");
  message.tool_calls = std::move(calls);
  return message;
}

}  // namespace

TEST_CASE("a plain request in the messages protocol: model, limit, messages, and nothing else") {
  CHECK(encode(say(ks::user("Hi"))) ==
        R"({"model":"kimi-k2.6","max_tokens":32768,"messages":[{"role":"user","content":"Hi"}]})");
  CHECK(codes(say(ks::user("Hi"))).empty());
  CHECK(encode(say(ks::user("Hi")), true) ==
        R"({"model":"kimi-k2.6","max_tokens":32768,"messages":[{"role":"user","content":"Hi"}],"stream":true})");
}

TEST_CASE("the neutral request, spelled out") {
  const ks::Request request{
      .messages = {ks::user("Weather in Tokyo?")},
      .system = "Be brief.",
      .thinking = ks::ThinkingMode::keep,
      .tools = {{.name = "get_weather", .description = "d", .parameters = {R"({"type":"object"})"}}},
      .tool_choice = "auto",
      .max_tokens = 1000};
  CHECK(encode(request, true) ==
        R"({"model":"kimi-k2.6","max_tokens":1000,"system":"Be brief.",)"
        R"("messages":[{"role":"user","content":"Weather in Tokyo?"}],"thinking":{"type":"enabled"},)"
        R"("context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},)"
        R"("tools":[{"name":"get_weather","description":"d","input_schema":{"type":"object"}}],)"
        R"("tool_choice":{"type":"auto"},"stream":true})");
  CHECK(codes(request).empty());
}

TEST_CASE("thinking on and off are the row's words") {
  ks::Request request = say(ks::user("u"));
  CHECK(field(request, "thinking") == "(absent)");
  request.thinking = true;
  CHECK(field(request, "thinking") == R"({"type":"enabled"})");
  request.thinking = false;
  CHECK(field(request, "thinking") == R"({"type":"disabled"})");
}

TEST_CASE("system messages are lifted from wherever they stand") {
  ks::Message developer = ks::system("c");
  developer.role = "developer";
  ks::Request request{.messages = {ks::user("u"), ks::system("b"), ks::assistant("x"), developer}, .system = "a"};
  CHECK(field(request, "system") == R"("a\n\nb\n\nc")");
  CHECK(field(request, "messages") == R"([{"role":"user","content":"u"},{"role":"assistant","content":"x"}])");
  request.messages[1].extra = {R"({"cache_control":{"type":"ephemeral"}})"};
  CHECK(field(request, "system") ==
        R"([{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}},)"
        R"({"type":"text","text":"c"}])");
  CHECK(field(say(ks::user("u")), "system") == "(absent)");
}

TEST_CASE("an assistant's turn goes back as blocks: thinking, text, calls with their input as JSON") {
  ks::Message turn = ks::assistant("a");
  turn.reasoning = "r";
  CHECK(messages({ks::user("u"), turn}) ==
        R"([{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"thinking","thinking":"r"},)"
        R"({"type":"text","text":"a"}]}])");
  turn.signature = "s";
  turn.tool_calls = {{.id = "tool_1", .name = "f", .arguments = R"({"x": [1.0]})"}};
  CHECK(
      messages({turn, ks::tool_result("tool_1", "done")}) ==
      R"([{"role":"assistant","content":[{"type":"thinking","thinking":"r","signature":"s"},{"type":"text","text":"a"},)"
      R"({"type":"tool_use","id":"tool_1","name":"f","input":{"x":[1.0]}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"tool_1","content":"done"}]}])");
}

TEST_CASE("opaque blocks go back as they came; whole thinking blocks among them stand for the reasoning") {
  ks::Message turn = ks::assistant("a");
  turn.reasoning = "r";
  turn.reasoning_details = {R"([{"type":"redacted_thinking","data":"d"},{"type":"reasoning.text","text":"other"},7])"};
  CHECK(messages({turn}) == R"([{"role":"assistant","content":[{"type":"thinking","thinking":"r"},)"
                            R"({"type":"redacted_thinking","data":"d"},{"type":"text","text":"a"}]}])");
  turn.reasoning_details = {R"([{"type":"thinking","thinking":"r","signature":"s"}])"};
  CHECK(messages({turn}) == R"([{"role":"assistant","content":[{"type":"thinking","thinking":"r","signature":"s"},)"
                            R"({"type":"text","text":"a"}]}])");
  turn.reasoning_details = {"nonsense"};
  CHECK_THROWS_AS(encode(say(turn)), ks::Exception);
}

TEST_CASE("a tool turn without reasoning has the placeholder, unless thinking is off") {
  ks::Request request{.messages = {calls({{.id = "t", .name = "f", .arguments = "{}"}}), ks::tool_result("t", "r")}};
  CHECK(encode(request).find(R"({"type":"thinking","thinking":" "})") != std::string::npos);
  request.thinking = false;
  CHECK(encode(request).find(R"("thinking":" ")") == std::string::npos);
}

TEST_CASE("results become one message of the user's, before whatever else was said there") {
  ks::Message failed = ks::tool_result("b", "no");
  failed.extra = {R"({"is_error":true})"};
  const ks::Message turn = calls({{.id = "a", .name = "f", .arguments = "{}"},
                                  {.id = "b", .name = "f", .arguments = "{}"},
                                  {.id = "c", .name = "f", .arguments = "{}"}});
  ks::Message seen = ks::tool_result("c", "");
  seen.content.reset();
  seen.parts = {{.value = "t"}, {.kind = ks::Part::Kind::image_url, .value = "https://x/y.png"}};
  ks::Request request{.messages = {turn, ks::tool_result("a", ""), ks::user("wait"), failed, seen, ks::user("go on"),
                                   ks::assistant("x"), ks::user("1"), ks::user("2")},
                      .thinking = false};
  const Tree body = Tree::parse(encode(request));
  const auto& said = body.find("messages")->items();
  REQUIRE(said.size() == 5);
  std::string out;
  said[1].write(out);
  CHECK(out == R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a"},)"
               R"({"type":"tool_result","tool_use_id":"b","content":"no","is_error":true},)"
               R"({"type":"tool_result","tool_use_id":"c","content":[{"type":"text","text":"t"},)"
               R"({"type":"image","source":{"type":"url","url":"https://x/y.png"}}]},)"
               R"({"type":"text","text":"wait"},{"type":"text","text":"go on"}]})");
  CHECK(said[3].text_of("content") == "1");
  CHECK(said[4].text_of("content") == "2");
  CHECK(codes(request).empty());
}

TEST_CASE("ids are sanitised, calls and results alike; broken arguments become {}") {
  const ks::Request request{.messages = {calls({{.id = "functions.f:0", .name = "f", .arguments = "{\"x"}}),
                                         ks::tool_result("functions.f:0", "r")}};
  const std::string body = encode(request);
  CHECK(body.find(R"({"type":"tool_use","id":"functions_f_0","name":"f","input":{}})") != std::string::npos);
  CHECK(body.find(R"("tool_use_id":"functions_f_0")") != std::string::npos);
  CHECK(codes(request) == Texts{"arguments_replaced"});
}

TEST_CASE("blank text makes no block, and empty turns are dropped") {
  ks::Message turn = calls({{.id = "t", .name = "f", .arguments = "{}"}});
  turn.content = " \n";
  turn.reasoning = "r";
  CHECK(messages({turn, ks::tool_result("t", "r")}).find("\"text\"") == std::string::npos);
  CHECK(messages({ks::user("u"), ks::assistant("")}) == R"([{"role":"user","content":"u"}])");
  CHECK(codes({.messages = {ks::user("u"), ks::assistant("")}}) == Texts{"empty_turn_dropped"});
}

TEST_CASE("a prefill is the last message, without the white space at its end") {
  ks::Request request = say(ks::user("u"));
  request.prefill = "{\"a\": \n";
  CHECK(field(request, "messages") == R"([{"role":"user","content":"u"},{"role":"assistant","content":"{\"a\":"}])");
  CHECK(codes(request) == Texts{"prefill_trimmed"});
  request.prefill = "x";
  CHECK(codes(request).empty());
}

TEST_CASE("tools are said in the protocol's form, from fields or from a declaration of the other protocol") {
  ks::Request request = say(ks::user("u"));
  request.tools = {
      {.name = "f"},
      {.raw =
           {R"({"type":"function","function":{"name":"g","description":"d","strict":false,"parameters":{"type":"object"}},)"
            R"("cache_control":{"type":"ephemeral"}})"}},
      {.raw = {R"({"type":"function","function":{"name":"h"}})"}},
      {.raw = {R"({"name":"i","input_schema":{"type":"object"}})"}}};
  CHECK(field(request, "tools") ==
        R"([{"name":"f","input_schema":{"type":"object","properties":{}}},)"
        R"({"name":"g","description":"d","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}},)"
        R"({"name":"h","input_schema":{"type":"object","properties":{}}},)"
        R"({"name":"i","input_schema":{"type":"object"}}])");
  CHECK(codes(request).empty());
  request.tools = {{.name = "f", .strict = true},
                   {.raw = {R"({"type":"function","function":{"name":"g","strict":true}})"}}};
  CHECK(codes(request) == Texts{"field_left_out"});  // once for all
  CHECK(field(request, "tools").find("strict") == std::string::npos);
  request.tools = {{.raw = {R"({"type":"builtin_function","function":{"name":"$web_search"}})"}}};
  CHECK(codes(request) == Texts{"unknown_tool"});
  CHECK(field(request, "tools") == R"([{"type":"builtin_function","function":{"name":"$web_search"}}])");
}

TEST_CASE("a choice of tool has a kind of its own, and none without tools") {
  ks::Request request = say(ks::user("u"));
  request.tool_choice = "auto";
  CHECK(field(request, "tool_choice") == "(absent)");
  request.tools = {{.name = "f"}};
  const std::vector<std::pair<std::string, std::string>> table = {{"auto", R"({"type":"auto"})"},
                                                                  {"none", R"({"type":"none"})"},
                                                                  {"required", R"({"type":"any"})"},
                                                                  {"f", R"({"type":"tool","name":"f"})"}};
  for (const auto& [choice, expected] : table) {
    request.tool_choice = choice;
    CHECK(field(request, "tool_choice") == expected);
  }
  request.tool_choice.clear();
  request.fields = {R"({"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false})"};
  CHECK(field(request, "tool_choice") == R"({"type":"tool","name":"f","disable_parallel_tool_use":true})");
  request.fields = {R"({"parallel_tool_calls":false})"};
  CHECK(field(request, "tool_choice") == R"({"type":"auto","disable_parallel_tool_use":true})");
  request.fields = {R"({"tool_choice":{"type":"any"},"parallel_tool_calls":true})"};
  CHECK(field(request, "tool_choice") == R"({"type":"any"})");
}

TEST_CASE("limits, stops and sampling go by the protocol's names, wherever the caller put them") {
  ks::Request request = say(ks::user("u"));
  request.max_tokens = 5;
  request.temperature = 0.6;
  request.top_p = 0.95;
  request.stop = {"a", "b"};
  CHECK(field(request, "max_tokens") == "5");
  CHECK(field(request, "temperature") == "0.6");
  CHECK(field(request, "top_p") == "0.95");
  CHECK(field(request, "stop_sequences") == R"(["a","b"])");
  CHECK(field(request, "stop") == "(absent)");
  request = say(ks::user("u"));
  request.fields = {R"({"max_completion_tokens":7,"max_tokens":9,"stop":"x","stream_options":{"include_usage":true},)"
                    R"("user":"me","metadata":{"user_id":"1"},"reasoning_effort":"low"})"};
  CHECK(encode(request) ==
        R"({"model":"kimi-k2.6","max_tokens":7,"messages":[{"role":"user","content":"u"}],"stop_sequences":["x"],)"
        R"("user":"me","metadata":{"user_id":"1"},"output_config":{"effort":"low"}})");
  request.fields = {R"({"max_tokens":9,"max_completion_tokens":null,"stop":["y"],"reasoning_effort":null})"};
  CHECK(field(request, "max_tokens") == "9");
  CHECK(field(request, "stop_sequences") == R"(["y"])");
  CHECK(field(request, "output_config") == "(absent)");
  request.fields = {R"({"max_tokens":null,"stop":null,"tool_choice":null})"};
  CHECK(encode(request) == encode(say(ks::user("u"))));
}

TEST_CASE("a schema for the answer is said where the row does not rule it out, and never lost silently") {
  ks::Request request = say(ks::user("u"));
  const std::string schema =
      R"({"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}})";
  ks::Provider row = *ks::find_provider("moonshot-anthropic");
  const auto format = [&](const std::string& text, std::optional<bool> takes) {
    row.json_schema = takes;
    request.response_format = {text};
    const wire::Encoded made = wire::encode(row, request, "m", false);
    if (!made.notices.empty()) return made.notices[0].code;
    const Tree body = Tree::parse(made.body->segments[0].text);
    std::string out;
    if (const Tree* config = body.find("output_config")) config->write(out);
    return out;
  };
  CHECK(format(schema, true) == R"({"format":{"type":"json_schema","schema":{"type":"object"}}})");
  CHECK(format(schema, std::nullopt) == R"({"format":{"type":"json_schema","schema":{"type":"object"}}})");
  CHECK(format(schema, false) == "field_left_out");
  CHECK(format(R"({"type":"json_object"})", true) == "field_left_out");
  CHECK(format(R"({"type":"text"})", true).empty());
}

TEST_CASE("in the messages protocol too, extra_body merges deep and last") {
  ks::Request request = say(ks::user("u"));
  request.thinking = true;
  request.extra_body = {R"({"thinking":{"budget_tokens":5},"max_tokens":1,"new":null})"};
  CHECK(encode(request) == R"({"model":"kimi-k2.6","max_tokens":1,"messages":[{"role":"user","content":"u"}],)"
                           R"("thinking":{"type":"enabled","budget_tokens":5},"new":null})");
}

TEST_CASE("the further fields of a message are merged into it; a name has no place") {
  ks::Message said = ks::user("u");
  said.extra = {R"({"cache":1})"};
  CHECK(messages({said}) == R"([{"role":"user","content":"u","cache":1}])");
  said.name = "Ann";
  CHECK(codes(say(said)) == Texts{"field_left_out"});
  CHECK(messages({said}).find("Ann") == std::string::npos);
}

TEST_CASE("what no server would take is refused here as well") {
  CHECK_THROWS_AS(encode({}), ks::Exception);
  ks::Request request = say(ks::user("u"));
  request.fields = {"[]"};
  CHECK_THROWS_AS(encode(request), ks::Exception);
  request.fields = {};
  request.tools = {{.name = "f", .parameters = {"1"}}};
  CHECK_THROWS_AS(encode(request), ks::Exception);
}
