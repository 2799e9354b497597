#include "kimistream/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace kimistream {
namespace {

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
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

}  // namespace

std::optional<double> retry_after_seconds(const Headers& headers, double now) {
  if (const auto text = headers.find("retry-after-ms"))
    if (const auto value = number(*text); value && *value >= 0) return *value / 1000;
  if (const auto text = headers.find("retry-after")) {
    if (const auto value = number(*text)) return *value >= 0 ? value : std::nullopt;
    if (const auto date = http_date(*text)) {
      if (now == 0) now = static_cast<double>(std::time(nullptr));
      if (*date > now) return *date - now;
    }
  }
  return std::nullopt;
}

std::optional<double> next_delay(const RetryPolicy& policy, const Error& error, int retries, double dice) {
  if (!error.retryable || retries >= policy.max_retries) return std::nullopt;
  if (error.retry_after && *error.retry_after > policy.longest_hint) return std::nullopt;
  if (error.retry_after && *error.retry_after > 0) return *error.retry_after;
  const double ceiling = std::min(policy.cap_seconds, policy.base_seconds * std::exp2(retries));
  return ceiling * std::clamp(dice, 0.0, 1.0);  // full jitter
}

}  // namespace kimistream
