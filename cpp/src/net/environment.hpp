// What the machine says about reaching the network: proxies and the certificates to trust.
#pragma once

#include <string>
#include <string_view>

#include "net/proxy.hpp"

namespace kimistream::net {

/// Proxies as Python's own tools read them: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, in either case, the
/// lower one first. (HTTP_PROXY is left alone inside a CGI script, where a request could set it.)
struct Proxies {
  static Proxies from_environment();

  /// The proxy for a URL, null for none: this machine is always reached directly.
  [[nodiscard]] const Proxy* find(std::string_view url) const;

  Proxy http, https, all;
  std::string none;
};

/// The certificates to trust: of SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and SSL_CERT_DIR the first that is
/// set, alone; else the system's file. Never a file and a directory together: then OpenSSL would parse the file anew
/// for every connection, 21 ms and 890 kB each.
struct Trust {
  static Trust from_environment();

  std::string variable;       ///< "" where none is set
  std::string path;           ///< "" where nothing was found: libcurl's own default, which may be nothing
  bool is_directory = false;  ///< of certificates, named by their hashes
};

/// The file of certificates at the first of the places where systems keep it, "" where there is none.
/// @param root in place of "/"
std::string system_certificates(const std::string& root = {});

/// Host and port of a URL, for messages.
std::string host_of(std::string_view url);

}  // namespace kimistream::net
