// White space as Python's str.strip() takes it: the list is that of str.isspace() in CPython.
#include <doctest/doctest.h>

#include <string>

#include "white.hpp"

namespace ks = kimistream;

TEST_CASE("white space is what Python strips, and nothing else") {
  for (const std::string white : {"\t",           "\n",           "\v",           "\f",           "\r",
                                  "\x1C",         "\x1D",         "\x1E",         "\x1F",         " ",
                                  "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x8A",
                                  "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"}) {
    CAPTURE(white);
    CHECK(ks::white_character(white) == white.size());
    CHECK(ks::white_character(white + "x") == white.size());
    CHECK(ks::white_prefix(white + " " + white + "x ") == 2 * white.size() + 1);
    CHECK(ks::without_white_end(" x" + white + " " + white) == " x");
  }
  // A zero-width space, a joiner, a byte order mark, and bytes that are only the end of another character.
  for (const std::string other :
       {"x", "\x1B", "\xE2\x80\x8B", "\xE2\x80\x8D", "\xEF\xBB\xBF", "\xC3\x85", "\xC3\xA0"}) {
    CAPTURE(other);
    CHECK(ks::white_character(other) == 0);
    CHECK(ks::without_white_end(other) == other);
  }
  CHECK(ks::white_character("") == 0);
  CHECK(ks::without_white_end("").empty());
  CHECK(ks::without_white_end(" \n\xE3\x80\x80").empty());
}
