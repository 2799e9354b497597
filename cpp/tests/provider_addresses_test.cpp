// Whose an address is, and which keys may go there.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>

#include "address.hpp"
#include "kimistream/provider.hpp"
#include "loopback.hpp"

namespace ks = kimistream;

namespace {

std::string row_at(std::string_view url) {
  const ks::Provider* row = ks::find_provider_by_address(url);
  return row ? row->name : "";
}

}  // namespace

TEST_CASE("a row is found by its address, in whatever spelling") {
  for (const auto& [url, name] :
       {std::pair("https://api.moonshot.cn/v1", "moonshot-cn"), std::pair("https://api.moonshot.cn/v1/", "moonshot-cn"),
        std::pair("HTTPS://API.MOONSHOT.CN/v1//", "moonshot-cn"),
        std::pair("https://api.moonshot.cn:443/v1", "moonshot-cn"), std::pair("https://api.moonshot.cn", "moonshot-cn"),
        std::pair("https://api.moonshot.ai/", "moonshot"),
        std::pair("https://api.moonshot.ai/anthropic/v1", "moonshot-anthropic"),
        std::pair("https://api.moonshot.cn/anthropic", "moonshot-anthropic"),
        std::pair("https://api.kimi.com/coding/v1/", "kimi-code"), std::pair("https://openrouter.ai/api", "openrouter"),
        std::pair("https://tokenhub-intl.tencentmaas.com", "tokenhub"),
        std::pair("https://api.cloudflare.com/client/v4/accounts/0af1/ai", "cloudflare"),
        std::pair("http://localhost:30000", "sglang")}) {
    const auto& row = url;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    CHECK(row_at(url) == name);
  }
  for (const char* url : {"https://api.moonshot.cn/v2", "https://evil.example/https://api.moonshot.cn/v1",
                          "https://api.moonshot.cn.evil.example/v1", "https://openrouter.ai", "http://h/v1", ""}) {
    CAPTURE(url);
    CHECK(row_at(url).empty());
  }
}

TEST_CASE("a row is at home at its hosts") {
  const ks::Provider& tokenhub = ks::provider_named("tokenhub");
  CHECK(ks::is_at_home(tokenhub, "https://tokenhub.tencentmaas.com/v1"));
  CHECK(ks::is_at_home(tokenhub, "https://TokenHub-intl.tencentmaas.com:8443/other"));
  CHECK_FALSE(ks::is_at_home(tokenhub, "https://tencentmaas.com/v1"));
  CHECK_FALSE(ks::is_at_home(tokenhub, "http://127.0.0.1/v1"));
  CHECK_FALSE(ks::is_at_home(tokenhub, ""));
}

TEST_CASE("a provider's key goes to its own hosts and to loopback, and nowhere else") {
  std::set<std::string> seen;  // the first row that names one counts
  for (const ks::Provider* row : ks::providers())
    for (const std::string& variable : row->key_variables) {
      CAPTURE(variable);
      if (!seen.insert(variable).second) continue;
      CHECK(ks::key_may_go(variable, row->base_url));
      CHECK(ks::key_may_go(variable, "http://127.0.0.1:8080/v1"));
      const bool of_ones_own = ks::is_loopback(ks::parts_of(row->base_url).host);
      CHECK(ks::key_may_go(variable, "https://elsewhere.example/v1") == of_ones_own);
    }
  for (const char* url : {"https://api.moonshot.ai/v1", "https://api.moonshot.cn/v1",
                          "https://api.moonshot.ai/anthropic", "https://api.moonshot.ai:8080/v1"})
    CHECK(ks::key_may_go("MOONSHOT_API_KEY", url));
  for (const char* url :
       {"https://openrouter.ai/api/v1", "https://api.kimi.com/coding", "https://api.moonshot.ai.evil.example/v1",
        "https://evil.example/api.moonshot.ai", "https://api.moonshot.ai:443@evil.example/v1", "https://moonshot.ai/v1",
        "http://api.moonshot.ai/v1", "HTTP://api.moonshot.ai:8080/v1"})
    CHECK_FALSE(ks::key_may_go("MOONSHOT_API_KEY", url));
  CHECK(ks::key_may_go("KIMI_API_KEY", "https://api.kimi.com/coding"));
  CHECK_FALSE(ks::key_may_go("KIMI_CODE_API_KEY", "https://api.moonshot.ai/v1"));
  CHECK(ks::key_may_go("A_VARIABLE_OF_NOBODY", "https://elsewhere.example/v1"));
}

TEST_CASE("a row that borrows a variable does not set its key free") {
  ks::register_provider(
      {.name = "borrows-at-loopback", .base_url = "http://localhost:1/v1", .key_variables = {"OPENROUTER_API_KEY"}});
  CHECK_FALSE(ks::key_may_go("OPENROUTER_API_KEY", "https://elsewhere.example/v1"));
  ks::register_provider({.name = "borrows-elsewhere",
                         .base_url = "https://gateway.example/v1",
                         .key_variables = {"OPENROUTER_API_KEY", "GATEWAY_KEY"}});
  CHECK(ks::key_may_go("OPENROUTER_API_KEY", "https://gateway.example/v1"));  // its owner says so
  CHECK(ks::key_may_go("GATEWAY_KEY", "https://gateway.example/v1"));
  CHECK_FALSE(ks::key_may_go("GATEWAY_KEY", "https://openrouter.ai/api/v1"));
  for (const char* name : {"borrows-elsewhere", "borrows-at-loopback"})  // the table is everybody's
    ks::register_provider({.name = name, .base_url = "http://localhost:1/v1", .needs_key = false});
}

TEST_CASE("a row that takes the place of one that came with the library does not set its key free") {
  const ks::Provider moonshot = ks::provider_named("moonshot"), vllm = ks::provider_named("vllm");
  ks::register_provider(ks::provider_from_json({R"({"name":"moonshot","inherits":"moonshot-cn",)"
                                                R"("base_url":"http://127.0.0.1:9/v1",)"
                                                R"("key_variables":["MOONSHOT_API_KEY","VLLM_API_KEY"]})"}));
  ks::register_provider(
      {.name = "vllm", .base_url = "https://gpu.example/v1", .needs_key = false, .key_variables = {"VLLM_API_KEY"}});
  CHECK(ks::key_may_go("MOONSHOT_API_KEY", "http://127.0.0.1:9/v1"));
  CHECK(ks::key_may_go("MOONSHOT_API_KEY", "https://api.moonshot.ai/v1"));
  CHECK(ks::key_may_go("KIMI_API_KEY", "https://api.moonshot.ai/v1"));
  for (const char* variable : {"MOONSHOT_API_KEY", "KIMI_API_KEY"})
    CHECK_FALSE(ks::key_may_go(variable, "https://elsewhere.example/v1"));
  CHECK(ks::key_may_go("VLLM_API_KEY", "https://elsewhere.example/v1"));  // it stays that of a server of one's own
  ks::register_provider(moonshot);
  ks::register_provider(vllm);
}
