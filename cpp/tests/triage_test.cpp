// What an error means: which limit was met, and whether trying again helps.
#include "wire/triage.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kimistream/provider.hpp"

namespace ks = kimistream;

namespace {

ks::Error triaged(int status, std::string message, std::string type = {}, std::string code = {},
                  const char* provider = "moonshot") {
  ks::Error error{.kind = ks::ErrorKind::status, .message = std::move(message), .status_code = status};
  error.type = std::move(type);
  error.code = std::move(code);
  error.retryable = status == 429 || status >= 500;
  ks::wire::triage(*ks::find_provider(provider), error);
  return error;
}

}  // namespace

TEST_CASE("the limits of a 429 are told apart") {
  const auto limit = [](const char* name) {
    return triaged(429, std::string("Your account u<ak-1> request reached ") + name + " limit, current: 4, limit: 3",
                   "rate_limit_reached_error");
  };
  CHECK(limit("max organization concurrency").reason == "concurrency");
  CHECK(limit("organization max RPM").reason == "rpm");
  CHECK(limit("TPM").reason == "tpm");
  CHECK(limit("TPD").reason == "tpd");
  CHECK(triaged(429, "Too many").reason == "rate_limit");
  CHECK(triaged(429, "The engine is currently overloaded", "engine_overloaded_error").reason == "overload");
  for (const char* name : {"max organization concurrency", "RPM", "TPM", "TPD"}) CHECK(limit(name).retryable);
}

TEST_CASE("a request that is larger than the limit itself is not worth a wait") {
  const auto large = triaged(429, "Request too large for kimi on tokens per min (TPM): Limit 10000, Requested 30000.",
                             "rate_limit_reached_error");
  CHECK(large.reason == "too_large");
  CHECK_FALSE(large.retryable);
  CHECK(large.message ==
        "Request too large for kimi on tokens per min (TPM): Limit 10000, Requested 30000; no wait helps: make the "
        "request smaller, or ask for a higher limit");
  for (const char* text : {"TPD limit: 10,000, requested: 10,001", "LIMIT=5 REQUESTED=6 tokens",
                           "Rate limit reached, limit 10 / min, requested: 11"}) {
    CAPTURE(text);
    CHECK(triaged(429, text).reason == "too_large");
  }
  for (const char* text :
       {"TPM: Limit 10000, Used 9500, Requested 1000", "Limit 10000, Requested 10000", "Limit 10k, Requested 9000",
        "Limit 1.5, Requested 3", "limit: 3", "Requested 30000", "reached TPM limit, current: 4, limit: 3",
        "request: 4, limit: 3", "Limit 10, Requested 99999999999999999999"}) {
    CAPTURE(text);
    CHECK(triaged(429, text).retryable);
  }
  CHECK(triaged(400, "Limit 10, Requested 20").reason.empty());
}

TEST_CASE("an empty or suspended account is not worth another try") {
  for (const auto& error : {triaged(429, "You exceeded your current quota", "exceeded_current_quota_error"),
                            triaged(429, "Your account is in arrears"), triaged(402, "Insufficient credits"),
                            triaged(429, "free allocation", "", "3036", "cloudflare")}) {
    CHECK(error.reason == "quota");
    CHECK_FALSE(error.retryable);
  }
  const auto suspended = triaged(429, "Your account u is suspended, please check your plan and billing details");
  CHECK(suspended.reason == "suspended");
  CHECK_FALSE(suspended.retryable);
  CHECK(triaged(429, "capacity", "", "3040", "cloudflare").retryable);
}

TEST_CASE("refusals are named and carry advice") {
  CHECK(triaged(400, "The request was rejected because it was considered high risk", "content_filter").reason ==
        "content_filter");
  for (const char* text : {"Invalid request: Your request exceeded model token limit : 262144",
                           "This model's maximum context length is 262144 tokens"}) {
    const auto error = triaged(400, text, "invalid_request_error");
    CHECK(error.reason == "context_overflow");
    CHECK(error.message.find("max_tokens") != std::string::npos);
  }
  const auto key = triaged(401, "Invalid Authentication", "invalid_authentication_error");
  CHECK(key.reason == "key");
}

TEST_CASE("a sentence stands behind one full stop") {
  const auto with = [](std::string message, std::string_view sentence) {
    ks::wire::add_sentence(message, sentence);
    return message;
  };
  CHECK(with("No", "Do this.") == "No. Do this.");
  CHECK(with("No.", "Do this.") == "No. Do this.");
  CHECK(with("Why?", "Do this.") == "Why? Do this.");
  CHECK(with("No", "") == "No");
  CHECK(with("", "Do this.") == "Do this.");
}

TEST_CASE("an empty account is told in many words") {
  for (const char* text : {"Insufficient Balance", "Your credit balance is too low to access the API",
                           "用户额度不足, 剩余额度: ＄0.00", "余额不足，请充值"}) {
    CAPTURE(text);
    CHECK(triaged(403, text).reason == "quota");
    CHECK_FALSE(triaged(429, text).retryable);
  }
}

TEST_CASE("a prompt that is too long is told in many words") {
  for (const char* text :
       {"Range of input length should be [1, 983616]", "prompt is too long: 300000 tokens > 262144 maximum",
        "the request exceeds the available context size (4096 tokens), try increasing it",
        "Input is too long for requested model.", "litellm.ContextWindowExceededError: m",
        "The input token count (300000) exceeds the maximum number of tokens allowed (262144).",
        "The decoder prompt (length 9) is longer than the maximum model length of 8"}) {
    CAPTURE(text);
    CHECK(triaged(400, text).reason == "context_overflow");
    CHECK_FALSE(triaged(500, text).retryable);
  }
  CHECK(triaged(400, "m", "exceed_context_size_error").reason == "context_overflow");
  CHECK(triaged(429, "Range of input length should be [1, 9]").reason == "rate_limit");
}

TEST_CASE("a gateway without a channel for the model is final, a saturated one is busy") {
  for (const char* text :
       {"当前分组 default 下对于模型 nope 无可用渠道", "No available channel for model nope under group default"}) {
    const auto error = triaged(503, text, "one_api_error");
    CHECK(error.reason == "no_channel");
    CHECK_FALSE(error.retryable);
  }
  for (const char* text : {"当前分组上游负载已饱和，请稍后再试", "The upstream load of the group is saturated"}) {
    CHECK(triaged(429, text).reason == "overload");
    CHECK(triaged(503, text).retryable);
  }
  CHECK(triaged(429, "当前分组上游负载已饱和，请稍后再试", "exceeded_current_quota_error").reason == "quota");
  CHECK(triaged(503, "m", "", "no_available_workers").reason == "overload");
}

TEST_CASE("an error without a status is told by its words, too") {
  ks::Error error{.kind = ks::ErrorKind::response, .message = "upstream overloaded"};
  ks::wire::triage(*ks::find_provider("moonshot"), error);
  CHECK(error.reason == "overload");
  CHECK(error.retryable);
  error = {.kind = ks::ErrorKind::response, .message = "the worker died"};
  ks::wire::triage(*ks::find_provider("moonshot"), error);
  CHECK(error.reason.empty());
}

TEST_CASE("words are found as words, and an unknown error stays as it is") {
  CHECK(triaged(429, "burpments per fortnight").reason == "rate_limit");
  const auto plain = triaged(400, "temperature must be 1", "invalid_request_error");
  CHECK(plain.reason.empty());
  CHECK(plain.message == "temperature must be 1");
  CHECK(triaged(500, "boom").reason.empty());
}
