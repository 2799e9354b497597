#include "wire/usage_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

namespace kimistream::wire {
namespace {

using json::Key;
using json::Type;
using json::Value;
using Count = std::optional<std::int64_t>;

/// Two names for one counter, one of them often 0: the larger counts.
void larger(Count& mine, Count theirs) {
  if (theirs) mine = mine ? std::max(*mine, *theirs) : *theirs;
}

}  // namespace

/// What one usage object says. `input` is counted without the tokens of the cache where `read_apart` or `written_apart`
/// came, as the messages protocol counts.
struct UsageValues::Counters {
  Usage usage;
  Count input, read_apart, written_apart, hit, miss;
};

void UsageValues::usage(Value& value) {
  if (value.raw_json_token().front() == 'n') return;  // null, in every frame but one
  Counters found;
  fields(value, [&](Key key, Value& field) {
    if (count(key, field, found)) return;
    if (key.is("prompt_tokens_details") || key.is("input_tokens_details"))
      input_details(field, found);
    else if (key.is("completion_tokens_details") || key.is("output_tokens_details"))
      output_details(field, found);
    else if (key.is("cache_creation"))  // the messages protocol: by how long it is kept
      fields(field, [&](Key name, Value& amount) {
        const bool for_an_hour = name.is("ephemeral_1h_input_tokens");
        if (!for_an_hour && !name.is("ephemeral_5m_input_tokens")) return;
        const auto number = integer(amount);
        if (!number) return;
        found.usage.cache_write_tokens = found.usage.cache_write_tokens.value_or(0) + *number;
        if (for_an_hour) larger(found.usage.cache_write_1h_tokens, number);
      });
    else if (key.is("cost"))
      cost(field, found.usage);
  });
  Usage& usage = found.usage;
  larger(usage.cached_tokens, found.hit);
  larger(usage.cached_tokens, found.read_apart);
  larger(usage.cache_write_tokens, found.written_apart);
  if (usage.prompt_tokens.value_or(0) == 0) {
    const std::int64_t apart = found.read_apart.value_or(0) + found.written_apart.value_or(0);
    const bool within =
        found.input && usage.total_tokens && *usage.total_tokens == *found.input + usage.completion_tokens.value_or(0);
    if (found.input) larger(usage.prompt_tokens, *found.input + (within ? 0 : apart));
    if (found.hit && found.miss) larger(usage.prompt_tokens, *found.hit + *found.miss);
  }
  if (!usage.empty()) merge(usage);
}

/// The counters that stand in the object itself.
bool UsageValues::count(Key key, Value& value, Counters& into) {
  const auto as = [&](Count& counter) {
    larger(counter, integer(value));
    return true;
  };
  Usage& usage = into.usage;
  if (key.is("prompt_tokens") || key.is("promptTokens")) return as(usage.prompt_tokens);
  if (key.is("completion_tokens") || key.is("completionTokens")) return as(usage.completion_tokens);
  if (key.is("total_tokens") || key.is("totalTokens")) return as(usage.total_tokens);
  if (key.is("cached_tokens")) return as(usage.cached_tokens);
  if (key.is("reasoning_tokens")) return as(usage.reasoning_tokens);
  if (key.is("cache_write_tokens")) return as(usage.cache_write_tokens);
  // DeepSeek's names, at several hosts of Kimi (earendil-works/pi#8119)
  if (key.is("prompt_cache_hit_tokens")) return as(into.hit);
  if (key.is("prompt_cache_miss_tokens")) return as(into.miss);
  // The messages protocol's, and Bedrock's: usage of Converse, and the metrics behind its streams
  if (key.is("input_tokens") || key.is("inputTokens") || key.is("inputTokenCount")) return as(into.input);
  if (key.is("output_tokens") || key.is("outputTokens") || key.is("outputTokenCount"))
    return as(usage.completion_tokens);
  if (key.is("cache_read_input_tokens") || key.is("cacheReadInputTokens") || key.is("cacheReadInputTokenCount"))
    return as(into.read_apart);
  if (key.is("cache_creation_input_tokens") || key.is("cacheWriteInputTokens") || key.is("cacheWriteInputTokenCount"))
    return as(into.written_apart);
  return false;
}

void UsageValues::input_details(Value& value, Counters& into) {
  fields(value, [&](Key key, Value& detail) {
    if (key.is("cached_tokens") || key.is("cache_read_tokens") || key.is("cache_read_input_tokens"))
      larger(into.usage.cached_tokens, integer(detail));
    else if (key.is("cache_write_tokens") || key.is("cache_creation_tokens") || key.is("cached_creation_tokens") ||
             key.is("cache_creation_input_tokens"))  // OpenRouter's, LiteLLM's, new-api's
      larger(into.usage.cache_write_tokens, integer(detail));
  });
}

void UsageValues::output_details(Value& value, Counters& into) {
  fields(value, [&](Key key, Value& detail) {
    if (key.is("reasoning_tokens") || key.is("thinking_tokens")) larger(into.usage.reasoning_tokens, integer(detail));
  });
}

void UsageValues::meta(Value& value) {
  Usage found;
  fields(value, [&](Key key, Value& field) {
    if (key.is("usage"))
      fields(field, [&](Key name, Value& amount) {
        if (name.is("usd_spent")) cost(amount, found);
      });
  });
  if (!found.empty()) merge(found);
}

void UsageValues::cost(Value& value, Usage& into) {
  double amount = 0;
  if (value.get_double().get(amount) || !std::isfinite(amount) || amount < 0) return;
  into.cost = amount;
  into.cost_source = Usage::told;
}

void UsageValues::merge(const Usage& found) {
  if (!frame_.usage) frame_.usage = std::make_unique<Usage>();
  frame_.usage->merge(found);
}

std::optional<std::int64_t> UsageValues::any_integer(Value& value) {
  std::int64_t number = 0;
  double real = 0;
  std::string_view digits;
  Type type{};
  if (value.type().get(type)) return std::nullopt;
  switch (type) {
    case Type::number:
      if (value.get_int64().get(number)) {
        if (value.get_double().get(real) || real < 0 || real > 9e15) return std::nullopt;
        number = static_cast<std::int64_t>(real);
      }
      break;
    case Type::string: {
      if (!reader_.string(value, digits)) return std::nullopt;
      const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (result.ec != std::errc() || result.ptr != digits.data() + digits.size()) return std::nullopt;
      break;
    }
    default: return std::nullopt;
  }
  if (number < 0) return std::nullopt;
  return number;
}

}  // namespace kimistream::wire
