// The table of prices. A price more is a row more here, with its date and its source; what is not known has no row.
#include "kimistream/prices.hpp"

#include <algorithm>
#include <vector>

#include "kimistream/headers.hpp"

namespace kimistream {
namespace {

constexpr auto moonshots_page = "platform.kimi.ai/docs/pricing/chat, and /batch for batches";
constexpr auto genai_prices = "genai-prices 0.2.3, which has it from platform.kimi.ai";
constexpr auto cloudflares_page = "developers.cloudflare.com/workers-ai/models/kimi-k2.6";

Price moonshot(std::string model, double input, double cached, double output) {
  return {.provider = "moonshot",
          .model = std::move(model),
          .input = input,
          .output = output,
          .cached = cached,
          .currency = "USD",
          .date = "2026-09-20",
          .source = moonshots_page};
}

Price with_batches(Price row, double input, double cached, double output) {
  row.batch_input = input;
  row.batch_cached = cached;
  row.batch_output = output;
  return row;
}

/// Of a model whose cache is paid for as it is written.
Price with_writes(Price row, double usual, double hour) {
  row.cache_write = usual;
  row.cache_write_1h = hour;
  row.date = "2026-11-27";
  row.source = genai_prices;
  return row;
}

// There is no row for moonshot-cn: it bills in CNY, and its list is not known here. A price in USD would be a wrong
// one.
std::vector<Price> listed() {
  std::vector<Price> rows{
      with_batches(moonshot("kimi-k2.6", 0.95, 0.16, 4.00), 0.57, 0.10, 2.40),
      moonshot("kimi-k2.7-code", 0.95, 0.19, 4.00),
      with_writes(moonshot("kimi-k3", 3.00, 0.30, 15.00), 3.00, 6.00),
      with_writes(moonshot("kimi-k3.1-pro", 2.00, 0.20, 10.00), 2.00, 4.00),
      with_writes(moonshot("kimi-k3.1-pro-highspeed", 4.00, 0.20, 20.00), 4.00, 8.00),
  };
  const std::size_t own = rows.size();
  for (std::size_t i = 0; i < own; ++i) {  // the same account by the other protocol, which has no batches
    Price row = rows[i];
    row.provider = "moonshot-anthropic";
    row.batch_input = row.batch_cached = row.batch_output = std::nullopt;
    rows.push_back(std::move(row));
  }
  for (const char* provider : {"cloudflare", "cloudflare-native"})
    rows.push_back({.provider = provider,
                    .model = "@cf/moonshotai/kimi-k2.6",
                    .input = 0.95,
                    .output = 4.00,
                    .cached = 0.16,
                    .currency = "USD",
                    .date = "2026-04-20",
                    .source = cloudflares_page});
  return rows;
}

double tokens(const std::optional<std::int64_t>& count) { return static_cast<double>(count.value_or(0)); }

}  // namespace

std::span<const Price> prices() {
  static const std::vector<Price> rows = listed();
  return rows;
}

const Price* find_price(std::span<const Price> rows, std::string_view provider, std::string_view model) noexcept {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Price& row) {
    return row.provider == provider && equal_ignoring_case(row.model, model);
  });
  return found == rows.end() ? nullptr : &*found;
}

std::optional<double> cost_of(const Usage& usage, const Price& price, bool batch) noexcept {
  if (!usage.prompt_tokens || !usage.completion_tokens || (batch && !price.batch_input)) return std::nullopt;
  const double input = batch ? *price.batch_input : price.input;
  const double output = batch ? price.batch_output.value_or(price.output) : price.output;
  const double cached = (batch ? price.batch_cached : price.cached).value_or(input);
  const double write = (batch ? std::optional<double>() : price.cache_write).value_or(input);
  const double write_1h = (batch ? std::optional<double>() : price.cache_write_1h).value_or(write);
  const double all = tokens(usage.prompt_tokens);
  const double read = std::min(tokens(usage.cached_tokens), all);
  const double written = std::min(tokens(usage.cache_write_tokens), all - read);
  const double kept = std::min(tokens(usage.cache_write_1h_tokens), written);
  return ((all - read - written) * input + read * cached + (written - kept) * write + kept * write_1h +
          tokens(usage.completion_tokens) * output) /
         1e6;
}

void fill_in_cost(Usage& usage, const Price& price, bool batch) {
  if (usage.cost && usage.cost_source == Usage::told) return;
  usage.cost = cost_of(usage, price, batch);
  usage.cost_source = usage.cost ? "prices of " + price.date : std::string();
  usage.currency = usage.cost ? price.currency : std::string();
}

}  // namespace kimistream
