// The lines of a batch's files, written and read.
#include "batch_lines.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

TEST_CASE("a request is one line, as a single one would be sent") {
  Offline offline;
  const ks::Client client = offline.client();
  const std::vector<ks::BatchRequest> requests = {
      {.custom_id = "a\"\n", .request = {.messages = {ks::user("1+1?\n")}, .extra_body = {"{\n\"stream\": true}"}}},
      {.custom_id = "b", .request = {.messages = {ks::user("2+2?")}, .temperature = 1.0}}};
  const std::string file = ks::batch_file(client, requests);
  CHECK(ks::ids_of(file) == std::vector<std::string>{"a\"\n", "b"});
  CHECK(std::count(file.begin(), file.end(), '\n') == 2);
  const std::string first = file.substr(0, file.find('\n'));
  CHECK(ks::json::text_at(first, "/method") == "POST");
  CHECK(ks::json::text_at(first, "/url") == ks::batch_endpoint);
  CHECK(ks::json::text_at(first, "/body/messages/0/content") == "1+1?\n");
  CHECK_FALSE(ks::json::bool_at(first, "/body/stream"));
}

TEST_CASE("of two lines with one id the later counts, and what is no line is left out") {
  ks::BatchLines lines;
  ks::add_lines(lines, "\n{torn\n[]\n{\"custom_id\":7}\n{\"custom_id\":\"a\",\"n\":1}\r\n{\"custom_id\":\"b\"}");
  ks::add_lines(lines, "{\"custom_id\":\"a\",\"n\":2}\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines.find("a")->second.text_of("n") == "2");
}

TEST_CASE("an answer is read as the client reads one, and without a line says what became of the batch") {
  Offline offline;
  const ks::Client client = offline.client();
  ks::BatchReader reader(client);
  ks::BatchLines lines;
  ks::add_lines(lines,
                R"({"custom_id":"a","response":{"status_code":200,"request_id":"r","body":)" + whole_body("2") + "}}");
  const ks::Batch batch{.id = "batch_1", .status = "cancelled"};
  const ks::BatchResult answered = reader.result("a", &lines.find("a")->second, batch);
  REQUIRE(answered.message);
  CHECK(answered.message->text() == "2");
  CHECK(answered.message->reasoning == "Well.");
  CHECK(answered.message->request_id == "r");
  const ks::BatchResult missing = reader.result("b", nullptr, batch);
  REQUIRE(missing.error);
  CHECK(missing.error->message == "the batch was cancelled before this request was answered (batch batch_1)");
  CHECK(offline.script->requests.empty());
}
