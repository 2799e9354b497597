// JSON text as Python's json module writes it: keys and hashes in ledgers depend on each byte.
#include "rows/form.hpp"

#include <doctest/doctest.h>

#include <string>

namespace rows = kimistream::rows;
using kimistream::json::Tree;
using rows::Form;

namespace {

std::string written(std::string_view json, Form form) {
  Tree tree = Tree::parse_strictly(json);
  REQUIRE(rows::settle(tree));
  std::string out;
  rows::append(out, tree, form);
  return out;
}

std::string number(double value) {
  std::string out;
  rows::append_double(out, value);
  return out;
}

}  // namespace

TEST_CASE("doubles are written as Python writes floats") {
  CHECK(number(0) == "0.0");
  CHECK(number(-0.0) == "-0.0");
  CHECK(number(1) == "1.0");
  CHECK(number(-1234.5) == "-1234.5");
  CHECK(number(0.1) == "0.1");
  CHECK(number(0.0001) == "0.0001");
  CHECK(number(0.00001) == "1e-05");
  CHECK(number(1e15) == "1000000000000000.0");
  CHECK(number(1e16) == "1e+16");
  CHECK(number(123456789012345678.0) == "1.2345678901234568e+17");
  CHECK(number(5e-324) == "5e-324");
  CHECK(number(1.7976931348623157e308) == "1.7976931348623157e+308");
}

TEST_CASE("integers stay as they are, other numbers become the double that is meant") {
  CHECK(written(R"([12345678901234567890123,-5,-0,1e3,1.10,1E-7,-0.0])", Form::line) ==
        "[12345678901234567890123,-5,0,1000.0,1.1,1e-07,-0.0]");
}

TEST_CASE("the forms differ in blanks, escapes and order") {
  const std::string_view row = R"({"b":[1,{"z":null}],"a":"é\u2028\ud83d\ude00\u007f\"\n\u0001","n":null})";
  CHECK(written(row, Form::line) ==
        "{\"b\":[1,{\"z\":null}],\"a\":\"é\\u2028\U0001F600\x7f\\\"\\n\\u0001\",\"n\":null}");
  CHECK(written(row, Form::prompt) ==
        "{\"b\": [1, {\"z\": null}], \"a\": \"é\u2028\U0001F600\x7f\\\"\\n\\u0001\", \"n\": null}");
  CHECK(written(row, Form::canonical) == R"({"a":"\u00e9\u2028\ud83d\ude00\u007f\"\n\u0001","b":[1,{}]})");
}

TEST_CASE("what not every reader takes is not settled") {
  for (const std::string& json : {std::string("1e400"), std::string("[-1e999]"), std::string(5000, '9'),
                                  std::string(300, '[') + std::string(300, ']')}) {
    Tree tree = Tree::parse_strictly(json);
    CHECK_FALSE(rows::settle(tree));
  }
}
