// Addresses: parts, other spellings. Which ones are refused is in client_test.cpp.
#include "address.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "kimistream/error.hpp"

namespace ks = kimistream;

namespace {

ks::Provider row_at(std::string base_url, std::string chat_path = "/chat/completions") {
  return {.name = "row", .base_url = std::move(base_url), .chat_path = std::move(chat_path)};
}

std::string spelling(const ks::Provider& row, std::string_view url, bool nearly = true) {
  return ks::spelling_of(row, url, nearly).value_or("");
}

std::string refusal(const std::string& url, const ks::Provider& row) {
  try {
    return "used as " + ks::checked_address(url, row);
  } catch (const ks::Exception& exception) {
    return exception.error().message;
  }
}

}  // namespace

TEST_CASE("an address has a scheme, a host, a port and a path") {
  const ks::Address parts = ks::parts_of("HTTPS://Host:8443/a/v1//");
  CHECK(parts.scheme == "HTTPS");
  CHECK(parts.host == "Host");
  CHECK(parts.port == "8443");
  CHECK(parts.path == "/a/v1");
  CHECK(ks::parts_of("http://[::1]:80/v1").host == "::1");
  CHECK(ks::parts_of("http://[::1]").host == "::1");
  CHECK(ks::parts_of("http://host").path.empty());
  CHECK(ks::parts_of("https://api.moonshot.ai:443@evil.example/v1").host == "evil.example");
  CHECK(ks::parts_of("https://evil.example#@api.moonshot.ai/v1").host == "evil.example");
  for (const char* none : {"", "host/v1", "//host/v1", "http:/host"}) CHECK(ks::parts_of(none).host.empty());
}

TEST_CASE("a key can be read where it goes by http beyond this machine") {
  CHECK(ks::is_in_clear("http://gpu-7:8000/v1"));
  CHECK(ks::is_in_clear("HTTP://gpu-7/v1"));
  CHECK_FALSE(ks::is_in_clear("https://gpu-7/v1"));
  CHECK_FALSE(ks::is_in_clear("http://localhost:8000/v1"));
  CHECK_FALSE(ks::is_in_clear("http://[::1]:8000/v1"));
}

TEST_CASE("another spelling of a row's address becomes the row's own") {
  const ks::Provider row = row_at("https://api.example/v1");
  for (const char* url :
       {"https://api.example/v1", "https://api.example/v1//", "HTTPS://API.Example/v1", "https://api.example:443/v1"}) {
    CAPTURE(url);
    CHECK(spelling(row, url, false) == row.base_url);
  }
  for (const char* url : {"https://api.example", "https://api.example/", "https://api.example:443"}) {
    CAPTURE(url);
    CHECK(spelling(row, url) == row.base_url);
    CHECK(spelling(row, url, false).empty());
  }
  for (const char* url : {"http://api.example/v1", "https://api.example:80/v1", "https://api.example/v2",
                          "https://api.example/v1/v1", "https://api.example/v1?x", "https://user@api.example/v1",
                          "https://api.example.evil/v1", "api.example/v1", ""}) {
    CAPTURE(url);
    CHECK(spelling(row, url).empty());
  }
  CHECK(spelling(row_at("http://h:80/v1"), "http://h/v1") == "http://h:80/v1");
}

TEST_CASE("a /v1 that stands in the row's paths is forgiven in the address") {
  const ks::Provider row = row_at("https://api.example/anthropic", "/v1/messages");
  CHECK(spelling(row, "https://api.example/anthropic/v1/") == row.base_url);
  CHECK(spelling(row, "HTTPS://API.EXAMPLE/Anthropic/V1") == row.base_url);
  CHECK(spelling(row, "https://api.example/anthropic/v1", false).empty());
  CHECK(spelling(row, "https://api.example/v1").empty());
}

