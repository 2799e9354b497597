// An answer as a line. That it is the line that Python writes is shown by tests/test_bulk_file_rows.py.
#include "rows/answer.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "kimistream/json.hpp"

namespace ks = kimistream;
using ks::rows::line_of;

TEST_CASE("a line is whole JSON with all its keys") {
  ks::Message message{.content = "a\u2028b", .tool_calls = {{.index = 1, .id = "i", .name = "f", .arguments = "{"}}};
  message.tool_calls[0].complete = false;
  message.warnings = {{"code", "words"}};
  message.usage = ks::Usage{.prompt_tokens = 3, .cost = 0.5, .cost_source = "provider"};
  const auto line = line_of("7", 2, R"({"id":7})", message, 1);
  REQUIRE(line);
  CHECK(line->find("\u2028") == std::string::npos);
  CHECK(line->back() == '\n');
  CHECK(ks::json::text_at(*line, "/text") == "a\u2028b");
  CHECK(ks::json::size_at(*line, "") == 15);
  CHECK(ks::json::integer_at(*line, "/key") == 7);
  CHECK(ks::json::integer_at(*line, "/input/id") == 7);
  CHECK(ks::json::integer_at(*line, "/tool_calls/0/index") == 1);
  CHECK(ks::json::bool_at(*line, "/tool_calls/0/complete") == false);
  CHECK(ks::json::number_at(*line, "/cost") == 0.5);
  CHECK(ks::json::text_at(*line, "/usage/cost_source") == "provider");
  CHECK(ks::json::text_at(*line, "/warnings/0/message") == "words");
}

TEST_CASE("what JSON cannot hold makes no line") {
  CHECK_FALSE(line_of("7", 0, "{}", ks::Message{.content = "\xff"}, 1));
  CHECK_FALSE(line_of("7", 0, "{}", ks::Message{.content = "", .model = "\xed\xa0\xbd"}, 1));
  ks::Message dear{.content = ""};
  dear.usage = ks::Usage{.cost = std::numeric_limits<double>::infinity()};
  CHECK_FALSE(line_of("7", 0, "{}", dear, 1));
}
