// What of a conversation goes back, row by row.
#include "wire/history.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ks = kimistream;
namespace wire = kimistream::wire;

namespace {

using Texts = std::vector<std::string>;

ks::Message calls(std::vector<ks::ToolCall> calls) {
  ks::Message message;
  message.role = "assistant";
  message.tool_calls = std::move(calls);
  return message;
}
ks::ToolCall call(std::string id, std::string name = "f", std::string arguments = "{}") {
  return {.id = std::move(id), .name = std::move(name), .arguments = std::move(arguments)};
}

struct Sent {
  explicit Sent(const ks::Provider& provider, std::vector<ks::Message> said)
      : messages(std::move(said)), turns(wire::write_back(provider, messages, notices)) {}
  explicit Sent(const char* provider, std::vector<ks::Message> said)
      : Sent(*ks::find_provider(provider), std::move(said)) {}

  /// The ids of calls and, in parentheses, of results, in order.
  [[nodiscard]] Texts ids() const {
    Texts all;
    for (const wire::Turn& turn : turns) {
      for (const auto& made : turn.tool_calls()) all.push_back(made.id);
      if (turn.message->role == "tool") all.push_back("(" + turn.tool_call_id() + ")");
    }
    return all;
  }
  [[nodiscard]] Texts codes() const {
    Texts all;
    for (const auto& notice : notices) all.push_back(notice.code);
    return all;
  }
  [[nodiscard]] bool changed() const {
    for (const wire::Turn& turn : turns)
      if (turn.changed_calls || turn.changed_id) return true;
    return false;
  }

  std::vector<ks::Message> messages;  // the turns point into them
  std::vector<ks::Notice> notices;
  std::vector<wire::Turn> turns;
};

ks::Provider row(ks::ToolIdPolicy policy) {
  ks::Provider provider;
  provider.tool_ids = policy;
  return provider;
}

const ks::Provider global_row = row(ks::ToolIdPolicy::functions_global), sane_row = row(ks::ToolIdPolicy::sanitized);

}  // namespace

TEST_CASE("a conversation that is right already goes back as it is, and nothing of it is copied") {
  const std::vector<ks::Message> messages = {ks::user("u"), calls({call("c 1", "f", "[ 1.0 ]"), call("c2")}),
                                             ks::tool_result("c2", "r"), ks::tool_result("c 1", "r"),
                                             ks::assistant("a")};
  const Sent sent("moonshot", messages);
  REQUIRE(sent.turns.size() == messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(sent.turns[i].message == &sent.messages[i]);
    CHECK(sent.turns[i].position == i);
    CHECK(&sent.turns[i].tool_calls() == &sent.messages[i].tool_calls);
  }
  CHECK_FALSE(sent.changed());
  CHECK(sent.notices.empty());
}

TEST_CASE("assistant messages with nothing in them are dropped where the row says so") {
  std::vector<ks::Message> messages(1, ks::user(""));
  messages.push_back(ks::assistant(""));
  ks::Message absent = ks::assistant("");
  absent.content.reset();
  absent.reasoning = "";
  messages.push_back(absent);
  const std::size_t empty = messages.size();
  for (int i = 0; i < 5; ++i) messages.push_back(absent);
  messages[empty].reasoning = "r";
  messages[empty + 1].tool_calls = {call("c")};
  messages[empty + 2].content = "a";
  messages[empty + 3].extra = {R"({"partial":true})"};
  messages[empty + 4].parts = {{.value = "p"}};
  const Sent sent("moonshot", messages);
  REQUIRE(sent.turns.size() == messages.size() - 2);
  CHECK(sent.turns[1].position == empty);
  REQUIRE(sent.notices.size() == 1);
  CHECK(sent.notices[0].code == "empty_turn_dropped");
  CHECK(sent.notices[0].message.find("message 1:") == 0);
  CHECK(sent.notices[0].message.find("2 times") != std::string::npos);
  CHECK(Sent("vllm", messages).turns.size() == messages.size());
}

TEST_CASE("ids as the model was trained on count over the conversation, calls and results alike") {
  const Sent sent(global_row, {calls({call("call_9", "get"), call("x", "put")}), ks::tool_result("x", "r"),
                               ks::tool_result("call_9", "r"), ks::user("u"), calls({call("functions.get:2", "get")}),
                               ks::tool_result("functions.get:2", "r")});
  CHECK(sent.ids() == Texts{"functions.get:0", "functions.put:1", "(functions.put:1)", "(functions.get:0)",
                            "functions.get:2", "(functions.get:2)"});
  CHECK(sent.notices.empty());
  CHECK(sent.turns[0].changed_calls);
  CHECK_FALSE(sent.turns[4].changed_calls);  // right already
  CHECK_FALSE(sent.turns[5].changed_id);
}

