#include "net/curl_errors.hpp"

#include <string>

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
    {CURLE_COULDNT_RESOLVE_PROXY, ErrorKind::connection, true, "the proxy's name was not found; check https_proxy"},
    {CURLE_COULDNT_CONNECT, ErrorKind::connection, true,
     "the connection was refused or is blocked; check base_url, the port and that the server runs"},
    {CURLE_OPERATION_TIMEDOUT, ErrorKind::timeout, true, "no connection in time; check the network or raise timeout"},
    {CURLE_PEER_FAILED_VERIFICATION, ErrorKind::connection, false,
     "its certificate is not trusted; for a private authority set SSL_CERT_FILE to its certificate"},
    {CURLE_SSL_CACERT_BADFILE, ErrorKind::connection, false,
     "the file of trusted certificates cannot be read; check SSL_CERT_FILE"},
    {CURLE_SSL_CONNECT_ERROR, ErrorKind::connection, true,
     "the TLS handshake failed; does the server speak https on this port?"},
    // base_url is known to be http or https by now: this is how libcurl calls an answer without a status line.
    {CURLE_UNSUPPORTED_PROTOCOL, ErrorKind::connection, false, "the answer is not HTTP; check base_url and the port"},
    {CURLE_URL_MALFORMAT, ErrorKind::connection, false, "the address is not a URL; check base_url"},
    {CURLE_PROXY, ErrorKind::connection, false, "the proxy refused; check https_proxy and its credentials"},
    {CURLE_WEIRD_SERVER_REPLY, ErrorKind::connection, false, "the answer is not HTTP; check base_url"},
    {CURLE_GOT_NOTHING, ErrorKind::connection, true, "the server closed the connection without an answer; try again"},
    {CURLE_PARTIAL_FILE, ErrorKind::connection, true, "the connection ended before the response was complete"},
    {CURLE_RECV_ERROR, ErrorKind::connection, true, "the connection broke while receiving; try again"},
    {CURLE_SEND_ERROR, ErrorKind::connection, true, "the connection broke while sending; try again"},
    {CURLE_BAD_CONTENT_ENCODING, ErrorKind::connection, true,
     "the response is compressed in a way that cannot be read"},
};

}  // namespace

Error error_from_curl(CURLcode code, std::string_view detail, std::string_view host) {
  Row row{code, ErrorKind::connection, true, "try again"};
  for (const Row& known : rows)
    if (known.code == code) row = known;
  Error error;
  error.kind = row.kind;
  error.retryable = row.retryable;
  error.message = "request to " + std::string(host) + " failed: " + row.advice + " (" +
                  (detail.empty() ? std::string(curl_easy_strerror(code)) : std::string(detail)) + ")";
  return error;
}

}  // namespace kimistream::net
