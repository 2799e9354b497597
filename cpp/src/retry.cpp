#include "kimistream/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "json/number.hpp"

namespace kimistream {
namespace {

std::optional<double> number(std::string_view text) {
  const auto value = json::take_number(text);
  return text.empty() ? value : std::nullopt;
}

std::optional<int> digits(std::string_view text) {
  int value = 0;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

/// Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
std::optional<double> http_date(std::string_view text) {
  const std::size_t comma = text.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  text.remove_prefix(comma + 2);
  if (text.size() != 24 || text.substr(20) != " GMT" || text[2] != ' ' || text[6] != ' ' || text[11] != ' ' ||
      text[14] != ':' || text[17] != ':')
    return std::nullopt;
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = std::find(months.begin(), months.end(), text.substr(3, 3));
  const auto day = digits(text.substr(0, 2)), year = digits(text.substr(7, 4)), hour = digits(text.substr(12, 2)),
             minute = digits(text.substr(15, 2)), second = digits(text.substr(18, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  std::tm time{};
  time.tm_year = *year - 1900;
  time.tm_mon = static_cast<int>(month - months.begin());
  time.tm_mday = *day;
  time.tm_hour = *hour;
  time.tm_min = *minute;
  time.tm_sec = *second;
  return static_cast<double>(timegm(&time));
}

/// Seconds of "1s", "6m0s", "1h30m", "250ms".
std::optional<double> duration(std::string_view text) {
  double total = 0;
  while (!text.empty()) {
    const std::size_t end = text.find_first_not_of("0123456789.");
    const auto value = number(text.substr(0, end));
    if (!value || end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end);
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    constexpr std::pair<std::string_view, double> units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
    const auto known = std::find_if(std::begin(units), std::end(units), [&](auto& each) { return each.first == unit; });
    if (known == std::end(units)) return std::nullopt;
    total += *value * known->second;
    text.remove_prefix(unit.size());
  }
  return total > 0 ? std::optional(total) : std::nullopt;
}

/// The field under one of its names: the standard's, or a gateway's. LiteLLM hands its upstream's headers on with a
/// prefix, and sends none of its own.
std::optional<std::string_view> said(const Headers& headers, std::initializer_list<std::string_view> names) {
  for (const std::string_view prefix : {"", "llm_provider-"})
    for (const std::string_view name : names)
      if (const auto value = headers.find(std::string(prefix) + std::string(name))) return value;
  return std::nullopt;
}

}  // namespace

std::optional<double> retry_after_seconds(const Headers& headers, double now) {
  if (const auto text = said(headers, {"retry-after-ms", "x-ms-retry-after-ms"}))
    if (const auto value = number(*text); value && *value >= 0) return *value / 1000;
  if (const auto text = said(headers, {"retry-after", "x-retry-after"})) {
    if (const auto value = number(*text)) return *value >= 0 ? value : std::nullopt;
    if (const auto date = http_date(*text)) {
      if (now == 0) now = static_cast<double>(std::time(nullptr));
      if (*date > now) return *date - now;
    }
  }
  return std::nullopt;
}

std::optional<double> rate_limit_reset_seconds(const Headers& headers, double now) {
  std::optional<double> longest;
  for (const char* name : {"x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"})
    if (const auto text = said(headers, {name}))
      if (const auto seconds = duration(*text)) longest = std::max(longest.value_or(0), *seconds);
  if (longest) return longest;
  const auto text = said(headers, {"x-ratelimit-reset", "ratelimit-reset"});
  const auto value = text ? number(*text) : std::nullopt;
  if (!value || *value <= 0) return std::nullopt;
  constexpr double first_time = 1e9, first_time_ms = 1e11;  // smaller ones are not years of waiting but seconds
  if (*value < first_time) return value;
  if (now == 0) now = static_cast<double>(std::time(nullptr));
  const double wait = (*value < first_time_ms ? *value : *value / 1000) - now;
  return wait > 0 ? std::optional(wait) : std::nullopt;
}

std::optional<double> next_delay(const RetryPolicy& policy, const Error& error, int retries, double dice,
                                 double elapsed) {
  if (!error.retryable || retries >= policy.max_retries) return std::nullopt;
  if (error.retry_after && *error.retry_after > policy.longest_hint) return std::nullopt;
  const double ceiling = std::min(policy.cap_seconds, policy.base_seconds * std::exp2(retries));
  const double delay = error.retry_after && *error.retry_after > 0
                           ? *error.retry_after
                           : ceiling * std::clamp(dice, 0.0, 1.0);  // full jitter
  return elapsed + delay > policy.total_seconds ? std::nullopt : std::optional(delay);
}

}  // namespace kimistream
