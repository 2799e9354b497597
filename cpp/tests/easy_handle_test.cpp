// What a handle is set to follows each request, also where the one before differed in one thing alone.
#include "net/easy_handle.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::net::EasyHandle;
using ks::testing::Script;

namespace {

ks::HttpRequest request_of(std::string url, std::string text) {
  ks::HttpRequest request{.url = std::move(url), .headers = {{"X-One", "1"}}};
  request.body = std::make_shared<ks::Body>();
  request.body->segments.push_back({.text = std::move(text)});
  return request;
}

/// One that throws answers away.
struct Deaf : EasyHandle {
  Deaf(const ks::net::CurlOptions& options, ks::net::RequestParts& parts) : EasyHandle(options, parts) {
    set(
        CURLOPT_WRITEFUNCTION, +[](char*, std::size_t, std::size_t size, void*) { return size; });
  }
};

void send(EasyHandle& easy, const ks::HttpRequest& request) {
  const ks::net::BodyReader body(request.body);
  easy.prepare(request, body);
  CHECK(curl_easy_perform(easy.get()) == CURLE_OK);
}

}  // namespace

TEST_CASE("each request goes out as it is, whatever the handle was set to before") {
  FaultServer server;
  const ks::net::CurlOptions options;
  ks::net::RequestParts parts;
  Deaf easy(options, parts);
  const std::string url = server.base_url(Script().json(200, "{}"));
  auto request = request_of(url + "/a", "one");
  send(easy, request);
  send(easy, request);
  CHECK(easy.url() == url + "/a");
  request.url = url + "/b";
  send(easy, request);
  request.headers.set("X-One", "2");
  request.headers.add("X-Two", "3");
  send(easy, request);
  request.headers = {};
  request.compressed = true;
  send(easy, request);
  request.compressed = false;
  request.body->segments.front().text = "longer";
  send(easy, request);
  request.method = "GET";
  send(easy, request);

  std::string seen;
  for (const auto& each : server.received()) {
    const auto shown = [&](const char* name) {
      const std::string value(each.request.header(name));
      return value.empty() ? "-" : value;
    };
    seen += each.request.method + " " + each.request.target.substr(each.request.target.rfind('/')) + " " +
            shown("x-one") + " " + shown("x-two") + " " + shown("accept-encoding") + " " +
            std::to_string(each.request.body_bytes) + "\n";
  }
  CHECK(seen ==
        "POST /a 1 - identity 3\n"
        "POST /a 1 - identity 3\n"
        "POST /b 1 - identity 3\n"
        "POST /b 2 3 identity 3\n"
        "POST /b - - gzip 3\n"
        "POST /b - - identity 6\n"
        "GET /b - - identity 0\n");
  CHECK(server.connections() == 1);
}

TEST_CASE("a large body is not held back for a word of the server that none sends") {
  FaultServer server;
  const ks::net::CurlOptions options;
  ks::net::RequestParts parts;
  Deaf easy(options, parts);
  const std::string url = server.base_url(Script().json(200, "{}"));
  send(easy, request_of(url, "small"));
  send(easy, request_of(url, std::string(3 << 20, 'x')));
  auto own = request_of(url, std::string(3 << 20, 'x'));
  own.headers.add("Expect", "100-continue");  // whoever wants it has it
  send(easy, own);
  const auto received = server.received();
  REQUIRE(received.size() == 3);
  CHECK(received[1].request.header("expect").empty());
  CHECK(received[1].request.body_bytes == 3 << 20);
  CHECK(received[2].request.header("expect") == "100-continue");
}

TEST_CASE("an address that cannot be read is libcurl's to refuse, and the next one works") {
  FaultServer server;
  const ks::net::CurlOptions options;
  ks::net::RequestParts parts;
  Deaf easy(options, parts);
  const auto wrong = request_of("http://[::1/v1", "x");
  const ks::net::BodyReader body(wrong.body);
  easy.prepare(wrong, body);
  CHECK(curl_easy_perform(easy.get()) == CURLE_URL_MALFORMAT);
  send(easy, request_of(server.base_url(Script().json(200, "{}")), "x"));
  CHECK(std::string(easy.detail()).empty());
}

TEST_CASE("the proxy follows the address") {
  FaultServer proxy;
  ks::net::CurlOptions options;
  const std::string between = proxy.base_url(Script().json(200, "{}"));
  options.proxies.http = {"http_proxy", between};
  options.proxies.none = "127.0.0.1";
  ks::net::RequestParts parts;
  Deaf easy(options, parts);
  FaultServer server;
  const std::string near = server.base_url(Script().json(200, "{}"));
  const auto port_of = [](const std::string& url) { return url.substr(url.find(':', 5) + 1, 5); };
  const auto reached = [&] {
    long port = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_PRIMARY_PORT, &port);
    return std::to_string(port);
  };
  send(easy, request_of("http://far.invalid/v1", "x"));  // a host that only a proxy could know
  CHECK(port_of(between).starts_with(reached()));
  send(easy, request_of(near, "x"));
  CHECK(port_of(near).starts_with(reached()));
  send(easy, request_of("http://far.invalid/v1", "x"));
  CHECK(port_of(between).starts_with(reached()));
}
