#include "net/curl_errors.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace ks = kimistream;
using ks::net::CurlFailure;
using ks::net::error_from_curl;
using ks::net::Proxy;

namespace {

constexpr std::string_view server = "http://gpu.example:8000/v1/chat/completions";

void check(const ks::Error& error, bool retryable, std::string_view words) {
  CAPTURE(error.message);
  CHECK(error.kind == ks::ErrorKind::connection);
  CHECK(error.retryable == retryable);
  CHECK(error.message.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("what libcurl says is told with what to do about it") {
  check(
      error_from_curl({.code = CURLE_COULDNT_CONNECT, .detail = "Failed to connect", .url = server}), true,
      "request to gpu.example:8000 failed: the connection was refused or is blocked; check base_url, the port and that "
      "the server runs (Failed to connect)");
  CHECK(error_from_curl({.code = CURLE_OPERATION_TIMEDOUT, .url = server}).kind == ks::ErrorKind::timeout);
  check(error_from_curl({.code = CURLE_HTTP2, .url = server}), true, "try again (");
}

TEST_CASE("too many open files are told as that, whoever is on the way") {
  const Proxy proxy("http_proxy", "http://127.0.0.1:9");
  CurlFailure failure{.code = CURLE_COULDNT_CONNECT, .url = server, .proxy = &proxy, .socket_error = EMFILE};
  check(error_from_curl(failure), true, "gpu.example:8000 failed: too many open files: no connection can be opened; ");
  failure.most_open_files = 256;
  check(error_from_curl(failure), true,
        "the limit is 256; raise it (ulimit -n) or ask for fewer at once (concurrency)");
  failure.socket_error = ENFILE;
  check(error_from_curl(failure), true, "too many open files: this machine has no more; close some, or ask for fewer");
  failure.socket_error = EACCES;
  check(error_from_curl(failure), true, "the proxy refused the connection");
}

TEST_CASE("a certificate is not trusted, or it is something else") {
  const auto refused = [](std::string_view detail, std::string_view trusted = {}) {
    return error_from_curl(
        {.code = CURLE_PEER_FAILED_VERIFICATION, .detail = detail, .url = server, .trusted = trusted});
  };
  const std::string_view untrusted = "its certificate is not trusted; for a private authority set SSL_CERT_FILE";
  check(refused("SSL certificate problem: self-signed certificate"), false, untrusted);
  check(refused("SSL certificate problem: unable to get local issuer certificate", "SSL_CERT_DIR"), false,
        "Trusted is what SSL_CERT_DIR names");
  check(error_from_curl({.code = CURLE_PEER_FAILED_VERIFICATION,
                         .detail = "SSL certificate problem: unable to get local issuer certificate",
                         .url = server,
                         .has_trusted = false}),
        false, "no certificates to trust were found on this machine; install its package ca-certificates");
  for (const std::string_view detail :
       {"SSL certificate problem: certificate has expired", "server certificate expiration date has passed."})
    check(refused(detail), false, "its certificate has expired");
  for (const std::string_view detail :
       {"SSL certificate problem: certificate is not yet valid", "server certificate not activated yet."})
    check(refused(detail), false, "not valid yet; is this machine's clock right?");
  for (const std::string_view detail :
       {"SSL: no alternative certificate subject name matches target host name 'localhost'",
        "SSL: no alternative certificate subject name matches target ipv4 address '127.0.0.1'",
        "SSL: certificate subject name 'a' does not match target hostname 'b'",
        "SSL: unable to obtain common name from peer certificate"}) {
    check(refused(detail), false, "its certificate is for another host");
    CHECK(refused(detail).message.find("not trusted") == std::string::npos);
  }
  check(error_from_curl({.code = CURLE_SSL_CACERT_BADFILE, .url = server, .trusted = "REQUESTS_CA_BUNDLE"}), false,
        "cannot be read; check REQUESTS_CA_BUNDLE");
}

TEST_CASE("a proxy that is at fault is named with its variable, and with what to do") {
  const Proxy proxy("http_proxy", "http://me:secret@127.0.0.1:9");
  const auto through = [&](CurlFailure failure) {
    failure.url = server;
    failure.proxy = &proxy;
    failure.detail = "detail";
    return error_from_curl(failure);
  };
  check(through({.code = CURLE_COULDNT_CONNECT}), true,
        "request to gpu.example:8000 failed through the proxy 127.0.0.1:9 (http_proxy): the proxy refused the "
        "connection; check the variable, or put gpu.example into no_proxy (detail)");
  check(through({.code = CURLE_COULDNT_RESOLVE_PROXY}), true, "the proxy's name was not found; check the variable");
  check(through({.code = CURLE_RECV_ERROR, .tunnel_status = 407}), false, "asks for a user name and a password");
  check(through({.code = CURLE_RECV_ERROR, .tunnel_status = 403}), false, "did not open a way to the server (403)");
  check(through({.code = CURLE_RECV_ERROR, .tunnel_status = 502}), true, "did not open a way to the server (502)");
  check(through({.code = CURLE_PROXY, .proxy_reached = false}), false, "the proxy refused the request");
  check(through({.code = CURLE_PROXY}), true, "the proxy did not reach the server");
  check(through({.code = CURLE_UNSUPPORTED_PROTOCOL}), false, "is that port a proxy's?");
  CHECK(through({.code = CURLE_COULDNT_CONNECT}).message.find("secret") == std::string::npos);
}

TEST_CASE("what is the server's fault stays the server's behind a proxy, which is named all the same") {
  const Proxy proxy("all_proxy", "https://proxy.example");
  const auto through = [&](CURLcode code, long tunnel_status) {
    return error_from_curl({.code = code, .url = server, .proxy = &proxy, .tunnel_status = tunnel_status});
  };
  check(through(CURLE_PEER_FAILED_VERIFICATION, 200), false,
        "through the proxy proxy.example:443 (all_proxy): its certificate is not trusted");
  check(through(CURLE_PEER_FAILED_VERIFICATION, 0), false, "the proxy's certificate is not trusted");
  check(through(CURLE_SSL_CONNECT_ERROR, 200), true, "does the server speak https");
  check(through(CURLE_SSL_CONNECT_ERROR, 0), false, "most proxies are named as http://");
  check(through(CURLE_RECV_ERROR, 200), true, "the connection broke while receiving");
  CHECK(through(CURLE_OPERATION_TIMEDOUT, 0).kind == ks::ErrorKind::timeout);
}
