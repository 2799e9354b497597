// Single values of a document, by RFC 6901's pointers.
#include <doctest/doctest.h>

#include <stdexcept>

#include "kimistream/json.hpp"

namespace json = kimistream::json;

namespace {

const char* const trip = R"({"city":"Par\u00eds","days":3,"rate":1.5e1,"direct":true,"via":null,)"
                         R"("stops":[{"name":"Lyon"},"Nice",[]],"a/b":"slash","m~n":"tilde","~1":"both","":"empty"})";

}  // namespace

TEST_CASE("a tool's arguments are read by their names") {
  CHECK(json::text_at(trip, "/city") == "Par\xc3\xads");
  CHECK(json::integer_at(trip, "/days") == 3);
  CHECK(json::number_at(trip, "/days") == 3.0);
  CHECK(json::number_at(trip, "/rate") == 15.0);
  CHECK(json::bool_at(trip, "/direct") == true);
  CHECK(json::text_at(trip, "/stops/0/name") == "Lyon");
  CHECK(json::text_at(trip, "/stops/1") == "Nice");
  CHECK(json::value_at(trip, "/stops").text == R"([{"name":"Lyon"},"Nice",[]])");
  CHECK(json::value_at(trip, "/via").text == "null");
  CHECK(json::size_at(trip, "/stops") == 3);
  CHECK(json::size_at(trip, "/stops/0") == 1);
}

TEST_CASE("what is not there, or of another kind, is nothing") {
  CHECK(json::text_at(trip, "/town") == std::nullopt);
  CHECK(json::text_at(trip, "/days") == std::nullopt);
  CHECK(json::text_at(trip, "/via") == std::nullopt);
  CHECK(json::text_at(trip, "/city/name") == std::nullopt);
  CHECK(json::number_at(trip, "/city") == std::nullopt);
  CHECK(json::integer_at(trip, "/rate") == std::nullopt);
  CHECK(json::integer_at("[12345678901234567890]", "/0") == std::nullopt);
  CHECK(json::bool_at(trip, "/via") == std::nullopt);
  CHECK(json::size_at(trip, "/city") == std::nullopt);
  CHECK(json::value_at(trip, "/town").empty());
}

TEST_CASE("an element goes by its place, written as people write numbers") {
  CHECK(json::text_at(R"(["a"])", "/0") == "a");
  for (const char* pointer : {"/1", "/00", "/-1", "/-", "/", "/0x0", "/ 0", "/99999999999999999999"})
    CHECK(json::text_at(R"(["a"])", pointer) == std::nullopt);
  CHECK(json::text_at(R"({"0":"a"})", "/0") == "a");
}

TEST_CASE("names with the pointer's own signs are escaped") {
  CHECK(json::text_at(trip, "/a~1b") == "slash");
  CHECK(json::text_at(trip, "/m~0n") == "tilde");
  CHECK(json::text_at(trip, "/~01") == "both");
  CHECK(json::text_at(trip, "/") == "empty");
}

TEST_CASE("the empty pointer is the whole document") {
  CHECK(json::value_at(" { \"a\" : 1 } ", "").text == R"({"a":1})");
  CHECK(json::text_at("\"x\"", "") == "x");
}

TEST_CASE("of two fields of one name the last counts") { CHECK(json::integer_at(R"({"a":1,"a":2})", "/a") == 2); }

TEST_CASE("integers keep all their digits") {
  CHECK(json::integer_at(R"({"id":9007199254740993})", "/id") == 9007199254740993);
  CHECK(json::integer_at(R"({"id":-9223372036854775808})", "/id") == INT64_MIN);
}

TEST_CASE("broken JSON and what is no pointer are errors, not absent values") {
  CHECK_THROWS_AS((void)json::text_at(R"({"city":"Par)", "/city"), json::Malformed);
  CHECK_THROWS_AS((void)json::text_at("", "/city"), json::Malformed);
  CHECK_THROWS_WITH_AS((void)json::text_at(trip, "city"), "a JSON pointer begins with a slash: \"/city\"",
                       std::invalid_argument);
}
