#include "clocks.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace kimistream {
namespace {

using std::chrono::milliseconds;

struct Field {
  std::string_view name;
  std::optional<milliseconds> Timeout::*asked;
  milliseconds ClockLimits::*limit;
};

constexpr std::array<Field, 4> clock_fields = {{{"connect", &Timeout::connect, &ClockLimits::connect},
                                                {"first_event", &Timeout::first_event, &ClockLimits::first_event},
                                                {"idle", &Timeout::idle, &ClockLimits::idle},
                                                {"total", &Timeout::total, &ClockLimits::total}}};

}  // namespace

ClockLimits limits_of(const Timeout& asked, const Timeout& clients) {
  ClockLimits limits;
  for (const Field& field : clock_fields) {
    for (const Timeout* said : {&asked, &clients})
      if (const auto& limit = said->*field.asked; limit && *limit <= milliseconds{0})
        throw Exception(invalid_request("timeout: " + std::string(field.name) +
                                        " must be more than 0 seconds; leave it open for the default"));
    const auto& limit = asked.*field.asked ? asked.*field.asked : clients.*field.asked;
    if (limit) limits.*field.limit = std::min(*limit, ClockLimits::never());
  }
  return limits;
}

Error timed_out(std::string_view clock, std::string_view what, milliseconds limit) {
  Error error;
  error.kind = ErrorKind::timeout;
  error.clock = clock;
  error.type = std::string(clock) + "_timeout";
  std::string seconds = std::to_string(static_cast<double>(limit.count()) / 1000.0);
  seconds.erase(seconds.find_last_not_of('0') + 1);
  if (seconds.back() == '.' || seconds.back() == ',') seconds.pop_back();
  error.message = std::string(what) + " " + seconds + " s; ";
  error.message += clock == "total" ? "raise timeout's total, or leave it open"
                                    : "the model may think long: raise timeout, or try again";
  error.retryable = true;
  return error;
}

}  // namespace kimistream
