// A history that is sent again: what is kept of it, and when that is used.
#include "wire/rewriter.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/play.hpp"
#include "wire/encode.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;

namespace {

const ks::Provider& row(const char* name) { return *ks::find_provider(name); }

std::string body(const ks::Request& request, const ks::Provider& row, ks::Written* written = nullptr) {
  return wire::encode(row, request, "m", true, nullptr, written).body->segments.at(0).text;
}

/// Holds each body against one that nothing was kept for. @return how many messages were encoded
std::size_t sent(const ks::Request& request, ks::Written& written, const ks::Provider& at = row("moonshot")) {
  const std::size_t before = written.encoded();
  CHECK(body(request, at, &written) == body(request, at));
  return written.encoded() - before;
}

ks::Message calls(std::string id) {
  ks::Message message;
  message.role = "assistant";
  message.tool_calls = {{.id = std::move(id), .name = "f", .arguments = "{}"}};
  return message;
}

}  // namespace

TEST_CASE("only what is new is encoded") {
  ks::Written written;
  ks::Request request{.messages = {ks::user("one \"quoted\"")}};
  CHECK(sent(request, written) == 1);
  request.messages.push_back(ks::assistant("two"));
  request.messages.push_back(ks::user("three"));
  CHECK(sent(request, written) == 2);
  CHECK(sent(request, written) == 0);
  request.system = "before them all";
  request.prefill = "The";
  CHECK(sent(request, written) == 0);
}

TEST_CASE("what is forgotten is encoded anew, and so is all in another mode or at another provider") {
  ks::Written written;
  ks::Request request{.messages = {ks::user("one"), ks::assistant("two"), ks::user("three")}};
  (void)sent(request, written);
  request.messages[1].content = "another";
  written.forget(1);
  CHECK(sent(request, written) == 1);
  request.messages[2] = ks::user("four");
  written.shorten(2);
  CHECK(sent(request, written) == 1);
  written.forget(7);
  written.shorten(9);
  CHECK(sent(request, written) == 0);
  request.thinking = false;
  CHECK(sent(request, written) == 3);
  CHECK(sent(request, written, row("vllm")) == 3);
}

TEST_CASE("an id that write-back changes later is written as it is then") {
  ks::Written written;
  ks::Request request{.messages = {ks::user("u"), calls("call.1"), ks::tool_result("call.1", "r")}};
  ks::Provider sanitizes = row("moonshot");
  sanitizes.tool_ids = ks::ToolIdPolicy::sanitized;
  CHECK(sent(request, written, sanitizes) == 3);
  request.messages.push_back(calls("call_1"));  // the id that had been made for the other
  request.messages.push_back(ks::tool_result("call_1", "s"));
  CHECK(sent(request, written, sanitizes) == 4);
}

TEST_CASE("parts are encoded each time") {
  ks::Written written;
  ks::Request request{.messages = {ks::user({{.kind = ks::Part::Kind::text, .value = "t"},
                                             {.kind = ks::Part::Kind::image_url, .value = "https://x.test/a.png"}})}};
  CHECK(sent(request, written) == 0);
  CHECK(sent(request, written) == 0);
}

TEST_CASE("in the Anthropic protocol nothing is kept") {
  ks::Written written;
  const ks::Request request{.messages = {ks::user("one"), ks::assistant("two"), ks::user("three")}};
  CHECK(sent(request, written, row("moonshot-anthropic")) == 0);
}
