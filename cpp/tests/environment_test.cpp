// Proxies as Python's own tools read them, and the file of trusted certificates.
#include "net/environment.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using kimistream::net::Proxies;

namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Sets variables for the length of a test; all proxy variables are unset first.
class Environment {
 public:
  explicit Environment(const Variables& variables) {
    for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                             "no_proxy", "NO_PROXY", "REQUEST_METHOD", "SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(name);
    }
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_) {
      if (value)
        ::setenv(name.c_str(), value->c_str(), 1);
      else
        ::unsetenv(name.c_str());
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

std::string proxy(const std::string& url, const Variables& variables) {
  const Environment environment(variables);
  return Proxies::from_environment().find(url);
}

/// Whether the host is reached directly, with these in no_proxy.
bool direct(const std::string& url, const std::string& none) {
  return proxy(url, {{"all_proxy", "http://p:1"}, {"no_proxy", none}}).empty();
}

}  // namespace

TEST_CASE("without variables there is no proxy") {
  CHECK(proxy("https://a/v1", {}).empty());
  CHECK(proxy("http://a/v1", {}).empty());
}

TEST_CASE("each scheme has its variable, and all_proxy serves both") {
  const Variables both = {{"http_proxy", "http://h:1"}, {"https_proxy", "http://s:2"}};
  CHECK(proxy("http://a/v1", both) == "http://h:1");
  CHECK(proxy("https://a/v1", both) == "http://s:2");
  CHECK(proxy("HTTPS://a/v1", both) == "http://s:2");
  CHECK(proxy("https://a/v1", {{"http_proxy", "http://h:1"}}).empty());
  CHECK(proxy("https://a/v1", {{"all_proxy", "socks5://x:3"}}) == "socks5://x:3");
  CHECK(proxy("https://a/v1", {{"all_proxy", "socks5://x:3"}, {"HTTPS_PROXY", "http://s:2"}}) == "http://s:2");
}

TEST_CASE("either case is read, and the lower one counts, also when it is empty") {
  CHECK(proxy("https://a", {{"HTTPS_PROXY", "http://upper"}}) == "http://upper");
  CHECK(proxy("https://a", {{"HTTPS_PROXY", "http://upper"}, {"https_proxy", "http://lower"}}) == "http://lower");
  CHECK(proxy("https://a", {{"HTTPS_PROXY", "http://upper"}, {"https_proxy", ""}}).empty());
}

TEST_CASE("HTTP_PROXY is left alone inside a CGI script, where a request could set it") {
  CHECK(proxy("http://a", {{"HTTP_PROXY", "http://upper"}, {"REQUEST_METHOD", "GET"}}).empty());
  CHECK(proxy("http://a", {{"http_proxy", "http://lower"}, {"REQUEST_METHOD", "GET"}}) == "http://lower");
}

TEST_CASE("no_proxy names hosts and the domains below them") {
  for (const char* none :
       {"example.com", ".example.com", "EXAMPLE.com", "a.org, example.com", "a.org,example.com,b.org", "*"}) {
    CAPTURE(std::string(none));
    CHECK(direct("https://example.com/v1", none));
    CHECK(direct("https://example.com:8443/v1", none));
    CHECK(direct("https://api.Example.com", none));
  }
  for (const char* none : {"", "example.org", "myexample.com.evil", "ample.com", "example", ",", "."}) {
    CAPTURE(std::string(none));
    CHECK_FALSE(direct("https://example.com/v1", none));
  }
  CHECK_FALSE(direct("https://notexample.com/", "example.com"));
}

TEST_CASE("no_proxy may name a port and an address") {
  CHECK(direct("http://localhost:8000/v1", "localhost:8000"));
  CHECK_FALSE(direct("http://localhost:8001/v1", "localhost:8000"));
  CHECK(direct("http://127.0.0.1:8000/v1", "127.0.0.1"));
  CHECK(direct("http://[::1]:8000/v1", "::1"));
  CHECK_FALSE(direct("http://127.0.0.1:8000/v1", "127.0.0.2"));
}

TEST_CASE("the file of certificates may be named") {
  {
    const Environment environment(Variables{{"SSL_CERT_FILE", "/tmp/a.pem"}, {"CURL_CA_BUNDLE", "/tmp/b.pem"}});
    CHECK(kimistream::net::find_ca_file() == "/tmp/a.pem");
  }
  const Environment environment(Variables{{"CURL_CA_BUNDLE", "/tmp/b.pem"}});
  CHECK(kimistream::net::find_ca_file() == "/tmp/b.pem");
}
