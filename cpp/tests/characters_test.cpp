// Blanks, digits and control characters of ASCII.
#include "characters.hpp"

#include <doctest/doctest.h>

namespace ks = kimistream;

TEST_CASE("white space goes from both ends") {
  CHECK(ks::trim(" \r\n a b\t") == "a b");
  CHECK(ks::trim(" ").empty());
  CHECK(ks::trim_front("\t a ") == "a ");
  CHECK(ks::trim_back("\t a\n ") == "\t a");
  CHECK(ks::trim_front(" \n").empty());
  CHECK(ks::trim_back(" \n").empty());
}

TEST_CASE("blank is white space or nothing, and no byte beyond ASCII") {
  CHECK(ks::is_blank(""));
  CHECK(ks::is_blank(" \t\r\n"));
  CHECK_FALSE(ks::is_blank(" a "));
  CHECK_FALSE(ks::is_blank("\xC2\xA0"));  // a no-break space: white.hpp knows it
}

TEST_CASE("control characters are those below the space, and DEL") {
  CHECK(ks::has_control("a\x1F"));
  CHECK(ks::has_control("\x7F"));
  CHECK_FALSE(ks::has_control("a b~\xC3\xA9"));
}
