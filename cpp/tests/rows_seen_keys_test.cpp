// Keys that came before.
#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "kimistream/rows.hpp"

namespace ks = kimistream;

TEST_CASE("keys are found again, however many there are") {
  ks::SeenKeys seen;
  const auto hash = [](std::size_t number) { return std::string(12, '\x7f') + std::to_string(1000 + number % 9000); };
  CHECK_FALSE(seen.find(hash(1)));
  for (std::size_t number = 0; number < 5000; ++number) seen.put(hash(number), number);
  seen.put(hash(7), 70);
  CHECK(seen.size() == 5000);
  for (std::size_t number = 0; number < 5000; ++number) CHECK(seen.find(hash(number)) == (number == 7 ? 70 : number));
  CHECK_FALSE(seen.find(hash(5000)));
  CHECK_FALSE(seen.find("short"));
  CHECK_THROWS_AS(seen.put("short", 1), std::invalid_argument);
  const auto all = seen.take();
  REQUIRE(all.size() == 5000);
  CHECK(all.front() == std::pair(hash(0), std::uint64_t{0}));
  CHECK(std::is_sorted(all.begin(), all.end()));
  CHECK(seen.size() == 0);
  CHECK_FALSE(seen.find(hash(1)));
}
