#include "net/environment.hpp"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

#include "kimistream/headers.hpp"  // for equal_ignoring_case

namespace kimistream::net {
namespace {

/// The lower-case name counts, also where it is set to nothing, as Python's own tools read it.
std::string variable(std::string name) {
  if (const char* value = std::getenv(name.c_str())) return value;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (name == "HTTP_PROXY" && std::getenv("REQUEST_METHOD")) return {};
  const char* value = std::getenv(name.c_str());
  return value ? value : "";
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool matches(std::string_view host, std::string_view name) {
  while (!name.empty() && name.front() == '.') name.remove_prefix(1);
  if (name.empty()) return false;
  return equal_ignoring_case(host, name) ||
         (ends_with_ignoring_case(host, name) && host[host.size() - name.size() - 1] == '.');
}

}  // namespace

Proxies Proxies::from_environment() {
  Proxies proxies;
  proxies.http = variable("http_proxy");
  proxies.https = variable("https_proxy");
  proxies.all = variable("all_proxy");
  proxies.none = variable("no_proxy");
  return proxies;
}

std::string Proxies::find(std::string_view url) const {
  const bool secure = url.size() >= 6 && equal_ignoring_case(url.substr(0, 6), "https:");
  const std::string& proxy = secure ? (https.empty() ? all : https) : (http.empty() ? all : http);
  if (proxy.empty()) return {};
  const std::size_t begin = url.find("://") + 3;
  const std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  std::string_view host = authority;
  if (host.starts_with('['))
    host = host.substr(1, host.find(']') - 1);
  else
    host = host.substr(0, host.rfind(':'));
  std::string_view rest = none;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
    const std::string_view name = rest.substr(0, end);
    if (name == "*" || matches(host, name) || matches(authority, name)) return {};
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return proxy;
}

std::string find_ca_file() {
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"})
    if (const char* value = std::getenv(name); value && *value) return value;
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt",       // Debian, Ubuntu, Alpine, Arch
                           "/etc/pki/tls/certs/ca-bundle.crt",         // Fedora, RHEL
                           "/etc/ssl/ca-bundle.pem",                   // openSUSE
                           "/etc/ssl/cert.pem",                        // macOS, OpenBSD
                           "/usr/local/share/certs/ca-root-nss.crt"})  // FreeBSD
    if (::access(path, R_OK) == 0) return path;
  return {};
}

std::string host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  return std::string(url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3));
}

}  // namespace kimistream::net
