// Several grammars over one text.
#include "wire/markup/reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "support/markup.hpp"

using namespace kimistream::testing;
using markup::Ending;
using markup::Output;
using markup::Reader;
using markup::Side;

TEST_CASE("a fragment without '<' passes as long as nothing is open") {
  Reader reader(Side::answer, true);
  CHECK(reader.passes("hello"));
  CHECK_FALSE(reader.passes("a < b"));
  CHECK(reader.feed("a < b").answer == "a < b");
  CHECK_FALSE(reader.busy());
  CHECK(reader.passes("hello"));
  CHECK(reader.feed("a <").answer == "a ");
  CHECK(reader.busy());
  CHECK_FALSE(reader.passes("hello"));
  CHECK(reader.feed("b").answer == "<b");
  CHECK(reader.passes("hello"));
  CHECK(reader.finish(Ending::stop) == Output{});
}

TEST_CASE("a reader can be moved in the midst of a token") {
  Reader reader(Side::answer, true);
  CHECK(reader.feed("a<|tool_call_be").answer == "a");
  Reader other = std::move(reader);
  CHECK(other.feed("gin|>f:0{}<|tool_call_end|>b").answer == "b");
}

TEST_CASE("what one grammar has opened is its own: the tokens of another are text in there") {
  CHECK(read_all_ways(
            R"(<|tool_call_begin|>f:0<|tool_call_argument_begin|>{"a":"<|close|>call<|sep|>"}<|tool_call_end|>)")
            .calls == Calls{{"f:0", "f", R"({"a":"<|close|>call<|sep|>"})", true}});
}

TEST_CASE("a token that was cut is no text, where it is long enough to be sure or the text was cut") {
  CHECK(read_all_ways("a <|tool_calls_sec").answer == "a ");
  CHECK(read_all_ways("a <|clo").answer == "a <|clo");
  CHECK(read_all_ways("a <|clo", cut_off).answer == "a ");
  CHECK(read_all_ways("a <", cut_off).answer == "a <");
}
