#include "wire/triage.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "characters.hpp"
#include "wire/words.hpp"

namespace kimistream::wire {
namespace {

/// One kind of failure and how it is recognised: an error type or code, or words of the message.
struct Kind {
  std::string_view reason;
  std::span<const int> statuses;  // in which it is looked for, or where there is none; empty: whatever the status
  std::span<const std::string_view> types;
  std::span<const std::string_view> words;
  bool final;  // trying again helps nothing
  std::string_view advice;
};

constexpr int refused[] = {400, 403, 413, 422}, limited[] = {429}, unpaid[] = {402}, busy[] = {429, 500, 503, 529},
              forbidden[] = {401, 403, 429}, too_long[] = {400, 413, 422, 500};

// Words and types: Moonshot's error page and its own client (MoonshotAI/kimi-code, kimi-errors.ts), OpenRouter's
// errors-and-debugging, the Anthropic SDK's error types, vLLM's and SGLang's texts, DeepSeek's and Anthropic's of an
// empty account; one-api's and new-api's, in English and Chinese (songquanpeng/one-api, middleware/distributor.go and
// relay/controller; their words are the same in many gateways that are made of them).
constexpr std::string_view suspended_words[] = {"suspended", "account is disabled", "account has been disabled"};
constexpr std::string_view quota_types[] = {"exceeded_current_quota_error", "insufficient_quota",
                                            "insufficient_user_quota", "billing_error"};
constexpr std::string_view quota_words[] = {"exceeded your current quota",
                                            "exceeded your current token quota",
                                            "check your account balance",
                                            "insufficient balance",
                                            "insufficient account balance",
                                            "insufficient funds",
                                            "insufficient quota",
                                            "balance is insufficient",
                                            "balance is too low",
                                            "not enough credits",
                                            "recharge your account",
                                            "please recharge",
                                            "in arrears",
                                            "insufficient credits",
                                            "out of credits",
                                            "\u4F59\u989D\u4E0D\u8DB3",  // balance not enough
                                            "\u989D\u5EA6\u4E0D\u8DB3",  // quota not enough
                                            "\u989D\u5EA6\u5DF2\u7528",  // quota used up
                                            "\u6B20\u8D39",              // in arrears
                                            "\u8BF7\u5145\u503C"};       // please recharge
constexpr std::string_view overload_types[] = {"engine_overloaded_error", "overloaded_error", "provider_overloaded",
                                               "server_unavailable", "no_available_workers"};
constexpr std::string_view overload_words[] = {"overload",
                                               "capacity",
                                               "saturated",
                                               "too busy",
                                               "server is busy",
                                               "all deployments in cooldown",
                                               "all_deployments_in_cooldown",
                                               "no healthy upstream",
                                               "no available worker",
                                               "\u9971\u548C",              // saturated
                                               "\u8FC7\u8F7D",              // overloaded
                                               "\u8D1F\u8F7D\u8FC7\u9AD8",  // load too high
                                               "\u7E41\u5FD9"};             // busy
constexpr std::string_view channel_types[] = {"no_available_channel"};
constexpr std::string_view channel_words[] = {"no available channel",
                                              "no channel for",
                                              "\u65E0\u53EF\u7528\u6E20\u9053",        // no usable channel
                                              "\u65E0\u53EF\u7528\u7684\u6E20\u9053",  // the same
                                              "\u6CA1\u6709\u53EF\u7528\u7684\u6E20\u9053",
                                              "\u6CA1\u6709\u53EF\u7528\u6E20\u9053"};
constexpr std::string_view concurrency_words[] = {"max concurrency", "concurrency", "max organization concurrency"};
constexpr std::string_view rpm_words[] = {"rpm", "requests per minute", "max request per minute"};
constexpr std::string_view tpd_words[] = {"tpd", "tokens per day"};
constexpr std::string_view tpm_words[] = {"tpm", "tokens per minute"};
constexpr std::string_view filter_types[] = {"content_filter"};
constexpr std::string_view filter_words[] = {"content filter", "high risk", "considered high risk", "moderation"};
constexpr std::string_view context_types[] = {"context_length_exceeded", "exceed_context_size_error",
                                              "context_window_exceeded", "ContextWindowExceededError"};
constexpr std::string_view context_words[] = {"input token length too long",
                                              "exceeded model token limit",
                                              "maximum context length",
                                              "context length exceeded",
                                              "longer than the model's context length",
                                              "range of input length should be",     // DashScope
                                              "exceeds the available context size",  // llama.cpp
                                              "exceed context size",
                                              "prompt is too long",  // Anthropic
                                              "prompt too long",
                                              "input is too long",  // Bedrock
                                              "input too long",
                                              "exceeds the maximum number of tokens",  // Google
                                              "longer than the maximum model length",  // vLLM
                                              "exceeds the context",
                                              "exceeds the model's context",
                                              "exceeds the model's maximum context",
                                              "maximum prompt length",
                                              "maximum input length",
                                              "context window",
                                              "ContextWindowExceeded",  // LiteLLM
                                              "context size has been exceeded",
                                              "reduce the length of the messages",
                                              "\u4E0A\u4E0B\u6587\u957F\u5EA6",  // context length
                                              "\u8F93\u5165\u8FC7\u957F",        // input too long
                                              "\u8F93\u5165\u957F\u5EA6"};       // input length
constexpr std::span<const std::string_view> none{};

/// The first that fits counts.
constexpr Kind kinds[] = {
    {"suspended", forbidden, none, suspended_words, true, "Look at the account in the provider's console."},
    {"quota", unpaid, none, none, true, "The account's balance is used up: recharge it in the provider's console."},
    {"quota",
     {},
     quota_types,
     quota_words,
     true,
     "The account's balance is used up: recharge it in the provider's console."},
    {"content_filter", refused, filter_types, filter_words, true, "The provider will not answer this input."},
    {"no_channel",
     {},
     channel_types,
     channel_words,
     true,
     "The gateway has nobody to send this model to: check the model's name, and the gateway's channels."},
    {"context_overflow", too_long, context_types, context_words, true,
     "Shorten the messages, or lower max_tokens: both together must fit the model's context."},
    {"overload", busy, overload_types, overload_words, false, "The provider is busy: wait a little."},
    {"tpd", limited, none, tpd_words, false, "The day's tokens are used up."},
    {"tpm", limited, none, tpm_words, false,
     "Too many tokens a minute; max_tokens counts in full from the start: lower it, or send less at once."},
    {"rpm", limited, none, rpm_words, false, "Too many requests a minute: send fewer at once."},
    {"concurrency", limited, none, concurrency_words, false, "Too many requests at once: lower the concurrency."},
    {"rate_limit", limited, none, none, false, ""},
};

/// The first number that follows this word, as 10000 or 10,000; "10k" and "1.5" are none.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view word) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (std::size_t at = 0; (at = find_words(text, word, at)) != std::string_view::npos; ++at) {
    std::string_view rest = text.substr(at + word.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" :="), rest.size()));
    std::string digits;
    std::size_t i = 0;
    for (; i < rest.size(); ++i) {
      const bool parts = rest[i] == ',' && i > 0 && i + 1 < rest.size() && is_digit(rest[i + 1]);
      if (is_digit(rest[i]))
        digits += rest[i];
      else if (!parts)
        break;
    }
    const std::string_view behind = rest.substr(i);
    if (digits.empty() || digits.size() > 18) continue;
    if (!behind.empty() && is_letter(behind.front())) continue;
    if (behind.size() > 1 && behind.front() == '.' && is_digit(behind[1])) continue;
    return std::stoull(digits);
  }
  return std::nullopt;
}

