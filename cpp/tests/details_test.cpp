// The pieces of opaque reasoning come back together, so that they can be sent back as they were.
#include "wire/details.hpp"

#include <doctest/doctest.h>

#include <string>

using kimistream::wire::join_details;

TEST_CASE("texts of one item are joined, and what a later piece knows is taken over") {
  CHECK(join_details(R"([{"type":"reasoning.text","text":"a","format":"unknown","index":0},
                         {"type":"reasoning.text","text":"b\n","format":"unknown","index":0},
                         {"type":"reasoning.text","text":"","signature":"s","index":0}])") ==
        R"([{"type":"reasoning.text","text":"ab\n","format":"unknown","index":0,"signature":"s"}])");
}

TEST_CASE("items of another kind or index stay apart, in order") {
  CHECK(join_details(
            R"([{"type":"reasoning.summary","summary":"s","index":0},{"type":"reasoning.text","text":"a","index":0},
                         {"type":"reasoning.text","text":"b","index":1},{"type":"reasoning.encrypted","data":"x","index":2}])") ==
        R"([{"type":"reasoning.summary","summary":"s","index":0},{"type":"reasoning.text","text":"a","index":0},)"
        R"({"type":"reasoning.text","text":"b","index":1},{"type":"reasoning.encrypted","data":"x","index":2}])");
}

TEST_CASE("items that only the provider can read are never joined") {
  const std::string list = R"([{"type":"redacted_thinking","data":"a"},{"type":"redacted_thinking","data":"b"},)"
                           R"({"type":"reasoning.encrypted","data":"c","index":0},)"
                           R"({"type":"reasoning.encrypted","data":"d","index":0}])";
  CHECK(join_details(list) == list);
}

TEST_CASE("what is no item stays as it is, and no list gives nothing") {
  CHECK(join_details(R"(["a",1,{"text":"b"},{"text":"c"}])") == R"(["a",1,{"text":"b"},{"text":"c"}])");
  CHECK(join_details("[]") == "[]");
  CHECK(join_details("[{") == "");
}
