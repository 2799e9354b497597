// What a request lets be said, and what must not even compile.
#include "kimistream/request.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace kimistream;

namespace {

template <class Value>
constexpr bool says_thinking = requires(Value value) {
  Request{.thinking = value};
};

static_assert(says_thinking<bool>);
static_assert(says_thinking<ThinkingMode>);
static_assert(says_thinking<ThinkingMode::Value>);
static_assert(!says_thinking<const char*>, "\"off\" would turn it on");
static_assert(!says_thinking<int>);
static_assert(!says_thinking<double>);
static_assert(!says_thinking<std::shared_ptr<int>>);
static_assert(!says_thinking<std::string>);

}  // namespace

TEST_CASE("thinking is said with a bool or one of its words") {
  CHECK(Request{}.thinking == ThinkingMode::unset);
  CHECK(Request{.thinking = true}.thinking == ThinkingMode::on);
  CHECK(Request{.thinking = false}.thinking == ThinkingMode::off);
  CHECK(Request{.thinking = ThinkingMode::keep}.thinking == ThinkingMode::keep);
}
