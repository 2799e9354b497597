#include "kimistream/balance.hpp"

#include <string>
#include <utility>

#include "kimistream/error.hpp"
#include "resources.hpp"

namespace kimistream {
namespace {

/// An amount is a number, or a string that holds one.
std::string amount(const json::Tree& data, std::string_view key) {
  const json::Tree* value = data.find(key);
  if (!value || value->is(json::Tree::Kind::boolean)) return {};
  if (value->as_number()) return value->text();
  try {
    const json::Tree inner = json::Tree::parse(value->text());
    return inner.as_number() ? value->text() : std::string();
  } catch (const json::Malformed&) {
    return {};
  }
}

}  // namespace

Balance balance(Client& client) {
  const Provider& provider = client.provider();
  if (provider.balance_path.empty())
    throw Exception(invalid_request("the provider \"" + provider.name +
                                    "\" has no resource that tells a balance: look at its console"));
  const Json answer = client.get(provider.balance_path);
  // The envelope is unlike any other's: {"code": 0, "data": {...}, "status": true}.
  const json::Tree body = parsed(answer);
  const std::string code = body.text_of("code");
  const json::Tree* data = body.find("data");
  if (!data || !data->is(json::Tree::Kind::object) || (!code.empty() && code != "0"))
    throw_unreadable("no balance was told: " + body.text_of("message"), answer);
  const Provider* at = find_provider_by_address(client.base_url());  // of the host that is asked
  Balance told{.available_balance = amount(*data, "available_balance"),
               .voucher_balance = amount(*data, "voucher_balance"),
               .cash_balance = amount(*data, "cash_balance"),
               .currency = at ? at->currency : provider.currency};
  if (told.available_balance.empty()) throw_unreadable("the answer to a balance has no available_balance", answer);
  return told;
}

}  // namespace kimistream
