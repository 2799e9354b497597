// Prices, and what tokens come to by them.
#include "kimistream/prices.hpp"

#include <doctest/doctest.h>

#include "kimistream/client.hpp"
#include "kimistream/scripted_transport.hpp"

namespace ks = kimistream;

namespace {

const ks::Price& k26() { return *ks::find_price(ks::prices(), "moonshot", "kimi-k2.6"); }

}  // namespace

TEST_CASE("each row of the table says whose it is, when and by whom it was said") {
  for (const ks::Price& row : ks::prices()) {
    CHECK(row.date.size() == 10);
    CHECK_FALSE(row.source.empty());
    CHECK_FALSE(row.currency.empty());
    CHECK(row.output > row.input);
  }
}

TEST_CASE("what is billed in another currency has no price in dollars") {
  CHECK(k26().currency == "USD");
  CHECK(ks::find_price(ks::prices(), "moonshot-cn", "kimi-k2.6") == nullptr);
  CHECK(ks::find_price(ks::prices(), "vllm", "kimi-k2.6") == nullptr);
  CHECK(ks::find_price(ks::prices(), "moonshot", "KIMI-K2.6") == &k26());
}

TEST_CASE("each kind of token has its own price") {
  const ks::Price price{.input = 10, .output = 100, .cached = 1, .cache_write = 20, .cache_write_1h = 40};
  const ks::Usage usage{.prompt_tokens = 1000,
                        .completion_tokens = 10,
                        .cached_tokens = 100,
                        .cache_write_tokens = 300,
                        .cache_write_1h_tokens = 200};
  CHECK(*ks::cost_of(usage, price) == doctest::Approx((600 * 10 + 100 * 1 + 100 * 20 + 200 * 40 + 10 * 100) / 1e6));
  CHECK(*ks::cost_of({.prompt_tokens = 10, .completion_tokens = 0, .cached_tokens = 99}, price) ==
        doctest::Approx(10 * 1 / 1e6));
}

TEST_CASE("batches have prices of their own, or none is known") {
  const ks::Usage usage{.prompt_tokens = 1'000'000, .completion_tokens = 1'000'000};
  CHECK(*ks::cost_of(usage, k26(), true) == doctest::Approx(0.57 + 2.40));
  CHECK_FALSE(ks::cost_of(usage, {.input = 1, .output = 2}, true));
}

TEST_CASE("what the provider has not counted has no cost") {
  CHECK_FALSE(ks::cost_of({.prompt_tokens = 10}, k26()));
  ks::Usage usage{.completion_tokens = 10};
  ks::fill_in_cost(usage, k26());
  CHECK_FALSE(usage.cost);
  CHECK(usage.cost_source.empty());
}

TEST_CASE("what the provider says it cost comes first, also nothing") {
  ks::Usage usage{.prompt_tokens = 10, .completion_tokens = 10, .cost = 0, .cost_source = "provider"};
  ks::fill_in_cost(usage, k26());
  CHECK(usage.cost == 0);
  CHECK(usage.cost_source == ks::Usage::told);
}

TEST_CASE("a cost that was worked out gives way to one that is told, whichever is larger") {
  const ks::Usage ours{.prompt_tokens = 1, .cost = 5, .cost_source = "prices of 2026-09-20"};
  const ks::Usage theirs{.prompt_tokens = 1, .cost = 2, .cost_source = "provider"};
  ks::Usage one = ours, other = theirs;
  one.merge(theirs);
  other.merge(ours);
  CHECK(one.cost == 2);
  CHECK(other.cost == 2);
  CHECK(one.cost_source == "provider");
  CHECK(other.cost_source == "provider");
  CHECK(ours == ks::Usage{.prompt_tokens = 1});
  CHECK_FALSE(theirs == ks::Usage{.prompt_tokens = 1});
}

TEST_CASE("an answer knows its cost, by the table or by the client's own prices") {
  const auto ask = [](std::vector<ks::Price> prices, std::string base_url) {
    auto script = std::make_shared<ks::Script>();
    ks::ScriptedResponse response;
    response.headers.set("Content-Type", "application/json");
    response.blocks = {
        R"({"choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],)"
        R"("usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"cached_tokens":400}})"};
    script->responses.push_back(std::move(response));
    ks::Client client{{.provider = "moonshot",
                       .base_url = std::move(base_url),
                       .api_key = "sk-prices",
                       .transport = ks::scripted_transport(std::move(script)),
                       .prices = std::move(prices)}};
    return *client.complete({.messages = {ks::user("hi")}}).usage;
  };
  const ks::Usage usual = ask({}, "");
  CHECK(*usual.cost == doctest::Approx((600 * 0.95 + 400 * 0.16 + 100 * 4.0) / 1e6));
  CHECK(usual.cost_source == "prices of " + k26().date);
  CHECK(usual.currency == "USD");
  const ks::Price own{.provider = "moonshot",
                      .model = "kimi-k2.6",
                      .input = 1000,
                      .output = 0,
                      .currency = "EUR",
                      .date = "2026-01-02"};
  const ks::Usage dear = ask({own}, "");
  CHECK(*dear.cost == doctest::Approx(1.0));
  CHECK(dear.cost_source == "prices of 2026-01-02");
  CHECK(dear.currency == "EUR");
  CHECK_FALSE(ask({}, "https://api.moonshot.cn/v1").cost);
}
