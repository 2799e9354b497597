// What is done about a break, as a table.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mend.hpp"

namespace ks = kimistream;
using ks::Mend;
using ks::OnBreak;

namespace {

ks::Error error_of(bool retryable) {
  ks::Error error;
  error.retryable = retryable;
  return error;
}

ks::Message text_of(std::string content) { return ks::assistant(std::move(content)); }

ks::Message reasoning_of(std::string reasoning) {
  ks::Message message;
  message.reasoning = std::move(reasoning);
  return message;
}

ks::Message call_of(std::string content) {
  ks::Message message = ks::assistant(std::move(content));
  message.tool_calls.push_back({.name = "f", .arguments = "{", .complete = false});
  return message;
}

const ks::Error passing = error_of(true), lasting = error_of(false);
const ks::Message text = text_of("Hello"), nothing = text_of(" \n"), thoughts = reasoning_of("Hm"),
                  call = call_of("Hi");

}  // namespace

TEST_CASE("what is done about a break") {
  struct Row {
    const char* what;
    OnBreak on_break;
    ks::Break broken;
    Mend mend;
    bool pauses;
  };
  const std::vector<Row> rows = {
      {"raise", OnBreak::raise, {passing, text}, Mend::raise, false},
      {"restart", OnBreak::restart, {.error = passing, .so_far = text, .lost = true}, Mend::restart, false},
      {"continue", OnBreak::continue_, {.error = passing, .so_far = text, .lost = true}, Mend::go_on, false},
      {"an error frame", OnBreak::continue_, {.error = passing, .so_far = text, .lost = false}, Mend::go_on, true},
      {"nothing new",
       OnBreak::continue_,
       {.error = passing, .so_far = text, .lost = true, .brought = false},
       Mend::go_on,
       true},
      {"an error that will not pass", OnBreak::continue_, {lasting, text}, Mend::raise, false},
      {"one too many", OnBreak::continue_, {.error = passing, .so_far = text, .mended = 3}, Mend::raise, false},
      {"the last",
       OnBreak::restart,
       {.error = passing, .so_far = text, .mended = 2, .lost = true},
       Mend::restart,
       false},
      {"in the reasoning",
       OnBreak::continue_,
       {.error = passing, .so_far = thoughts, .lost = true},
       Mend::restart,
       false},
      {"in reasoning behind text",
       OnBreak::continue_,
       {.error = passing, .so_far = text, .lost = true, .reasoning = true},
       Mend::restart,
       false},
      {"in a call", OnBreak::continue_, {.error = passing, .so_far = call, .lost = true}, Mend::restart, false},
      {"blank", OnBreak::continue_, {.error = passing, .so_far = nothing, .lost = true}, Mend::restart, false},
      {"a row without prefill",
       OnBreak::continue_,
       {.error = passing, .so_far = text, .obstacle = "no prefill", .lost = true},
       Mend::restart,
       false},
      {"what was shown stays",
       OnBreak::restart,
       {.error = passing, .so_far = text, .lost = true, .cannot_be_taken_back = true},
       Mend::raise_instead,
       false},
      {"what was shown stays, and is gone on with",
       OnBreak::continue_,
       {.error = passing, .so_far = text, .lost = true, .cannot_be_taken_back = true},
       Mend::go_on,
       false},
      {"what was shown stays, in a call",
       OnBreak::continue_,
       {.error = passing, .so_far = call, .lost = true, .cannot_be_taken_back = true},
       Mend::raise_instead,
       false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const ks::Plan plan = ks::plan_for({.on_break = row.on_break}, row.broken);
    CHECK(plan.mend == row.mend);
    CHECK(plan.pauses == row.pauses);
  }
  CHECK(ks::plan_for({.on_break = OnBreak::restart, .max_breaks = 0}, {passing, text}).mend == Mend::raise);
  CHECK_FALSE(ks::plan_for({.on_break = OnBreak::continue_}, {passing, call}).why.empty());
}

TEST_CASE("an answer that was cut grows where there is text, and no call") {
  CHECK(ks::can_grow(text));
  CHECK_FALSE(ks::can_grow(thoughts));
  CHECK_FALSE(ks::can_grow(nothing));
  CHECK_FALSE(ks::can_grow(call));
}

TEST_CASE("a continuation is refused by a 4xx that stays, and by nothing else") {
  const auto refused = [](ks::ErrorKind kind, int status, bool retryable) {
    ks::Error error;
    error.kind = kind;
    error.status_code = status;
    error.retryable = retryable;
    return ks::refuses(error);
  };
  CHECK(refused(ks::ErrorKind::status, 400, false));
  CHECK(refused(ks::ErrorKind::status, 422, false));
  CHECK_FALSE(refused(ks::ErrorKind::status, 429, true));
  CHECK_FALSE(refused(ks::ErrorKind::status, 429, false));  // a quota that is used up
  CHECK_FALSE(refused(ks::ErrorKind::status, 408, true));
  CHECK_FALSE(refused(ks::ErrorKind::status, 503, true));
  CHECK_FALSE(refused(ks::ErrorKind::connection, 0, true));
}
