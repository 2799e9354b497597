// A request as its provider will read it.
#include "rules/view.hpp"

#include <doctest/doctest.h>

using namespace kimistream;
using json::Tree;
using rules::View;

namespace {

const Provider& row(const char* name) { return *find_provider(name); }

std::string text(const Tree& tree) {
  std::string out;
  tree.write(out);
  return out;
}

}  // namespace

TEST_CASE("what is merged last counts, and null counts as nothing") {
  const Request request{.extra_body = {R"({"a":1,"b":null})"}, .fields = {R"({"a":2,"b":3,"c":4,"d":null})"}};
  const View view(request, row("moonshot"), "kimi-k2.6");
  CHECK(view.number("a") == 1);
  CHECK(view.sent("b") == nullptr);
  CHECK(view.number("b", 9) == std::nullopt);
  CHECK(view.number("c", 9) == 4);
  CHECK(view.sent("d") == nullptr);
  CHECK(view.number("e", 9) == 9);
}

TEST_CASE("JSON that is no object is taken as absent") {
  const Request request{.extra_body = {"[1]"}, .fields = {"nonsense"}};
  CHECK(View(request, row("moonshot"), "m").sent("a") == nullptr);
}

TEST_CASE("thinking is found in the provider's own words") {
  struct Row {
    const char* provider;
    const char* body;
    ThinkingMode::Value mode;
    bool keeps;
  };
  for (const auto& [provider, body, mode, keeps] :
       {Row{"moonshot", R"({"thinking":{"type":"disabled"}})", ThinkingMode::off, false},
        Row{"moonshot", R"({"thinking":{"type":"enabled"}})", ThinkingMode::on, false},
        Row{"moonshot", R"({"thinking":{"type":"enabled","keep":"all"}})", ThinkingMode::on, true},
        Row{"moonshot", R"({"chat_template_kwargs":{"thinking":false}})", ThinkingMode::unset, false},
        Row{"vllm", R"({"chat_template_kwargs":{"thinking":false,"x":1}})", ThinkingMode::off, false},
        Row{"vllm", R"({"chat_template_kwargs":{"thinking":true,"preserve_thinking":true}})", ThinkingMode::on, true},
        Row{"openrouter", R"({"reasoning":{"effort":"none"}})", ThinkingMode::off, false}}) {
    const auto& sent = body;  // clang 14 hands no structured binding to a lambda
    CAPTURE(sent);
    const Request request{.extra_body = {body}};
    const View view(request, row(provider), "kimi-k2.6");
    CHECK(view.thinking() == mode);
    CHECK(view.keeps() == keeps);
    CHECK(view.thinks() == (mode != ThinkingMode::off));
  }
  const Request both{.thinking = true, .extra_body = {R"({"thinking":{"type":"disabled"}})"}};
  CHECK_FALSE(View(both, row("moonshot"), "kimi-k2.6").thinks());
  CHECK(View(both, row("moonshot"), "kimi-k2.7-code").thinks());
}

TEST_CASE("tools are those that will be sent") {
  const Request typed{.tools = {{.name = "a", .parameters = {R"({"type":"object"})"}, .strict = false},
                                {.raw = {R"({"type":"builtin_function","function":{"name":"$s"}})"}}}};
  const auto tools = View(typed, row("moonshot"), "m").tools();
  REQUIRE(tools.size() == 2);
  CHECK(tools[0].strict == false);
  CHECK(text(*tools[0].parameters) == R"({"type":"object"})");
  CHECK(tools[1].type == "builtin_function");
  CHECK(tools[1].name == "$s");
  Request written = typed;
  written.fields = {R"({"tools":[{"type":"function","function":{"name":"b","strict":true}}]})"};
  const View view(written, row("moonshot"), "m");
  REQUIRE(view.tools().size() == 1);
  CHECK(view.tools()[0].name == "b");
  CHECK(view.tools()[0].strict == true);
}

TEST_CASE("covering and subtracting look at leaves") {
  Tree tree = Tree::parse(R"({"a":{"b":1,"c":2},"d":[1]})");
  CHECK(rules::covers(tree, Tree::parse(R"({"a":{"b":1}})")));
  CHECK(rules::covers(tree, Tree::parse(R"({"d":[1]})")));
  CHECK_FALSE(rules::covers(tree, Tree::parse(R"({"a":{"b":"1"}})")));
  CHECK_FALSE(rules::covers(tree, Tree::parse(R"({"a":{"x":1}})")));
  CHECK_FALSE(rules::covers(tree, Tree::parse("{}")));
  rules::subtract(tree, Tree::parse(R"({"a":{"b":5},"x":{"y":1}})"));
  CHECK(text(tree) == R"({"a":{"c":2},"d":[1]})");
  rules::subtract(tree, Tree::parse(R"({"a":{"c":2}})"));
  CHECK(text(tree) == R"({"d":[1]})");
}

TEST_CASE("changes go where the value stands") {
  Request request{.extra_body = {R"({"temperature":1})"}, .temperature = 1, .fields = {R"({"temperature":1,"a":2})"}};
  rules::drop(request, "temperature");
  CHECK_FALSE(request.temperature);
  CHECK(request.extra_body.empty());
  CHECK(request.fields.text == R"({"a":2})");
}
