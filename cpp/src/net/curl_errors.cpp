#include "net/curl_errors.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "net/environment.hpp"
#include "net/no_proxy.hpp"

namespace kimistream::net {
namespace {

struct Row {
  CURLcode code;
  ErrorKind kind;
  bool retryable;
  const char* advice;
};

constexpr Row rows[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ErrorKind::connection, true, "the name was not found; check base_url and the network"},
    {CURLE_COULDNT_CONNECT, ErrorKind::connection, true,
     "the connection was refused or is blocked; check base_url, the port and that the server runs"},
    {CURLE_OPERATION_TIMEDOUT, ErrorKind::timeout, true, "no connection in time; check the network or raise timeout"},
    {CURLE_SSL_CONNECT_ERROR, ErrorKind::connection, true,
     "the TLS handshake failed; does the server speak https on this port?"},
    // base_url is known to be http or https by now: this is how libcurl calls an answer without a status line.
    {CURLE_UNSUPPORTED_PROTOCOL, ErrorKind::connection, false, "the answer is not HTTP; check base_url and the port"},
    {CURLE_URL_MALFORMAT, ErrorKind::connection, false, "the address is not a URL; check base_url"},
    {CURLE_WEIRD_SERVER_REPLY, ErrorKind::connection, false, "the answer is not HTTP; check base_url"},
    {CURLE_GOT_NOTHING, ErrorKind::connection, true, "the server closed the connection without an answer; try again"},
    {CURLE_PARTIAL_FILE, ErrorKind::connection, true, "the connection ended before the response was complete"},
    {CURLE_RECV_ERROR, ErrorKind::connection, true, "the connection broke while receiving; try again"},
    {CURLE_SEND_ERROR, ErrorKind::connection, true, "the connection broke while sending; try again"},
    {CURLE_BAD_CONTENT_ENCODING, ErrorKind::connection, true,
     "the response is compressed in a way that cannot be read"},
};

/// What is wrong with a certificate that was refused, by libcurl's words for it (the code is one for all).
struct Doubt {
  std::string_view words;
  const char* advice;
};

constexpr Doubt doubts[] = {
    {"expired", "certificate has expired; whoever runs it must renew it, or this machine's clock is wrong"},
    {"expiration", "certificate has expired; whoever runs it must renew it, or this machine's clock is wrong"},
    {"not yet valid", "certificate is not valid yet; is this machine's clock right?"},
    {"not activated", "certificate is not valid yet; is this machine's clock right?"},
    {"subject name", "certificate is for another host; check the host's name in the address"},
    {"common name", "certificate is for another host; check the host's name in the address"},
};

constexpr const char* no_certificates =
    "no certificates to trust were found on this machine; install its package ca-certificates or Python's certifi, or "
    "set "
    "SSL_CERT_FILE";

std::string about_certificate(const CurlFailure& failure, std::string_view whose) {
  for (const Doubt& doubt : doubts)
    if (failure.detail.find(doubt.words) != std::string_view::npos) return std::string(whose) + " " + doubt.advice;
  if (!failure.has_trusted) return no_certificates;
  return std::string(whose) +
         " certificate is not trusted; for a private authority set SSL_CERT_FILE to its certificate" +
         (failure.trusted.empty() ? "" : ". Trusted is what " + std::string(failure.trusted) + " names");
}

std::string describe(std::string_view url, const Proxy* proxy, std::string_view why) {
  std::string text = "request to " + host_of(url) + " failed";
  if (proxy) text += " through the proxy " + proxy->shown + " (" + proxy->variable + ")";
  return text + ": " + std::string(why);
}

/// No descriptor was left for a socket: nobody else's fault.
std::optional<Error> by_open_files(const CurlFailure& failure) {
  if (failure.code != CURLE_COULDNT_CONNECT) return std::nullopt;
  std::string why;
  if (failure.socket_error == ENFILE)
    why = "too many open files: this machine has no more; close some, or ask for fewer at once (concurrency)";
  else if (failure.socket_error == EMFILE)
    why = "too many open files: no connection can be opened" +
          (failure.most_open_files == 0 ? "" : ", the limit is " + std::to_string(failure.most_open_files)) +
          "; raise it (ulimit -n) or ask for fewer at once (concurrency)";
  else
    return std::nullopt;
  Error error;
  error.kind = ErrorKind::connection;
  error.retryable = true;
  error.message = describe(failure.url, nullptr, why);
  return error;
}

/// The proxy's own failure, if it is one.
std::optional<Error> by_proxy(const CurlFailure& failure) {
  const auto error = [&](std::string_view why, bool retryable) {
    return error_from_proxy(failure.url, *failure.proxy, why, retryable);
  };
  if (failure.tunnel_status == 407) return error(proxy_wants_credentials, false);
  if (failure.tunnel_status >= 300)
    return error("the proxy did not open a way to the server (" + std::to_string(failure.tunnel_status) + ")",
                 failure.tunnel_status >= 500);
  const bool behind = failure.tunnel_status != 0;  // what follows is between the server and us
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_PROXY: return error("the proxy's name was not found", true);
    case CURLE_COULDNT_CONNECT: return error("the proxy refused the connection", true);
    case CURLE_PROXY:
      return failure.proxy_reached ? error("the proxy did not reach the server", true)
                                   : error("the proxy refused the request", false);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      if (behind) break;
      return error("the answer is not HTTP; is that port a proxy's?", false);
    case CURLE_SSL_CONNECT_ERROR:
      if (behind || !failure.proxy->secure) break;
      return error("the TLS handshake with the proxy failed; most proxies are named as http://", false);
    case CURLE_PEER_FAILED_VERIFICATION:
      if (behind || !failure.proxy->secure) break;
      return error(about_certificate(failure, "the proxy's"), false);
    default: break;
  }
  return std::nullopt;
}

Error at_server(const CurlFailure& failure) {
  Error error;
  error.kind = ErrorKind::connection;
  error.retryable = true;
  std::string advice = "try again";
  for (const Row& row : rows)
    if (row.code == failure.code) {
      error.kind = row.kind;
      error.retryable = row.retryable;
      advice = row.advice;
    }
  if (failure.code == CURLE_PEER_FAILED_VERIFICATION) {
    error.retryable = false;
    advice = about_certificate(failure, "its");
  } else if (failure.code == CURLE_SSL_CACERT_BADFILE) {
    error.retryable = false;
    advice = !failure.has_trusted ? no_certificates
                                  : "the trusted certificates cannot be read; check " +
                                        (failure.trusted.empty() ? "SSL_CERT_FILE" : std::string(failure.trusted));
  }
  if (error.kind == ErrorKind::timeout) {  // no other of libcurl's clocks is set
    error.clock = "connect";
    error.type = "connect_timeout";
  }
  error.message = describe(failure.url, failure.proxy, advice);
  return error;
}

}  // namespace

Error error_from_proxy(std::string_view url, const Proxy& proxy, std::string_view why, bool retryable) {
  Error error;
  error.kind = ErrorKind::connection;
  error.retryable = retryable;
  error.message =
      describe(url, &proxy, why) + "; check the variable, or put " + std::string(place_of(url).host) + " into no_proxy";
  return error;
}

Error error_from_curl(const CurlFailure& failure) {
  std::optional<Error> error = by_open_files(failure);
  if (!error && failure.proxy) error = by_proxy(failure);
  if (!error) error = at_server(failure);
  error->message +=
      " (" + std::string(failure.detail.empty() ? curl_easy_strerror(failure.code) : failure.detail) + ")";
  return *std::move(error);
}

}  // namespace kimistream::net