/// "Limit 10000, Requested 30000": no wait makes room for it.
bool asks_for_more_than_all(std::string_view message) {
  const auto limit = number_behind(message, "limit"), requested = number_behind(message, "requested");
  return limit && requested && *requested > *limit;
}

bool fits(const Kind& kind, const Error& error) {
  const auto contains = [](auto&& range, const auto& value) {
    return std::find(std::begin(range), std::end(range), value) != std::end(range);
  };
  if (!kind.statuses.empty() && error.status_code && !contains(kind.statuses, *error.status_code)) return false;
  if (kind.types.empty() && kind.words.empty()) return error.status_code.has_value();
  if (contains(kind.types, std::string_view(error.type)) || contains(kind.types, std::string_view(error.code)))
    return true;
  return std::any_of(kind.words.begin(), kind.words.end(), [&](auto words) { return says(error.message, words); });
}

}  // namespace

void triage(const Provider& provider, Error& error) {
  if (std::find(provider.quota_codes.begin(), provider.quota_codes.end(), error.code) != provider.quota_codes.end()) {
    error.reason = "quota";
    error.retryable = false;
    return add_sentence(error.message, "The allocation is used up; trying again helps only once it is renewed.");
  }
  const auto kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& k) { return fits(k, error); });
  if (kind == std::end(kinds)) {
    if (error.status_code == 401) error.reason = "key";
    return;
  }
  error.reason = kind->reason;
  if (kind->statuses.data() == limited && asks_for_more_than_all(error.message)) {
    error.reason = "too_large";
    error.retryable = false;
    if (error.message.ends_with('.')) error.message.pop_back();
    error.message += "; no wait helps: make the request smaller, or ask for a higher limit";
    return;
  }
  if (kind->final)
    error.retryable = false;
  else if (!error.status_code)
    error.retryable = true;
  add_sentence(error.message, kind->advice);
}

void add_sentence(std::string& message, std::string_view sentence) {
  if (sentence.empty()) return;
  constexpr std::string_view ends = ".!?:";
  if (!message.empty() && ends.find(message.back()) == std::string_view::npos) message += '.';
  message.append(message.empty() ? "" : " ").append(sentence);
}

}  // namespace kimistream::wire
