#include "kimistream/message.hpp"

#include <algorithm>
#include <utility>

namespace kimistream {

void Usage::merge(const Usage& later) noexcept {
  const auto larger = [](auto& mine, const auto& theirs) {
    if (theirs) mine = mine ? std::max(*mine, *theirs) : *theirs;
  };
  larger(prompt_tokens, later.prompt_tokens);
  larger(completion_tokens, later.completion_tokens);
  larger(total_tokens, later.total_tokens);
  larger(cached_tokens, later.cached_tokens);
  larger(reasoning_tokens, later.reasoning_tokens);
  larger(cost, later.cost);
}

void Usage::add(const Usage& another) noexcept {
  const auto sum = [](auto& mine, const auto& theirs) {
    if (theirs) mine = mine.value_or(0) + *theirs;
  };
  sum(prompt_tokens, another.prompt_tokens);
  sum(completion_tokens, another.completion_tokens);
  sum(total_tokens, another.total_tokens);
  sum(cached_tokens, another.cached_tokens);
  sum(reasoning_tokens, another.reasoning_tokens);
  sum(cost, another.cost);
}

bool Usage::empty() const noexcept { return *this == Usage{}; }

namespace {
Message say(std::string role, std::string content) {
  Message message;
  message.role = std::move(role);
  message.content = std::move(content);
  return message;
}
}  // namespace

Message system(std::string content) { return say("system", std::move(content)); }
Message user(std::string content) { return say("user", std::move(content)); }
Message assistant(std::string content) { return say("assistant", std::move(content)); }

Message user(std::vector<Part> parts) {
  Message message;
  message.parts = std::move(parts);
  return message;
}

Message tool_result(std::string tool_call_id, std::string content) {
  Message message = say("tool", std::move(content));
  message.tool_call_id = std::move(tool_call_id);
  return message;
}

}  // namespace kimistream
