// Rows and addresses: whose one is, and which keys may go there.
#include <algorithm>

#include "address.hpp"
#include "kimistream/provider.hpp"
#include "loopback.hpp"

namespace kimistream {
namespace {

/// Those that come with the library first, also where another has taken their place since.
std::vector<const Provider*> rows_naming(std::string_view variable) {
  auto rows = built_in_providers();
  const auto registered = providers();
  rows.insert(rows.end(), registered.begin(), registered.end());
  std::erase_if(rows, [&](const Provider* row) {
    return std::find(row->key_variables.begin(), row->key_variables.end(), variable) == row->key_variables.end();
  });
  return rows;
}

}  // namespace

const Provider* find_provider_by_address(std::string_view base_url) {
  const auto rows = providers();
  for (const bool nearly : {false, true})
    for (const Provider* row : rows)
      if (spelling_of(*row, base_url, nearly)) return row;
  return nullptr;
}

bool is_at_home(const Provider& provider, std::string_view base_url) {
  const std::string_view host = parts_of(base_url).host;
  const auto is_there = [&](std::string_view known) { return is_host_of(known, host); };
  return !host.empty() && (is_there(provider.base_url) ||
                           std::any_of(provider.other_addresses.begin(), provider.other_addresses.end(), is_there));
}

bool key_may_go_anywhere(std::string_view variable) {
  const auto rows = rows_naming(variable);
  return rows.empty() || is_loopback(parts_of(rows.front()->base_url).host);
}

bool key_may_go(std::string_view variable, std::string_view base_url) {
  if (is_loopback(parts_of(base_url).host) || key_may_go_anywhere(variable)) return true;
  const auto rows = rows_naming(variable);
  const bool in_clear = is_in_clear(base_url);
  return std::any_of(rows.begin(), rows.end(), [&](const Provider* row) {
    return is_at_home(*row, base_url) && (!in_clear || is_in_clear(row->base_url));
  });
}

}  // namespace kimistream
