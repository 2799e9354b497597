#include "net/proxy.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using kimistream::net::Proxy;

namespace {

Proxy of(std::string_view value) { return {"http_proxy", value}; }

}  // namespace

TEST_CASE("nothing is no proxy") {
  CHECK(Proxy().empty());
  CHECK(of("").empty());
  CHECK_FALSE(of("a").empty());
}

TEST_CASE("a proxy is HTTP on port 80 where nothing else is said, as Python's tools have it") {
  struct Case {
    std::string_view value, url, shown;
  };
  for (const auto& [value, url, shown] :
       {Case{"proxy.example", "http://proxy.example:80/", "proxy.example:80"},
        Case{"http://proxy.example", "http://proxy.example:80/", "proxy.example:80"},
        Case{"10.0.0.1:3128", "http://10.0.0.1:3128/", "10.0.0.1:3128"},
        Case{"HTTP://proxy.example:8080/", "http://proxy.example:8080/", "proxy.example:8080"},
        Case{"https://proxy.example", "https://proxy.example:443/", "proxy.example:443"},
        Case{"socks5h://[::1]:9050", "socks5h://[::1]:9050/", "[::1]:9050"},
        Case{"socks5://proxy.example", "socks5://proxy.example:1080/", "proxy.example:1080"},
        Case{"socks://proxy.example:1", "socks://proxy.example:1/", "proxy.example:1"}}) {
    const auto& row = value;  // clang 14 hands no structured binding to a lambda
    CAPTURE(std::string(row));
    const Proxy proxy = of(value);
    CHECK(proxy.fault.empty());
    CHECK(proxy.variable == "http_proxy");
    CHECK(proxy.url == url);
    CHECK(proxy.shown == shown);
    CHECK(proxy.secure == proxy.url.starts_with("https"));
    CHECK(proxy.socks == proxy.url.starts_with("socks"));
  }
}

TEST_CASE("user and password stand apart, as they are") {
  const Proxy proxy = of("http://me:p%40ss%3A%2F@proxy.example:3128");
  CHECK(proxy.user == "me");
  CHECK(proxy.password == "p@ss:/");
  CHECK(proxy.url == "http://proxy.example:3128/");
  CHECK(proxy.shown == "proxy.example:3128");
  CHECK(of("me@proxy.example").user == "me");
  CHECK(of("me@proxy.example").password.empty());
}

TEST_CASE("what cannot be a proxy says why, and shows no password") {
  struct Case {
    std::string_view value, fault, shown;
  };
  for (const auto& [value, fault, shown] :
       {Case{"http://me:secret@127.0.0.1:99999", "port", "127.0.0.1:99999"},
        Case{"me:secret@127.0.0.1:proxy", "port", "127.0.0.1"}, Case{"me:secret", "port", "me"},
        Case{"http://me:sec/ret@127.0.0.1:8", "", "127.0.0.1:8"}, Case{"http://me:sec@ret@[::1]:x", "", "[::1]"},
        Case{"http://[::1", "address", "[::1"}, Case{"http://", "address", ""},
        Case{"sock5://me:secret@127.0.0.1:9", "\"sock5\" is not a kind of proxy", "127.0.0.1:9"},
        Case{"ftp://127.0.0.1", "\"ftp\"", "127.0.0.1"}}) {
    const auto& row = value;  // clang 14 hands no structured binding to a lambda
    CAPTURE(std::string(row));
    const Proxy proxy = of(value);
    CHECK_FALSE(proxy.fault.empty());
    CHECK(proxy.fault.find(fault) != std::string::npos);
    CHECK(proxy.shown == shown);
    for (const std::string& text : {proxy.fault, proxy.shown}) CHECK(text.find("sec") == std::string::npos);
    CHECK(proxy.url.empty());
  }
}
