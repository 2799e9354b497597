// The table of providers says what it has to say.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "json/tree.hpp"
#include "kimistream/provider.hpp"

namespace ks = kimistream;

TEST_CASE("every row has a name of its own, an address, and patches that are JSON objects") {
  std::set<std::string> names;
  for (const ks::Provider* each : ks::providers()) {
    const ks::Provider& row = *each;
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.base_url.starts_with("http"));
    CHECK_FALSE(row.base_url.ends_with("/"));
    CHECK(row.chat_path.starts_with("/"));
    CHECK_FALSE(row.default_model.empty());
    CHECK_FALSE(row.max_tokens_key.empty());
    CHECK_FALSE(row.reasoning_write_keys.empty());
    for (const ks::Json* patch : {&row.thinking_on, &row.thinking_off, &row.thinking_keep, &row.sampling_thinking,
                                  &row.sampling_instant, &row.stream_usage})
      if (!patch->empty()) CHECK(ks::json::Tree::parse(patch->text).is(ks::json::Tree::Kind::object));
    CHECK(ks::find_provider(row.name) == &row);
  }
  CHECK(names.contains("moonshot"));
}

TEST_CASE("names are exact") {
  CHECK(ks::find_provider("Moonshot") == nullptr);
  CHECK(ks::find_provider("") == nullptr);
  CHECK(ks::find_provider("nobody") == nullptr);
}

TEST_CASE("a row is found by its address, a slash at the end and the case of letters aside") {
  for (const char* url :
       {"https://api.moonshot.cn/v1", "https://api.moonshot.cn/v1/", "HTTPS://API.MOONSHOT.CN/v1//"}) {
    REQUIRE(ks::find_provider_by_address(url));
    CHECK(ks::find_provider_by_address(url)->name == "moonshot-cn");
  }
  for (const char* url :
       {"https://api.moonshot.cn", "https://api.moonshot.cn/v2", "https://evil.example/https://api.moonshot.cn/v1",
        "https://api.moonshot.cn.evil.example/v1", ""})
    CHECK(ks::find_provider_by_address(url) == nullptr);
}
