#include "json/number.hpp"

#include <doctest/doctest.h>

#include <clocale>
#include <locale>
#include <string>
#include <string_view>

using kimistream::json::take_number;

TEST_CASE("a number is taken off the front of a text") {
  struct Case {
    std::string_view text;
    double value;
    std::string_view rest;
  };
  for (const Case& each :
       {Case{"0", 0, ""}, Case{"-12", -12, ""}, Case{"1.5", 1.5, ""}, Case{".5s", 0.5, "s"}, Case{"1.", 1, ""},
        Case{"2e-3", 0.002, ""}, Case{"1E2", 100, ""}, Case{"3 seconds", 3, " seconds"}, Case{"6m0s", 6, "m0s"},
        Case{"1e", 1, "e"}, Case{"1e+x", 1, "e+x"}, Case{"1.5.2", 1.5, ".2"}, Case{"0x10", 0, "x10"},
        Case{"1,5", 1, ",5"}, Case{"5dabble", 5, "dabble"}, Case{"0.1", 0.1, ""},
        Case{"1732186623.25", 1732186623.25, ""}, Case{"1.7976931348623157e308", 1.7976931348623157e308, ""}}) {
    CAPTURE(each.text);
    std::string_view text = each.text;
    CHECK(take_number(text) == each.value);
    CHECK(text == each.rest);
  }
}

TEST_CASE("nothing is taken where there is no number, or none that a double can hold") {
  for (const std::string_view none :
       {"", "-", ".", "-.", "e5", "+1", " 1", "inf", "nan", "NaN", "Infinity", "x1", "1e999"}) {
    CAPTURE(none);
    std::string_view text = none;
    CHECK_FALSE(take_number(text));
    CHECK(text == none);
  }
}

namespace {

/// Decimal comma, and points between thousands.
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("a number reads the same in a program whose locale has a comma") {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  std::string_view text = "1234.5";
  const auto value = take_number(text);
  std::locale::global(before);
  CHECK(value == 1234.5);
  CHECK(text.empty());
}
