// One tag of K3's markup.
#include "wire/markup/k3_tag.hpp"

#include <doctest/doctest.h>

#include <string>

namespace markup = kimistream::wire::markup;
using markup::Ending;
using markup::Tag;

namespace {

std::size_t tag_size(std::string_view text, Ending ending = Ending::open) {
  Tag tag;
  return Tag::read(text, ending, tag);
}

}  // namespace

TEST_CASE("a tag has a kind, a name and attributes") {
  const std::string text = R"(<|open|> call tool="a.b"  index="1" <|sep|>rest)";
  Tag tag;
  CHECK(Tag::read(text, Ending::open, tag) == text.size() - 4);
  CHECK(tag.opens("call"));
  CHECK(tag.of_calls());
  CHECK(tag.separated);
  CHECK(tag.attribute("tool") == "a.b");
  CHECK(tag.attribute("index") == "1");
  CHECK(tag.attribute("key").empty());
  CHECK(tag.attribute("too").empty());
  CHECK(Tag::read("<|close|>think<|sep|>", Ending::open, tag) == 21);
  CHECK(tag.closes("think"));
  CHECK_FALSE(tag.of_calls());
  CHECK(Tag::read("<|end_of_msg|>", Ending::open, tag) == 14);
  CHECK(tag.kind == Tag::Kind::end);
}

TEST_CASE("the beginning of a tag may become one, and at the end it is what it names") {
  const std::string text = R"(<|open|>argument key="k" type="string"<|sep|>)";
  for (std::size_t size = 1; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(tag_size(text.substr(0, size)) == markup::unsure);
  }
  CHECK(tag_size("<|close|>think", Ending::stop) == 14);
  CHECK(tag_size("<|close|>thi", Ending::stop) == markup::unsure);
  CHECK(tag_size("<|open|>call tool=\"x", Ending::cut) == markup::unsure);
}

TEST_CASE("the separator may be missing before another tag, and where a line ends behind the close of a channel") {
  CHECK(tag_size("<|close|>call<|close|>tools<|sep|>") == 13);
  CHECK(tag_size("<|open|>tools <|open|>call") == 13);
  CHECK(tag_size("<|close|>think\nYes") == 14);
  CHECK(tag_size("<|close|>call\nYes") == markup::foreign);
  CHECK(tag_size("<|close|>think Yes") == markup::foreign);
}

TEST_CASE("anything else is text") {
  for (const std::string text :
       {"<|open|>`", "<|open|>box<|sep|>", "<|open|>thinks<|sep|>", "<|sep|>", "<|im_end|>", "<|open|>call x<|sep|>",
        "<|open|>call x=1<|sep|>", "<|close|>call a=\"1\"<|sep|>", "<|open|>callx=\"1\"<|sep|>", "<|open|>call<|x"})
    CHECK(tag_size(text) == markup::foreign);
  CHECK(tag_size("<|open|>call x=\"" + std::string(Tag::longest, ' ')) == markup::foreign);
}
