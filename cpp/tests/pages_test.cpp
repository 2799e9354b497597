// Pages of gateways and proxies (squid 5.7, httpd 2.4, nginx 1.22, Cloudflare), on one line.
#include "wire/pages.hpp"

#include <doctest/doctest.h>

#include <string>

namespace wire = kimistream::wire;

TEST_CASE("a page is known by its beginning") {
  for (const char* page : {"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD\">", "\n <html lang=en>", "<head><title>x", "<HTML>",
                           "<!-- x --><html>", "<?xml version=\"1.0\"?><html>"})
    CHECK(wire::is_page(page));
  for (const char* other : {"", "upstream connect error", "{\"error\":\"<html>\"}", "<error>x</error>", "< 5"})
    CHECK_FALSE(wire::is_page(other));
}

TEST_CASE("a page says its title and what stands in it, without markup") {
  CHECK(wire::words_of_page("<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>"
                            "</center><hr><center>nginx/1.22.1</center></body></html>") ==
        "502 Bad Gateway: nginx/1.22.1");
  CHECK(wire::words_of_page("<!DOCTYPE HTML>\n<html><head>\n<title>502 Proxy\nError</title>\n<style>a{b}</style></head>"
                            "<body><script>if (a < b) x();</script><p>Reason: <strong>Error &amp; more</strong></p>") ==
        "502 Proxy Error: Reason: Error & more");
  CHECK(wire::words_of_page("<html><body><h1>Gone</h1></body>") == "Gone");
  CHECK(wire::words_of_page("<html><body>Bad Gateway</body></html>") == "Bad Gateway");
  CHECK(wire::words_of_page("<html>") == "");
  CHECK(wire::words_of_page("<title>cut") == "cut");
}

TEST_CASE("a long page is cut between characters") {
  std::string page = "<html>x";
  while (page.size() < 5000) page += "é";
  const std::string said = wire::words_of_page(page);
  CHECK(said.size() < 200);
  CHECK(said.ends_with("é..."));
}

TEST_CASE("who sent a response stands in Server and Via") {
  CHECK(wire::sender_of({{"Server", "Caddy"}}) == "Caddy");
  CHECK(wire::sender_of({{"Via", "1.1 varnish"}}) == "via 1.1 varnish");
  CHECK(wire::sender_of({{"Server", "nginx"}, {"Via", "1.1 varnish"}}) == "nginx, via 1.1 varnish");
  CHECK(wire::sender_of({}) == "");
}

TEST_CASE("statuses have words") {
  CHECK(wire::reason_phrase(504) == "Gateway Timeout");
  CHECK(wire::reason_phrase(530) != "");
  CHECK(wire::reason_phrase(299) == "");
}
