// Where the rows of the table of providers come from.
#pragma once

#include <vector>

#include "kimistream/provider.hpp"

namespace kimistream {

/// Where people get Kimi beside its maker and the engines: `base`, the row of any server, with what their documents
/// say is different; and `workers_ai` by its own route.
[[nodiscard]] std::vector<Provider> rows_of_hosts(const Provider& base, const Provider& workers_ai);

}  // namespace kimistream
