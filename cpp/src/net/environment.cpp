#include "net/environment.hpp"

#include <algorithm>
#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

#include "kimistream/headers.hpp"  // for equal_ignoring_case
#include "loopback.hpp"
#include "net/no_proxy.hpp"

namespace kimistream::net {
namespace {

struct Variable {
  std::string name, value;
};

/// The lower-case name counts, also where it is set to nothing, as Python's own tools read it.
Variable variable(std::string name) {
  if (const char* value = std::getenv(name.c_str())) return {std::move(name), value};
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (name == "HTTP_PROXY" && std::getenv("REQUEST_METHOD")) return {};
  const char* value = std::getenv(name.c_str());
  return {std::move(name), value ? value : ""};
}

Proxy proxy_in(std::string name) {
  auto [found, value] = variable(std::move(name));
  return {std::move(found), value};
}

bool names_directory(const char* path) {
  struct ::stat status {};
  return ::stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Proxies Proxies::from_environment() {
  return {.http = proxy_in("http_proxy"),
          .https = proxy_in("https_proxy"),
          .all = proxy_in("all_proxy"),
          .none = variable("no_proxy").value};
}

const Proxy* Proxies::find(std::string_view url) const {
  const bool secure = url.size() >= 6 && equal_ignoring_case(url.substr(0, 6), "https:");
  const Proxy& own = secure ? https : http;
  const Proxy& proxy = own.empty() ? all : own;
  const Place place = place_of(url);
  // What is for this machine would leave it: a proxy knows another one by that name.
  return proxy.empty() || is_loopback(place.host) || goes_without_proxy(place, none) ? nullptr : &proxy;
}

Trust Trust::from_environment() {
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"})
    if (const char* value = std::getenv(name); value && *value)
      return {name, value, std::string_view(name) == "SSL_CERT_DIR" || names_directory(value)};
  return {"", system_certificates(), false};
}

std::string system_certificates(const std::string& root) {
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Alpine
                           "/etc/pki/tls/certs/ca-bundle.crt",                   // Red Hat
                           "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // its newer ones, Fedora from 43 on
                           "/etc/ssl/ca-bundle.pem",                             // SUSE
                           "/var/lib/ca-certificates/ca-bundle.pem",             // its smallest images
                           "/etc/ssl/cert.pem",                                  // Alpine as it comes, macOS, OpenBSD
                           "/usr/local/share/certs/ca-root-nss.crt"})            // FreeBSD
    if (std::string file = root + path; ::access(file.c_str(), R_OK) == 0) return file;
  return {};
}

std::string host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  return std::string(url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3));
}

}  // namespace kimistream::net
