// What libcurl says when it fails, in the library's own words: who is at fault, and what to do next.
#pragma once

#include <cstdint>
#include <string_view>

#include <curl/curl.h>

#include "kimistream/error.hpp"
#include "net/proxy.hpp"

namespace kimistream::net {

/// A request that failed, as libcurl tells of it.
struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string_view detail{};          ///< libcurl's own text, may be empty
  std::string_view url{};             ///< asked for
  const Proxy* proxy = nullptr;       ///< on the way; null: none
  long tunnel_status = 0;             ///< what the proxy answered to CONNECT; 0: nothing, or it was not asked
  bool proxy_reached = true;          ///< false: CURLE_PROXY came before the proxy had tried to reach the server
  std::string_view trusted{};         ///< the variable that names the trusted certificates, "" where none does
  bool has_trusted = true;            ///< false: no certificates were found on this machine
  int socket_error = 0;               ///< errno, where no socket could be opened
  std::uint64_t most_open_files = 0;  ///< that this process may have; 0: not known
};

Error error_from_curl(const CurlFailure& failure);

/// The proxy alone is at fault. @param why e.g. "the proxy refused the connection"
Error error_from_proxy(std::string_view url, const Proxy& proxy, std::string_view why, bool retryable);

/// What 407 means, whether a tunnel was asked for or not.
inline constexpr std::string_view proxy_wants_credentials =
    "the proxy asks for a user name and a password, http://user:password@host:port (407)";

}  // namespace kimistream::net
