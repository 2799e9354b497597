// A request's body on its way out: what is watched, and what stays as it was.
#include "outgoing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

namespace ks = kimistream;

namespace {

class Letters final : public ks::BodySource {
 public:
  explicit Letters(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
  bool rewind() override {
    at_ = 0;
    return true;
  }
  std::size_t read(char* to, std::size_t capacity) override {
    const std::size_t size = text_.copy(to, capacity, at_);
    at_ += size;
    return size;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

std::shared_ptr<ks::Body> body_of(std::string text) {
  auto body = std::make_shared<ks::Body>();
  body->segments.push_back({.text = "head"});
  body->segments.push_back({.source = std::make_shared<Letters>(std::move(text))});
  return body;
}

}  // namespace

TEST_CASE("a body of text alone is not watched") {
  std::shared_ptr<ks::Body> none;
  CHECK(ks::Outgoing::watch(none) == nullptr);
  auto body = std::make_shared<ks::Body>();
  body->segments.push_back({.text = "text"});
  CHECK(ks::Outgoing::watch(body) == nullptr);
}

TEST_CASE("what goes out is seen, and forgotten when an attempt begins") {
  auto body = body_of("abc");
  const auto outgoing = ks::Outgoing::watch(body);
  REQUIRE(outgoing);
  CHECK_FALSE(outgoing->begun());
  CHECK(outgoing->at() == ks::Clock::time_point{});
  CHECK(body->size() == 7);
  std::array<char, 2> two{};
  auto& source = *body->segments[1].source;
  CHECK(source.read(two.data(), two.size()) == 2);
  CHECK(outgoing->begun());
  CHECK(outgoing->at() > ks::Clock::time_point{});
  outgoing->restart();
  CHECK_FALSE(outgoing->begun());
  REQUIRE(source.rewind());
  CHECK(source.read(two.data(), two.size()) == 2);
  CHECK(two[0] == 'a');
  CHECK(outgoing->begun());
}

TEST_CASE("a body that is shared stays as it was") {
  const auto shared = body_of("abc");
  auto body = shared;
  const auto source = shared->segments[1].source;
  REQUIRE(ks::Outgoing::watch(body));
  CHECK(body != shared);
  CHECK(shared->segments[1].source == source);
  CHECK(body->segments[0].text == "head");
}
