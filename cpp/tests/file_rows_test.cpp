// Rows of a file on their way through a run.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kimistream/rows.hpp"
#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::testing::Script;

namespace {

ks::RowOptions options() { return {.prompt = ks::RowTemplate{ks::RowField{std::string("t")}}, .key = "id"}; }

std::vector<std::string> keys(const std::vector<ks::FileRows::Read>& read) {
  std::vector<std::string> all;
  for (const auto& row : read) all.push_back(row.key);
  return all;
}

}  // namespace

TEST_CASE("lines are the same however the file is cut into blocks, and are numbered with the blank ones") {
  Offline offline;
  const ks::Client client = offline.client();
  const std::string file = "{\"id\":1,\"t\":\"a\"}\n\n \r\n{\"id\":2,\"t\":\"b\"}\r\nno row\n{\"id\":3,\"t\":\"c\"}";
  for (const std::size_t size : {1U, 2U, 7U, 1000U}) {
    ks::BulkRun run(client, {});
    ks::FileRows rows(run, options());
    std::vector<std::string> found;
    std::size_t odd = 0;
    for (std::size_t at = 0; at <= file.size();) {
      while (rows.wants_more()) {
        rows.feed(std::string_view(file).substr(at, size));
        at += at < file.size() ? std::min(size, file.size() - at) : 1;
      }
      const auto read = keys(rows.read(10));
      found.insert(found.end(), read.begin(), read.end());
      if (!read.empty() || rows.wants_more()) continue;
      const auto line = rows.next_line();
      if (!line) break;
      CHECK(line->text == "no row\n");
      odd = line->number;
    }
    CHECK(found == std::vector<std::string>{"1", "2", "3"});
    CHECK(odd == 5);
    CHECK_FALSE(rows.next_line());
    CHECK_FALSE(rows.wants_more());
  }
}

TEST_CASE("rows are begun up to one whose key came before, or one that is left to the caller") {
  Offline offline;
  const ks::Client client = offline.client();
  ks::BulkRun run(client, {.concurrency = 10});
  ks::FileRows rows(run, options());
  ks::SeenKeys seen;
  rows.feed(
      "{\"id\":1,\"t\":\"a\"}\n{\"id\":2,\"t\":\"b\"}\nno row\n{\"id\":\"2\",\"t\":\"b\"}\n{\"id\":2,\"t\":\"c\"}\n");
  rows.feed("");
  CHECK(rows.begin(1, 10, seen).count == 1);
  const auto up_to = rows.begin(10, 11, seen);
  CHECK(up_to.count == 1);
  CHECK_FALSE(up_to.first);
  REQUIRE(rows.next_line());
  const auto twice = rows.begin(10, 13, seen);
  CHECK(twice.count == 1);
  CHECK(twice.first == 11);
  CHECK(twice.key == "2");
  CHECK(run.size() == 3);
  CHECK(rows.leave(11)->key == "2");
  CHECK(rows.leave(13)->key == R"("2")");
}

TEST_CASE("rows without a key of their own are told apart by how often they came") {
  Offline offline;
  const ks::Client client = offline.client();
  ks::BulkRun run(client, {.concurrency = 10});
  ks::FileRows rows(run, {.prompt = ks::RowTemplate{ks::RowField{}}});
  ks::SeenKeys seen;
  rows.feed("\"a\"\n\"b\"\n\"a\"\n");
  CHECK(rows.begin(10, 0, seen).count == 3);
  const std::string key = rows.leave(0)->key;
  CHECK(key.size() == 34);
  CHECK(rows.leave(2)->key == key.substr(0, 33) + "-2\"");
  CHECK(rows.leave(1)->key != key);
}

TEST_CASE("what is read is asked, and comes back as a line or is given back") {
  FaultServer server;
  ks::Client client(options_for(server.base_url(Script().json(200, whole_body()))));
  ks::BulkRun run(client, {.concurrency = 2});
  ks::FileRows rows(run, options());
  rows.feed("{\"id\":1,\"t\":\"a\"}\n{\"id\":\"é\",\"t\":\"b\"}\n{\"id\":3,\"t\":\"c\"}\n");
  rows.feed("");
  const auto read = rows.read(2);
  REQUIRE(keys(read) == std::vector<std::string>{"1", R"("\u00e9")"});
  CHECK(rows.input_at(1) == R"({"id":"é","t":"b"})");
  rows.start(1, 5);
  run.no_more();
  std::vector<ks::Result> ended;
  while (ended.empty()) {
    run.pump(std::chrono::milliseconds(100));
    ended = run.take();
  }
  REQUIRE(ended.size() == 1);
  const auto done = rows.done(ended[0]);
  REQUIRE(done);
  CHECK(done->index == 5);
  CHECK(done->key == R"("\u00e9")");
  CHECK(done->hash == read[1].hash);
  CHECK(done->line.starts_with(R"({"key":"é","index":5,"input":{"id":"é","t":"b"},"text":)"));
  CHECK_FALSE(rows.done(ended[0]));
  CHECK_FALSE(rows.leave(5));

  REQUIRE(rows.read(2).size() == 1);
  rows.start(0, 6);
  CHECK_FALSE(rows.done({.index = 6, .error = ks::Error{}}));
  const auto left = rows.leave(6);
  REQUIRE(left);
  CHECK(left->key == "3");
  CHECK(left->input == R"({"id":3,"t":"c"})");
  CHECK_FALSE(rows.leave(6));
}
