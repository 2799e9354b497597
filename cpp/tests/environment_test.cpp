// Proxies as Python's own tools read them, and the certificates to trust.
#include "net/environment.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace ks = kimistream;
using ks::net::Proxies;
using ks::net::Trust;

namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Sets variables for the length of a test; all proxy variables are unset first.
class Environment {
 public:
  explicit Environment(const Variables& variables) {
    for (const char* name :
         {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
          "REQUEST_METHOD", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}) {
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
  const Proxies proxies = Proxies::from_environment();
  const ks::net::Proxy* found = proxies.find(url);
  return found ? found->variable + " " + found->shown : "";
}

/// Whether the host is reached directly, though there is a proxy.
bool direct(const std::string& url, Variables variables) {
  variables.emplace_back("all_proxy", "http://p:1");
  return proxy(url, variables).empty();
}

}  // namespace

TEST_CASE("without variables there is no proxy") {
  CHECK(proxy("https://a/v1", {}).empty());
  CHECK(proxy("http://a/v1", {}).empty());
}

TEST_CASE("each scheme has its variable, and all_proxy serves both") {
  const Variables both = {{"http_proxy", "http://h:1"}, {"https_proxy", "http://s:2"}};
  CHECK(proxy("http://a/v1", both) == "http_proxy h:1");
  CHECK(proxy("https://a/v1", both) == "https_proxy s:2");
  CHECK(proxy("HTTPS://a/v1", both) == "https_proxy s:2");
  CHECK(proxy("https://a/v1", {{"http_proxy", "http://h:1"}}).empty());
  CHECK(proxy("https://a/v1", {{"all_proxy", "socks5://x:3"}}) == "all_proxy x:3");
  CHECK(proxy("https://a/v1", {{"all_proxy", "socks5://x:3"}, {"HTTPS_PROXY", "http://s:2"}}) == "HTTPS_PROXY s:2");
}

TEST_CASE("either case is read, and the lower one counts, also when it is empty") {
  CHECK(proxy("https://a", {{"HTTPS_PROXY", "http://upper"}}) == "HTTPS_PROXY upper:80");
  CHECK(proxy("https://a", {{"HTTPS_PROXY", "http://upper"}, {"https_proxy", "http://lower"}}) ==
        "https_proxy lower:80");
  CHECK(proxy("https://a", {{"HTTPS_PROXY", "http://upper"}, {"https_proxy", ""}}).empty());
  CHECK(direct("https://a", {{"NO_PROXY", "a"}}));
  CHECK_FALSE(direct("https://a", {{"NO_PROXY", "a"}, {"no_proxy", ""}}));
}

TEST_CASE("HTTP_PROXY is left alone inside a CGI script, where a request could set it") {
  CHECK(proxy("http://a", {{"HTTP_PROXY", "http://upper"}, {"REQUEST_METHOD", "GET"}}).empty());
  CHECK(proxy("https://a", {{"HTTPS_PROXY", "http://upper"}, {"REQUEST_METHOD", "GET"}}) == "HTTPS_PROXY upper:80");
  CHECK(proxy("http://a", {{"http_proxy", "http://lower"}, {"REQUEST_METHOD", "GET"}}) == "http_proxy lower:80");
}

TEST_CASE("what stands in no_proxy is reached directly") {
  CHECK(direct("https://api.example.com:8443/v1", {{"no_proxy", "a.org, example.com"}}));
  CHECK(direct("http://10.1.2.3/v1", {{"no_proxy", "10.0.0.0/8"}}));
  CHECK_FALSE(direct("https://example.com/v1", {{"no_proxy", "example.org"}}));
}

TEST_CASE("this machine is reached directly, whatever the variables say") {
  for (const char* url : {"http://127.0.0.1:8080/v1", "http://localhost/v1", "https://LOCALHOST:8443/v1",
                          "http://[::1]:8000/v1", "http://0.0.0.0:8000/v1", "http://[::]:8000/v1"})
    CHECK(direct(url, {{"http_proxy", "http://h:1"}, {"https_proxy", "http://s:2"}}));
  for (const char* url : {"http://127.0.0.999/v1", "http://localhost.example/v1", "http://10.0.0.1/v1"})
    CHECK_FALSE(direct(url, {}));
}

TEST_CASE("of the variables for trusted certificates the first that is set counts alone") {
  const auto trust = [](const Variables& variables) {
    const Environment environment(variables);
    const Trust found = Trust::from_environment();
    return found.variable + " " + found.path + (found.is_directory ? "/" : "");
  };
  Variables all = {{"SSL_CERT_FILE", "/a.pem"},
                   {"REQUESTS_CA_BUNDLE", "/b.pem"},
                   {"CURL_CA_BUNDLE", "/c.pem"},
                   {"SSL_CERT_DIR", "/d:/e"}};
  for (const char* expected :
       {"SSL_CERT_FILE /a.pem", "REQUESTS_CA_BUNDLE /b.pem", "CURL_CA_BUNDLE /c.pem", "SSL_CERT_DIR /d:/e/"}) {
    CHECK(trust(all) == expected);
    all.front().second.clear();  // empty is not set
    CHECK(trust(all) != expected);
    all.erase(all.begin());
  }
  CHECK(trust({{"REQUESTS_CA_BUNDLE", "/tmp"}}) == "REQUESTS_CA_BUNDLE /tmp/");  // requests takes a directory there
  CHECK(trust({}).starts_with(" "));
}

TEST_CASE("certificates are found where each system keeps them") {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("kimistream-roots-" + std::to_string(::getpid()));
  for (const char* place : {"etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt",
                            "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "etc/ssl/ca-bundle.pem",
                            "var/lib/ca-certificates/ca-bundle.pem", "etc/ssl/cert.pem"}) {
    CHECK(ks::net::system_certificates(root.string()).empty());
    const fs::path file = root / place;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "certificates";
    CHECK(ks::net::system_certificates(root.string()) == file.string());
    fs::remove_all(root);
  }
}