TEST_CASE("an id that a server repeats in every turn becomes one for each call") {
  std::vector<ks::Message> messages;
  for (int turn = 0; turn < 3; ++turn) {
    messages.push_back(calls({call("functions.f:0"), call("functions.f:0")}));
    messages.push_back(ks::tool_result("functions.f:0", "first"));
    messages.push_back(ks::tool_result("functions.f:0", "second"));
  }
  CHECK(Sent(global_row, messages).ids() == Texts{"functions.f:0", "functions.f:1", "(functions.f:0)",
                                                  "(functions.f:1)", "functions.f:2", "functions.f:3",
                                                  "(functions.f:2)", "(functions.f:3)", "functions.f:4",
                                                  "functions.f:5", "(functions.f:4)", "(functions.f:5)"});
  CHECK(Sent(sane_row, messages).ids() == Texts{"functions_f_0", "functions_f_0_2", "(functions_f_0)",
                                                "(functions_f_0_2)", "functions_f_0_3", "functions_f_0_4",
                                                "(functions_f_0_3)", "(functions_f_0_4)", "functions_f_0_5",
                                                "functions_f_0_6", "(functions_f_0_5)", "(functions_f_0_6)"});
}

TEST_CASE("sanitised ids stay different, and one that is right already stays whoever comes first") {
  const Sent sent(sane_row, {calls({call("a:b"), call("a.b"), call("tool_1")}), ks::tool_result("a.b", "r"),
                             ks::tool_result("tool_1", "r"), ks::tool_result("a:b", "r"),
                             calls({call("a_b"), call("a_b_2"), call("")}), ks::tool_result("a_b", "r"),
                             ks::tool_result("a_b_2", "r"), ks::tool_result("", "r")});
  CHECK(sent.ids() == Texts{"a_b_3", "a_b_4", "tool_1", "(a_b_4)", "(tool_1)", "(a_b_3)", "a_b", "a_b_2", "call",
                            "(a_b)", "(a_b_2)", "(call)"});
  const Texts all = sent.ids();
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
}

TEST_CASE("the result of an earlier turn's call goes on naming it; one that answers none takes nobody's id") {
  CHECK(Sent(sane_row,
             {calls({call("a b")}), ks::tool_result("a b", "r"), ks::assistant("x"), ks::tool_result("a b", "again")})
            .ids() == Texts{"a_b", "(a_b)", "(a_b)"});
  CHECK(Sent(sane_row, {ks::tool_result("a b", "r"), calls({call("a_b")}), ks::tool_result("a_b", "r")}).ids() ==
        Texts{"(a_b_2)", "a_b", "(a_b)"});
}

TEST_CASE("arguments that are no JSON object become {} where nothing else is taken") {
  const std::vector<ks::Message> messages = {
      calls({call("c0", "f", R"({"a":1})"), call("c1", "g", "{\"a\":"), call("c2", "f", "[1]"), call("c3", "f", " "),
             call("c4", "f", R"({"a":NaN})"), call("c5", "f", R"({"a":"NaN"})"), call("c6", "f", "{} x")})};
  for (const char* name : {"sglang", "moonshot-anthropic"}) {
    CAPTURE(std::string(name));
    const Sent sent(name, messages);
    Texts arguments;
    for (const auto& made : sent.turns[0].tool_calls()) arguments.push_back(made.arguments);
    CHECK(arguments == Texts{R"({"a":1})", "{}", "{}", "{}", "{}", R"({"a":"NaN"})", "{}"});
    REQUIRE_FALSE(sent.notices.empty());
    CHECK(sent.notices[0].code == "arguments_replaced");
    CHECK(sent.notices[0].message.find("\"g\"") != std::string::npos);
    CHECK(sent.notices[0].message.find("4 times") != std::string::npos);  // blank ones are not counted
  }
}

TEST_CASE("arguments that are no JSON are sent nowhere, whatever else a row takes") {
  const std::vector<ks::Message> messages = {
      calls({call("c0", "f", R"({"a":1, "x":1.0})"), call("c1", "g", "{\"a\":"), call("c2", "f", "[1]"),
             call("c3", "f", ""), call("c4", "f", "{\"a\":\"line\nbreak\"}"), call("c5", "f", "{} x")})};
  for (const char* name : {"moonshot", "vllm", "openrouter", "openai-compatible"}) {
    CAPTURE(std::string(name));
    const Sent sent(name, messages);
    Texts arguments;
    for (const auto& made : sent.turns[0].tool_calls()) arguments.push_back(made.arguments);
    CHECK(arguments == Texts{R"({"a":1, "x":1.0})", "{}", "[1]", "", "{\"a\":\"line\nbreak\"}", "{}"});
    CHECK(sent.codes() == Texts{"arguments_replaced"});
  }
}

TEST_CASE("each row sends the ids that it wants") {
  const std::vector<ks::Message> messages = {calls({call("x:1", "f")}), ks::tool_result("x:1", "r")};
  for (const char* name : {"moonshot", "tokenhub", "openrouter", "openai-compatible"})
    CHECK(Sent(name, messages).ids() == Texts{"x:1", "(x:1)"});
  for (const char* name : {"vllm", "sglang", "ktransformers", "cloudflare"})
    CHECK(Sent(name, messages).ids() == Texts{"functions.f:0", "(functions.f:0)"});
  for (const char* name : {"moonshot-anthropic", "kimi-code"})
    CHECK(Sent(name, messages).ids() == Texts{"x_1", "(x_1)"});
}

TEST_CASE("many calls of one id are told apart without looking at all of them each time") {
  std::vector<ks::Message> messages;
  for (int i = 0; i < 20000; ++i) messages.push_back(calls({call("a:b")}));
  const Sent sent(sane_row, messages);
  const Texts all = sent.ids();
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
  CHECK(sent.notices.empty());
}
