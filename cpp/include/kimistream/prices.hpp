/// @file prices.hpp
/// @brief What models cost: a small table with dates and sources, and what an answer comes to by it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kimistream/message.hpp"

namespace kimistream {

/// What one provider takes for one model, for a million tokens each, in `currency`. A plain value.
/// An empty optional: there is no such price, and the tokens are billed as other input is.
struct Price {
  std::string provider{};  ///< name of its row
  std::string model{};     ///< as the provider spells it
  double input = 0;
  double output = 0;                       ///< reasoning included
  std::optional<double> cached{};          ///< input that was read from a cache
  std::optional<double> cache_write{};     ///< input that was written to one, for the usual time (five minutes)
  std::optional<double> cache_write_1h{};  ///< the same, kept for an hour
  /// Of the batch API. Without `batch_input` the provider has no price for batches, and what one costs is not known.
  std::optional<double> batch_input{};
  std::optional<double> batch_cached{};
  std::optional<double> batch_output{};
  std::string currency{};  ///< e.g. "USD"
  std::string date{};      ///< when the source said so, e.g. "2026-09-20"
  std::string source{};

  friend bool operator==(const Price&, const Price&) = default;
};

/// The table that comes with the library, a constant of the program; any thread.
[[nodiscard]] std::span<const Price> prices();

/// The row among `rows` for a provider's model, or null. Letter case does not matter. Any thread.
[[nodiscard]] const Price* find_price(std::span<const Price> rows, std::string_view provider,
                                      std::string_view model) noexcept;

/// What the tokens come to, in the price's currency; nothing where the provider has not counted both sides, or where
/// `batch` is asked for and has no price.
[[nodiscard]] std::optional<double> cost_of(const Usage& usage, const Price& price, bool batch = false) noexcept;

/// Fills in `cost` and `cost_source` by a price, unless the provider has told the cost itself.
void fill_in_cost(Usage& usage, const Price& price, bool batch = false);

}  // namespace kimistream
