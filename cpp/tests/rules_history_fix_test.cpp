// Which results answer which calls. What fixes make of whole conversations: rules_history_test.cpp.
#include <doctest/doctest.h>

#include "rules/history.hpp"

using namespace kimistream;

namespace {

Message turn(std::vector<ToolCall> made) { return {.role = "assistant", .tool_calls = std::move(made)}; }

}  // namespace

TEST_CASE("a result answers the latest turn that waits for its id, and of equal ids the first") {
  const std::vector<Message> messages = {turn({{.id = "a"}, {.id = "a"}}),
                                         tool_result("a", "1"),
                                         tool_result("a", "2"),
                                         turn({{.id = "a"}}),
                                         user("u"),
                                         tool_result("a", "3")};
  const rules::Pairing pairing = rules::pair_results(messages);
  REQUIRE(pairing.calls.size() == 3);
  CHECK(pairing.calls[0].result == 1);
  CHECK(pairing.calls[1].result == 2);
  CHECK_FALSE(pairing.calls[1].apart);
  CHECK(pairing.calls[2].result == 5);
  CHECK(pairing.calls[2].apart);
}

TEST_CASE("a fix leaves what is right as it is") {
  Request request{.messages = {user("u"), turn({{.id = "a", .name = "f"}, {.id = "b", .name = "f"}}),
                               tool_result("b", "1"), tool_result("a", "2"), assistant("x")}};
  const std::vector<Message> before = request.messages;
  rules::mend_results(request);
  rules::remove_nameless_calls(request);
  rules::remove_reasoning_turns(request);
  rules::make_developers_system(request);
  CHECK(request.messages == before);
}

TEST_CASE("a long history of equal ids is paired in one go") {
  std::vector<Message> messages;
  for (int i = 0; i < 20'000; ++i) {
    messages.push_back(turn({{.id = "functions.f:0"}}));
    messages.push_back(tool_result("functions.f:0", "r"));
  }
  const rules::Pairing pairing = rules::pair_results(messages);
  CHECK(pairing.calls.size() == 20'000);
  CHECK(pairing.calls.back().result == messages.size() - 1);
  CHECK(pairing.repeated.empty());
}
