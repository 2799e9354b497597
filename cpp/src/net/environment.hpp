// What the machine says about reaching the network: proxies and the certificates to trust.
#pragma once

#include <string>
#include <string_view>

namespace kimistream::net {

/// Proxies as Python's own tools read them: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, in either case, the
/// lower one first. (HTTP_PROXY is left alone inside a CGI script, where a request could set it.)
class Proxies {
 public:
  static Proxies from_environment();

  /// The proxy for a URL, "" for none.
  [[nodiscard]] std::string find(std::string_view url) const;

  std::string http, https, all, none;
};

/// The file of trusted certificates: SSL_CERT_FILE, CURL_CA_BUNDLE, else the system's. "" when none was found.
std::string find_ca_file();

/// Host and port of a URL, for messages.
std::string host_of(std::string_view url);

}  // namespace kimistream::net
