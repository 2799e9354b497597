#include "body_kind.hpp"

#include <doctest/doctest.h>

namespace ks = kimistream;
using Kind = ks::BodyKind;

TEST_CASE("a content type says what the body is, or nothing of use") {
  const auto of = [](const char* type) { return ks::kind_of_label({{"Content-Type", type}}); };
  CHECK(of("text/event-stream") == Kind::events);
  CHECK(of("Text/Event-Stream ; charset=utf-8") == Kind::events);
  CHECK(of("application/json") == Kind::json);
  CHECK(of("application/problem+json") == Kind::json);
  CHECK(of("text/plain") == Kind::unknown);
  CHECK(of("text/html") == Kind::unknown);
  CHECK(ks::kind_of_label({}) == Kind::unknown);
}

TEST_CASE("the first bytes count, whatever the label says") {
  for (const Kind label : {Kind::unknown, Kind::events, Kind::json}) {
    CHECK(ks::kind_of_bytes(" \n{", label) == Kind::json);
    CHECK(ks::kind_of_bytes("\xEF\xBB\xBF{", label) == Kind::json);
    for (const char* text : {"data: x", ": ping", "\r\nevent:", "id:1", "retry:5", "error: {}"})
      CHECK(ks::kind_of_bytes(text, label) == Kind::events);
    for (const char* text : {"", " ", "\xEF\xBB", "da", "e", "err"})
      CHECK(ks::kind_of_bytes(text, label) == Kind::unknown);
  }
  CHECK(ks::kind_of_bytes("<html>", Kind::unknown) == Kind::other);
  CHECK(ks::kind_of_bytes("[1]", Kind::json) == Kind::json);
  CHECK(ks::kind_of_bytes("foo: bar", Kind::events) == Kind::events);
}
