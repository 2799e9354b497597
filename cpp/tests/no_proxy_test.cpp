#include "net/no_proxy.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace net = kimistream::net;

namespace {

bool direct(std::string_view url, std::string_view list) { return net::goes_without_proxy(net::place_of(url), list); }

void check(bool expected, std::string_view url, std::initializer_list<std::string_view> lists) {
  for (const std::string_view list : lists) {
    CAPTURE(std::string(url));
    CAPTURE(std::string(list));
    CHECK(direct(url, list) == expected);
  }
}

}  // namespace

TEST_CASE("a URL leads to a host and a port") {
  const auto place = [](std::string_view url) {
    const net::Place found = net::place_of(url);
    return std::string(found.host) + " " + std::string(found.port);
  };
  CHECK(place("https://a.example/v1") == "a.example 443");
  CHECK(place("HTTPS://a.example") == "a.example 443");
  CHECK(place("http://a.example?x=1:2") == "a.example 80");
  CHECK(place("http://a.example:8000/v1:9") == "a.example 8000");
  CHECK(place("http://[::1]:8000/v1") == "::1 8000");
  CHECK(place("https://[fd00::7]/v1") == "fd00::7 443");
  CHECK(place("http://user:word@a.example:1/") == "a.example 1");
}

TEST_CASE("a name means its host and all below it, however it begins and ends") {
  for (const std::string_view url : {"https://example.com/v1", "https://example.com:8443/v1", "https://api.Example.com",
                                     "https://a.b.example.com.", "http://EXAMPLE.COM"})
    check(true, url,
          {"example.com", ".example.com", "*.example.com", "EXAMPLE.com", "example.com.", "a.org, example.com",
           "a.org,example.com,b.org", "a.org example.com", "a.org\texample.com", " example.com ", ",,example.com", "*",
           "a.org, *"});
  check(false, "https://example.com/v1",
        {"", "example.org", "myexample.com.evil", "ample.com", "example", ",", ".", "*.", "*.com.example", "..",
         "api.example.com", "*ample.com", "/", "example.com/8", ":443", "https://example.com"});
  check(false, "https://notexample.com/", {"example.com", ".example.com", "*.example.com"});
}

TEST_CASE("a name may have a port, which is then the only one, the scheme's own included") {
  check(true, "http://localhost:8000/v1", {"localhost:8000", ".localhost:8000", "*.localhost:8000"});
  check(true, "https://example.com/v1", {"example.com:443"});
  check(true, "http://api.example.com/v1", {"example.com:80"});
  check(true, "http://10.1.2.3:8000", {"10.1.2.3:8000"});
  check(true, "http://[::1]:8000", {"[::1]:8000"});
  check(false, "http://localhost:8001/v1", {"localhost:8000", "localhost:800", "localhost:80"});
  check(false, "https://example.com/v1", {"example.com:80"});
  check(false, "http://[::1]:8000", {"[::1]:8001"});
}

TEST_CASE("an address means itself, in any spelling") {
  check(true, "http://127.0.0.1:8000/v1", {"127.0.0.1", "127.0.0.1/32"});
  for (const std::string_view url : {"http://[::1]:8000/v1", "http://[0:0:0:0:0:0:0:1]/v1", "http://[::1%25lo]/"})
    check(true, url, {"::1", "[::1]", "0:0:0:0:0:0:0:1", "[0::1]", "::1/128", "[::1]/128"});
  check(true, "http://[FD00::A]/", {"fd00::a"});
  check(false, "http://127.0.0.1:8000/v1",
        {"127.0.0.2", "27.0.0.1", "7.0.0.1", ".0.0.1", "0.1", "*.0.0.1", "::1", "127"});
  check(false, "http://[::1]/", {"::2", "[::2]", "[]", "[", "1", "0.0.0.1"});
}

TEST_CASE("a network means the addresses in it") {
  check(true, "http://10.1.2.3:8000/v1",
        {"10.0.0.0/8", "10.1.2.0/24", "10.1.2.2/31", "10.1.2.3/32", "0.0.0.0/0", "a.org, 10.0.0.0/8"});
  check(true, "http://172.31.255.1", {"172.16.0.0/12"});
  check(true, "http://[fd12:3456::1]/", {"fd00::/8", "[fd00::]/8", "fc00::/7", "::/0"});
  check(false, "http://172.32.0.1", {"172.16.0.0/12"});
  check(false, "http://11.1.2.3", {"10.0.0.0/8"});
  check(false, "http://10.1.2.4", {"10.1.2.2/31"});
  check(false, "http://[fe80::1]/", {"fd00::/8", "fc00::/7"});
  check(false, "http://10.1.2.3",
        {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "/8", "::/0",
         "10.0.0.0/ 8"});
  check(false, "http://ten.example", {"10.0.0.0/8", "0.0.0.0/0", "::/0"});
}
