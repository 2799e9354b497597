#include "net/request_parts.hpp"

#include <doctest/doctest.h>

#include <string>

namespace ks = kimistream;
using ks::net::RequestParts;

namespace {

std::string lines(const RequestParts::Fields& fields) {
  std::string all;
  for (const curl_slist* line = fields.list.get(); line; line = line->next) all.append(line->data).append("|");
  return all;
}

}  // namespace

TEST_CASE("an address is parsed once for all that say the same, and one that cannot be read has no parts") {
  RequestParts parts;
  const auto one = parts.target("http://h/a"), same = parts.target(std::string("http://h/") + "a");
  CHECK(one == same);
  CHECK(one->address);
  const auto other = parts.target("http://h/b");
  CHECK(other != one);
  CHECK(one->url == "http://h/a");
  CHECK_FALSE(parts.target("http://[::1/v1")->address);
}

TEST_CASE("fields are libcurl's lines, made once for all that say the same") {
  RequestParts parts;
  const ks::Headers headers{{"X-One", "1"}, {"X-None", ""}};
  const auto small = parts.fields(headers, false);
  CHECK(lines(*small) == "X-One: 1|X-None;|");
  CHECK(parts.fields({{"X-One", "1"}, {"X-None", ""}}, false) == small);
  const auto large = parts.fields(headers, true);
  CHECK(lines(*large) == "X-One: 1|X-None;|Expect:|");
  CHECK(lines(*parts.fields({{"expect", "100-continue"}}, true)) == "expect: 100-continue|");
  CHECK(lines(*parts.fields({}, false)).empty());
  CHECK(lines(*small) == "X-One: 1|X-None;|");  // whoever holds them has them
}
