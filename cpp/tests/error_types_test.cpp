#include "wire/error_types.hpp"

#include <doctest/doctest.h>

namespace wire = kimistream::wire;

TEST_CASE("types of errors stand for statuses") {
  CHECK(wire::status_of_type("engine_overloaded_error") == 429);
  CHECK(wire::status_of_type("stream_error") == 502);
  CHECK(wire::status_of_type("3036") == 429);
  CHECK_FALSE(wire::status_of_type("workflow_error"));
  CHECK_FALSE(wire::status_of_type(""));
}

TEST_CASE("words that find fault with the request are told from those that do not") {
  for (const char* words : {"Invalid role", "model not found", "unsupported_parameter", "insufficient quota",
                            "prompt is too long", "permission_denied"})
    CHECK(wire::blames_request(words));
  for (const char* words : {"the worker died", "Stream error: connection reset", "workflow_error", ""})
    CHECK_FALSE(wire::blames_request(words));
}
