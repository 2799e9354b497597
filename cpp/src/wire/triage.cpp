#include "wire/triage.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace kimistream::wire {
namespace {

/// One kind of failure and how it is recognised: an error type or code, or words of the message.
struct Kind {
  std::string_view reason;
  std::span<const int> statuses;  // in which it is looked for; none: whatever the status
  std::span<const std::string_view> types;
  std::span<const std::string_view> words;
  bool final;  // trying again helps nothing
  std::string_view advice;
};

constexpr int refused[] = {400, 403, 413, 422}, limited[] = {429}, unpaid[] = {402}, busy[] = {429, 500, 503, 529},
              forbidden[] = {401, 403, 429};

// Words and types: Moonshot's error page and its own client (MoonshotAI/kimi-code, kimi-errors.ts), OpenRouter's
// errors-and-debugging, the Anthropic SDK's error types, vLLM's and SGLang's texts.
constexpr std::string_view suspended_words[] = {"suspended", "account is disabled", "account has been disabled"};
constexpr std::string_view quota_types[] = {"exceeded_current_quota_error", "insufficient_quota",
                                            "insufficient_user_quota", "billing_error"};
constexpr std::string_view quota_words[] = {"exceeded your current quota",
                                            "exceeded your current token quota",
                                            "check your account balance",
                                            "insufficient balance",
                                            "recharge your account",
                                            "please recharge",
                                            "in arrears",
                                            "insufficient credits",
                                            "out of credits"};
constexpr std::string_view overload_types[] = {"engine_overloaded_error", "overloaded_error", "provider_overloaded",
                                               "server_unavailable"};
constexpr std::string_view overload_words[] = {"overload", "capacity"};
constexpr std::string_view concurrency_words[] = {"max concurrency", "concurrency", "max organization concurrency"};
constexpr std::string_view rpm_words[] = {"rpm", "requests per minute", "max request per minute"};
constexpr std::string_view tpd_words[] = {"tpd", "tokens per day"};
constexpr std::string_view tpm_words[] = {"tpm", "tokens per minute"};
constexpr std::string_view filter_types[] = {"content_filter"};
constexpr std::string_view filter_words[] = {"content filter", "high risk", "considered high risk", "moderation"};
constexpr std::string_view context_types[] = {"context_length_exceeded"};
constexpr std::string_view context_words[] = {"input token length too long", "exceeded model token limit",
                                              "maximum context length", "context length exceeded",
                                              "longer than the model's context length"};
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
    {"context_overflow", refused, context_types, context_words, true,
     "Shorten the messages, or lower max_tokens: both together must fit the model's context."},
    {"overload", busy, overload_types, overload_words, false, "The provider is busy: wait a little."},
    {"tpd", limited, none, tpd_words, false, "The day's tokens are used up."},
    {"tpm", limited, none, tpm_words, false,
     "Too many tokens a minute; max_tokens counts in full from the start: lower it, or send less at once."},
    {"rpm", limited, none, rpm_words, false, "Too many requests a minute: send fewer at once."},
    {"concurrency", limited, none, concurrency_words, false, "Too many requests at once: lower the concurrency."},
    {"rate_limit", limited, none, none, false, ""},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Whether the words stand in the text as words: "rpm" is not in "burpments".
bool says(std::string_view text, std::string_view words) {
  const auto same = [](char a, char b) { return lower(a) == b; };
  for (auto at = text.begin();;) {
    at = std::search(at, text.end(), words.begin(), words.end(), same);
    if (at == text.end()) return false;
    const auto behind = at + static_cast<std::ptrdiff_t>(words.size());
    const bool begins = at == text.begin() || !is_word(lower(*(at - 1)));
    const bool ends = words.size() > 4 || behind == text.end() || !is_word(lower(*behind));  // "overloaded", not "tpms"
    if (begins && ends) return true;
    ++at;
  }
}

bool fits(const Kind& kind, const Error& error) {
  const auto contains = [](auto&& range, const auto& value) {
    return std::find(std::begin(range), std::end(range), value) != std::end(range);
  };
  if (!kind.statuses.empty() && (!error.status_code || !contains(kind.statuses, *error.status_code))) return false;
  if (kind.types.empty() && kind.words.empty()) return true;
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
  if (kind->final) error.retryable = false;
  add_sentence(error.message, kind->advice);
}

void add_sentence(std::string& message, std::string_view sentence) {
  if (sentence.empty()) return;
  constexpr std::string_view ends = ".!?:";
  if (!message.empty() && ends.find(message.back()) == std::string_view::npos) message += '.';
  message.append(message.empty() ? "" : " ").append(sentence);
}

}  // namespace kimistream::wire
