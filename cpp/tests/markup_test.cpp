// The loop that grammars share, and JSON that ends at a token.
#include "wire/markup/markup.hpp"

#include <doctest/doctest.h>

#include <string>

#include "wire/markup/json_text.hpp"

namespace markup = kimistream::wire::markup;

namespace {

/// "<|end|>" ends; "<|held|>" is text.
struct Toy final : markup::Grammar {
  std::size_t measure(std::string_view rest, markup::Ending, const markup::Sink&) const override {
    for (const std::string_view token : {"<|end|>", "<|held|>"}) {
      if (rest.starts_with(token)) return token.size();
      if (token.starts_with(rest)) return markup::unsure;
    }
    return markup::foreign;
  }
  void take(std::string_view, markup::Ending behind, markup::Sink&) override {
    open = false;
    ending = behind;
  }
  bool inside() const noexcept override { return open; }
  std::string again() override { return {}; }
  void finish(markup::Ending, markup::Sink&) override {}
  void add(std::string_view text, markup::Sink& sink) override { sink.text(text); }
  bool quotes() override { return quoting; }
  bool holds(std::string_view token) override { return token == "<|held|>"; }

  bool open = true;
  bool quoting = false;
  markup::Ending ending = markup::Ending::cut;
};

}  // namespace

TEST_CASE("a grammar reads up to what closes it, and leaves a token under way") {
  Toy toy;
  markup::Sink sink(markup::Side::answer);
  CHECK(toy.read("a<|b<|held|>c<", markup::Ending::open, sink) == 13);
  CHECK(sink.out.answer == "a<|b<|held|>c");
  CHECK(toy.read("<|en", markup::Ending::open, sink) == 0);
  CHECK(toy.read("<|end|>d", markup::Ending::open, sink) == 7);
  CHECK(toy.ending == markup::Ending::open);
  CHECK_FALSE(toy.inside());
  Toy last;
  CHECK(last.read("<|end|>", markup::Ending::stop, sink) == 7);
  CHECK(last.ending == markup::Ending::stop);
}

TEST_CASE("what a grammar quotes is text, also what could become a token") {
  Toy toy;
  toy.quoting = true;
  markup::Sink sink(markup::Side::answer);
  CHECK(toy.read("a<|end|><|en", markup::Ending::open, sink) == 12);
  CHECK(sink.out.answer == "a<|end|><|en");
  CHECK(toy.inside());
}

TEST_CASE("JSON holds the tokens in its strings, unless they have no end") {
  markup::JsonText json;
  json.append("{\"a\":\"x");
  CHECK(json.quotes());
  json.append("<|end|>");
  json.append("\"}");
  CHECK(json.whole());
  CHECK_FALSE(json.quotes());
  json.clear();
  json.append("{\"a\":\"x");
  CHECK(json.quotes());
  json.append("<|end|> and so on");
  CHECK(json.cut_at_token() == "<|end|> and so on");
  CHECK(json.text == "{\"a\":\"x");
  CHECK_FALSE(json.quotes());
  CHECK(json.cut_at_token().empty());
}
