// What resources have in common: ids within paths, numbers, lists that go on.
#include "resources.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

TEST_CASE("an id is one piece of a path, or none") {
  CHECK(ks::piece_of_path("../a?b", "a thing") == "..%2Fa%3Fb");
  CHECK(ks::piece_of_path("batch_1.~-", "a thing") == "batch_1.~-");
  for (const char* id : {"", ".", ".."})
    CHECK_THROWS_WITH_AS((void)ks::piece_of_path(id, "a thing"), doctest::Contains("no id of a thing"), ks::Exception);
}

TEST_CASE("what is no number is 0, and what is no JSON is null") {
  const ks::json::Tree tree = ks::parsed({R"({"a":5,"b":"7","c":null,"d":"x"})"});
  CHECK(ks::integer_of(tree, "a") == 5);
  CHECK(ks::integer_of(tree, "b") == 7);
  for (const char* key : {"c", "d", "e"}) CHECK(ks::integer_of(tree, key) == 0);
  CHECK(ks::parsed({"{"}).is(ks::json::Tree::Kind::null));
}

TEST_CASE("each item of a list is taken once, and items without an id are not") {
  Offline offline;
  offline.answer_json(R"({"data":[{"id":"a"},{"no":"id"},{"id":"b/c"}],"has_more":true})");
  offline.answer_json(R"({"data":[{"id":"b/c"},{"id":"d"}],"has_more":true})");
  offline.answer_json(R"({"data":[{"id":"d"}],"has_more":true})");
  ks::Client client = offline.client();
  std::vector<std::string> ids;
  ks::for_each_item(client, "/things", [&](const ks::json::Tree& item) { ids.push_back(item.text_of("id")); });
  CHECK(ids == std::vector<std::string>{"a", "b/c", "d"});
  REQUIRE(offline.script->requests.size() == 3);
  CHECK(offline.script->requests[1].url.ends_with("/things?after=b%2Fc"));
}

TEST_CASE("an answer that is none is kept, cut") {
  try {
    ks::throw_unreadable("no", {std::string(100'000, 'x')});
  } catch (const ks::Exception& exception) {
    CHECK(exception.error().kind == ks::ErrorKind::response);
    CHECK(exception.error().body.size() == 64 * 1024);
  }
}