TEST_CASE("further addresses of a row count, and a place to fill in is filled") {
  ks::Provider row = row_at("https://api.example/accounts/{account_id}/ai/v1");
  row.other_addresses = {"https://other.example/v1"};
  CHECK(spelling(row, "https://API.example/accounts/0af1/ai/v1") == "https://api.example/accounts/0af1/ai/v1");
  CHECK(spelling(row, "https://api.example/accounts/0af1/ai") == "https://api.example/accounts/0af1/ai/v1");
  CHECK(spelling(row, row.base_url) == row.base_url);
  CHECK(spelling(row, "https://api.example/accounts/0af1/x/ai/v1").empty());
  CHECK(spelling(row, "https://other.example") == "https://other.example/v1");
}

TEST_CASE("an address of a whole request says what to leave away") {
  const ks::Provider chat = row_at("https://x/v1"), messages = row_at("https://x", "/v1/messages");
  CHECK(refusal("https://h/v1/chat/completions", chat) ==
        "base_url ends in /chat/completions, which is added to it: leave that away");
  CHECK(refusal("https://h/v1/chat/completions/", chat).find("leave that away") != std::string::npos);
  CHECK(refusal("https://h/v1/messages", messages) ==
        "base_url ends in /v1/messages, which is added to it: leave that away");
  CHECK(refusal("https://h/v1/completions", chat) ==
        "base_url ends in /completions, which is added to it: leave that away");
  CHECK(refusal("https://h/v1/messages", chat) ==
        "base_url ends in /v1/messages, which is added to it: leave that away, and name a provider that speaks it, "
        "such as \"moonshot-anthropic\"");
  CHECK(refusal("https://h/models", chat) == "used as https://h/models");
  CHECK(refusal("https://completions.example/", chat) == "used as https://completions.example");
}

TEST_CASE("a query is encoded, byte for byte") {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  CHECK(ks::query_of(Fields{}).empty());
  CHECK(ks::query_of(Fields{{"api-version", "2026-01-01"}}) == "?api-version=2026-01-01");
  CHECK(ks::query_of(Fields{{"a b", "x&y=z?#/\xe4\xbd\xa0"}, {"t", ""}}) == "?a%20b=x%26y%3Dz%3F%23%2F%E4%BD%A0&t=");
}

TEST_CASE("a path may name the model, which cannot leave its place") {
  CHECK(ks::path_for("/chat/completions", "m") == "/chat/completions");
  CHECK(ks::path_for("/{model}", "@cf/moonshotai/kimi-k2.6") == "/@cf/moonshotai/kimi-k2.6");
  CHECK(ks::path_for("/{model}/run", "a?b#c d") == "/a%3Fb%23c%20d/run");
}

TEST_CASE("a host with a place in it is that of one account") {
  const char* address = "https://{account_id}.services.ai.azure.com/openai/v1";
  CHECK(ks::is_host_of(address, "mine.services.ai.azure.com"));
  CHECK(ks::is_host_of(address, "Mine-2.Services.AI.azure.com"));
  for (const char* host : {"services.ai.azure.com", ".services.ai.azure.com", "a.b.services.ai.azure.com",
                           "services.ai.azure.com.evil.example", "evil.example", ""})
    CHECK_FALSE(ks::is_host_of(address, host));
  CHECK(ks::is_host_of("https://bedrock-mantle.{account_id}.api.aws/openai/v1", "bedrock-mantle.us-east-1.api.aws"));
  CHECK(ks::is_host_of("https://api.cloudflare.com/{account_id}/ai", "API.cloudflare.com"));
}

TEST_CASE("an address that two programs would read in two ways is refused, and is not shown") {
  for (const char* url : {"https://h\\@evil.example/v1", "https://me:secret@h/v1", "https://h/v1\\secret"}) {
    CAPTURE(url);
    const std::string said = refusal(url, row_at("https://x/v1"));
    CHECK(said.starts_with("base_url is not an address that can be used: it "));
    CHECK(said.find("secret") == std::string::npos);
  }
}
