// Where text goes, and the white space behind a token.
#include "wire/markup/sink.hpp"

#include <doctest/doctest.h>

#include <string>

namespace markup = kimistream::wire::markup;
using markup::Side;
using markup::Sink;

TEST_CASE("text goes home, or where it was turned to") {
  Sink sink(Side::answer);
  sink.text("a");
  CHECK(sink.idle());
  sink.turn_to(Side::reasoning);
  CHECK_FALSE(sink.idle());
  sink.text("b");
  CHECK(sink.out.answer == "a");
  CHECK(sink.out.reasoning == "b");
  CHECK(sink.out.parted);
}

TEST_CASE("white space behind a token waits for text, or goes") {
  Sink sink(Side::answer);
  sink.gap();
  sink.text(" ");
  sink.text("\n");
  CHECK(sink.out.answer.empty());
  sink.text("a ");
  CHECK(sink.out.answer == " \na ");
  CHECK_FALSE(sink.waiting());
  sink.gap(false);
  sink.text(" ");
  sink.text(" b");
  CHECK(sink.out.answer == " \na b");
  sink.gap();
  sink.text("\n");
  sink.gap();
  sink.text(" c");
  CHECK(sink.out.answer == " \na b c");
  sink.gap();
  sink.text("\n");
  sink.finish();
  CHECK(sink.out.answer == " \na b c");
}

TEST_CASE("white space without end is held by nobody") {
  const std::string blanks(Sink::longest_blank + 1, ' ');
  Sink whole(Side::answer), dripped(Side::answer);
  whole.gap();
  whole.text(blanks);
  dripped.gap();
  for (const char c : blanks) dripped.text(std::string(1, c));
  CHECK(whole.out.answer == blanks);
  CHECK(dripped.out.answer == blanks);
}
