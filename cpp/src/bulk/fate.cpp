#include "bulk/fate.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kimistream/bulk_run.hpp"
#include "kimistream/retry.hpp"

namespace kimistream {
namespace bulk {
namespace {

template <class Value, std::size_t n>
bool is_one_of(const std::array<Value, n>& all, const Value& value) {
  return std::find(all.begin(), all.end(), value) != all.end();
}

constexpr std::array<std::string_view, 6> limits = {"concurrency", "rpm", "tpm", "tpd", "rate_limit", "overload"};
constexpr std::array<std::string_view, 4> of_all = {"quota", "suspended", "key", "no_channel"};
constexpr std::array<std::string_view, 2> of_the_row = {"content_filter", "context_overflow"};
constexpr std::array<int, 2> statuses_of_too_much = {429, 529};  // 529: the other protocol's word for an overload
constexpr std::array<int, 4> statuses_of_all = {401, 402, 403, 404};
constexpr double first_aside = 1, longest_aside = 60, longest_alone = 30;

}  // namespace

Fate fate_of(const Error& error, int retries, int max_retries) {
  if (error.kind == ErrorKind::invalid_request || error.kind == ErrorKind::cassette_miss) return Fate::row;
  const int status = error.status_code.value_or(0);
  if (meets_every_row(status, error.reason)) return Fate::run;
  if (is_one_of(statuses_of_too_much, status) && (error.retryable || is_one_of(limits, std::string_view(error.reason))))
    return Fate::wait;
  return next_delay({.max_retries = max_retries}, error, retries, 0) ? Fate::again : Fate::row;
}

double pause_before(const Error& error, int retries, double dice) {
  return next_delay({.max_retries = retries + 1}, error, retries, dice).value_or(0);
}

Aside aside_of(const Error& error, int refusals) {
  const double aside = std::min(longest_aside, std::ldexp(first_aside, std::clamp(refusals - 1, 0, 10)));
  const double hint = std::max(0.0, error.retry_after.value_or(0));
  return {.earliest = hint > 0 ? hint : std::min(aside, longest_alone), .due = hint + aside};
}

bool streams_next(const Error& error) {
  return error.kind == ErrorKind::status && (error.status_code == 504 || error.status_code == 524);
}

bool may_be_counted(const Error& error) { return error.kind != ErrorKind::connection; }

}  // namespace bulk

bool meets_every_row(int status_code, std::string_view reason) noexcept {
  using namespace bulk;
  if (is_one_of(of_all, reason)) return true;
  return is_one_of(statuses_of_all, status_code) && !is_one_of(of_the_row, reason);
}

}  // namespace kimistream
