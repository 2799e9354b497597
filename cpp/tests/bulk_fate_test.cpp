#include "bulk/fate.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kimistream/bulk_run.hpp"

namespace ks = kimistream;
using namespace ks::bulk;

namespace {

ks::Error status(int code, std::string reason = "", bool retryable = false) {
  ks::Error error;
  error.kind = ks::ErrorKind::status;
  error.status_code = code;
  error.reason = std::move(reason);
  error.retryable = retryable;
  return error;
}

ks::Error of_kind(ks::ErrorKind kind) {
  ks::Error error;
  error.kind = kind;
  error.retryable = true;
  return error;
}

}  // namespace

TEST_CASE("what a failed attempt means for its row and for the run") {
  for (const auto& error : {status(400), status(413), status(422), status(400, "content_filter"),
                            status(403, "content_filter"), status(400, "context_overflow"), status(429, "too_large"),
                            ks::invalid_request("wrong"), of_kind(ks::ErrorKind::cassette_miss)})
    CHECK(fate_of(error, 0, 2) == Fate::row);
  for (const auto& error : {status(401), status(402, "quota"), status(403), status(404), status(429, "quota"),
                            status(429, "suspended"), status(503, "no_channel")})
    CHECK(fate_of(error, 0, 2) == Fate::run);
  for (const auto& error : {status(429, "concurrency", true), status(429, "tpd", true), status(429, "tpd", false),
                            status(429, "overload", true), status(429, "", true), status(529, "overload", true)})
    CHECK(fate_of(error, 5, 2) == Fate::wait);  // and is no retry
  for (const auto& error : {status(503, "overload", true), status(500, "", true), of_kind(ks::ErrorKind::connection),
                            of_kind(ks::ErrorKind::timeout), of_kind(ks::ErrorKind::incomplete_stream)}) {
    CHECK(fate_of(error, 0, 2) == Fate::again);
    CHECK(fate_of(error, 2, 2) == Fate::row);  // the last of them is the row's
  }
  CHECK(fate_of(status(429), 0, 2) == Fate::row);
  ks::Error late = status(500, "", true);
  late.retry_after = 3600;
  CHECK(fate_of(late, 0, 2) == Fate::row);
}

TEST_CASE("pauses grow, and a hint is honoured") {
  ks::Error error = status(500, "", true);
  CHECK(pause_before(error, 0, 1.0) == 0.5);
  CHECK(pause_before(error, 2, 1.0) == 2.0);
  CHECK(pause_before(error, 10, 1.0) == 8.0);
  error.retry_after = 7;
  CHECK(pause_before(error, 0, 0.5) == 7);
}

TEST_CASE("a row that is refused again lets others go first, behind the pause that the server asks for") {
  ks::Error error = status(429);
  for (const double hint : {0.5, 1.0, 5.0, 60.0, 3600.0})
    for (int refusals = 1; refusals < 40; ++refusals) {
      CAPTURE(hint);
      CAPTURE(refusals);
      error.retry_after = hint;
      const auto aside = aside_of(error, refusals);
      CHECK(aside.earliest == hint);
      CHECK(aside.due >= hint + 1);
      CHECK(aside.due <= hint + 60);
    }
  error.retry_after.reset();
  CHECK(aside_of(error, 1).earliest == 1);  // it grows, whoever is left
  CHECK(aside_of(error, 3).earliest == 4);
  CHECK(aside_of(error, 3).due == 4);
  CHECK(aside_of(error, 100).earliest == 30);
  CHECK(aside_of(error, 100).due == 60);
}

TEST_CASE("what a provider may have counted, and after which status an answer is asked for in pieces") {
  CHECK(may_be_counted(status(500)));
  CHECK(may_be_counted(of_kind(ks::ErrorKind::timeout)));
  CHECK_FALSE(may_be_counted(of_kind(ks::ErrorKind::connection)));
  CHECK(streams_next(status(504)));
  CHECK(streams_next(status(524)));
  CHECK_FALSE(streams_next(status(500)));
}

TEST_CASE("a key or a model that is refused meets every row, and what is wrong with one row does not") {
  CHECK(ks::meets_every_row(401, ""));
  CHECK(ks::meets_every_row(0, "quota"));
  CHECK_FALSE(ks::meets_every_row(403, "content_filter"));
  CHECK_FALSE(ks::meets_every_row(429, "rpm"));
}
