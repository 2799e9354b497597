// Usage under the names that gateways use for it.
#include "wire/usage_values.hpp"

#include <doctest/doctest.h>

#include <string>

#include "wire/frame.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;

namespace {

ks::Usage usage_of(const std::string& usage) {
  wire::Frame frame;
  wire::read_frame(ks::json::Reader::local(), R"({"choices":[],"usage":)" + usage + "}", {}, frame);
  return frame.usage ? *frame.usage : ks::Usage{};
}

}  // namespace

TEST_CASE("cached tokens under DeepSeek's name, Anthropic's and in the details") {
  CHECK(usage_of(R"({"prompt_tokens":3000,"prompt_cache_hit_tokens":2816,"prompt_cache_miss_tokens":184})")
            .cached_tokens == 2816);
  CHECK(usage_of(R"({"prompt_tokens":3000,"cache_read_input_tokens":2816})").cached_tokens == 2816);
  CHECK(usage_of(R"({"prompt_tokens":3000,"input_tokens_details":{"cached_tokens":2816}})").cached_tokens == 2816);
}

TEST_CASE("of two names for one counter the larger counts, in either order") {
  CHECK(usage_of(R"({"cached_tokens":2816,"prompt_tokens_details":{"cached_tokens":0}})").cached_tokens == 2816);
  CHECK(usage_of(R"({"prompt_tokens_details":{"cached_tokens":2816},"cached_tokens":0})").cached_tokens == 2816);
  const ks::Usage both = usage_of(R"({"prompt_tokens":31,"input_tokens":0,"output_tokens":0,"completion_tokens":12})");
  CHECK(both.prompt_tokens == 31);
  CHECK(both.completion_tokens == 12);
}

TEST_CASE("what was written to a cache, with one lifetime or two") {
  CHECK(usage_of(R"({"prompt_tokens":9,"prompt_tokens_details":{"cache_write_tokens":5}})").cache_write_tokens == 5);
  CHECK(usage_of(R"({"prompt_tokens":9,"prompt_tokens_details":{"cached_creation_tokens":5}})").cache_write_tokens ==
        5);
  CHECK(usage_of(R"({"prompt_tokens":9,"cache_creation_input_tokens":5})").cache_write_tokens == 5);
  CHECK(usage_of(R"({"prompt_tokens":9,"cache_creation_input_tokens":5,)"
                 R"("cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3}})")
            .cache_write_tokens == 5);
  CHECK_FALSE(usage_of(R"({"prompt_tokens":9})").cache_write_tokens);
}

TEST_CASE("the messages protocol counts the cache apart from the input, the responses' within it") {
  CHECK(
      usage_of(R"({"input_tokens":100,"output_tokens":7,"cache_read_input_tokens":50,"cache_creation_input_tokens":5})")
          .prompt_tokens == 155);
  const ks::Usage within =
      usage_of(R"({"input_tokens":100,"output_tokens":7,"total_tokens":107,"cache_read_input_tokens":50,)"
               R"("output_tokens_details":{"reasoning_tokens":3}})");
  CHECK(within.prompt_tokens == 100);
  CHECK(within.completion_tokens == 7);
  CHECK(within.cached_tokens == 50);
  CHECK(within.reasoning_tokens == 3);
}

TEST_CASE("Bedrock's own counters: in usage, and in the metrics behind a stream") {
  const ks::Usage converse = usage_of(
      R"({"inputTokens":31,"outputTokens":12,"totalTokens":43,"cacheReadInputTokens":4,"cacheWriteInputTokens":2})");
  CHECK(converse.prompt_tokens == 31);
  CHECK(converse.total_tokens == 43);
  CHECK(converse.cached_tokens == 4);
  CHECK(converse.cache_write_tokens == 2);
  wire::Frame frame;
  wire::read_frame(
      ks::json::Reader::local(),
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
      R"("amazon-bedrock-invocationMetrics":{"inputTokenCount":31,"outputTokenCount":12,"firstByteLatency":2}})",
      {}, frame);
  REQUIRE(frame.usage);
  CHECK(frame.usage->prompt_tokens == 31);
  CHECK(frame.usage->completion_tokens == 12);
}
