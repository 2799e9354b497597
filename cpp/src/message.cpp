#include "kimistream/message.hpp"

#include <algorithm>
#include <tuple>
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
  larger(cache_write_tokens, later.cache_write_tokens);
  larger(cache_write_1h_tokens, later.cache_write_1h_tokens);
  if (!later.cost || (later.worked_out() && cost && !worked_out())) return;
  if (worked_out() && !later.worked_out()) cost.reset();
  larger(cost, later.cost);
  cost_source = later.cost_source;
  currency = later.currency;
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
  sum(cache_write_tokens, another.cache_write_tokens);
  sum(cache_write_1h_tokens, another.cache_write_1h_tokens);
  if (cost_source.empty() || another.worked_out()) cost_source = another.cost_source;
  if (currency.empty()) currency = another.currency;
}

bool operator==(const Usage& one, const Usage& other) noexcept {
  const auto counters = [](const Usage& usage) {
    return std::tie(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.cached_tokens,
                    usage.reasoning_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens);
  };
  const auto said = [](const Usage& usage) { return usage.worked_out() ? std::nullopt : usage.cost; };
  return counters(one) == counters(other) && said(one) == said(other);
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
