// Rows of hosts and clouds. What they send is looked at in tests/test_hosts.py.
#include <doctest/doctest.h>

#include "kimistream/model.hpp"
#include "provider_rows.hpp"

namespace ks = kimistream;

TEST_CASE("a host differs from any server in address, key and names, and keeps the rest") {
  const ks::Provider& base = *ks::find_provider("openai-compatible");
  const auto rows = ks::rows_of_hosts(base, *ks::find_provider("cloudflare"));
  CHECK(rows.size() > 10);
  for (const ks::Provider& row : rows) {
    CAPTURE(row.name);
    CHECK_FALSE(row.key_variables.empty());
    CHECK_FALSE(row.key_advice.empty());
    CHECK(row.end_marker_completes == base.end_marker_completes);
    CHECK_FALSE(row.fixes_sampling);
    for (const auto& name : row.models) CHECK(ks::find_model(name.neutral));
  }
}

TEST_CASE("the native route has the model in its path, and the rest of its provider") {
  const ks::Provider& native = *ks::find_provider("cloudflare-native");
  CHECK(native.chat_path == "/{model}");
  CHECK(native.models == ks::find_provider("cloudflare")->models);
}
