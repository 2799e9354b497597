/// @file balance.hpp
/// @brief What is left on an account.
#pragma once

#include <string>

#include "kimistream/client.hpp"

namespace kimistream {

/// Amounts are decimal texts as they were sent, e.g. "49.58894", for no double holds each of them; "" where the
/// provider does not say.
struct Balance {
  std::string available_balance{};  ///< what can be spent, vouchers and cash; requests are refused at 0 and below
  std::string voucher_balance{};    ///< never negative
  std::string cash_balance{};       ///< negative for a debt
  std::string currency{};           ///< of the platform, e.g. "USD"; "" where it is not known

  friend bool operator==(const Balance&, const Balance&) = default;
};

/// Asks for it. @throws Exception where that fails; invalid_request where the provider has no such resource
[[nodiscard]] Balance balance(Client& client);

}  // namespace kimistream
