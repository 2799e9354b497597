#include "wire/waits.hpp"

#include <algorithm>
#include <string>

#include "json/number.hpp"
#include "wire/words.hpp"

namespace kimistream::wire {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};

// Longer names first: "ms" is no "m".
constexpr Unit units[] = {
    {"milliseconds", 0.001},
    {"millisecond", 0.001},
    {"ms", 0.001},
    {"seconds", 1},
    {"second", 1},
    {"secs", 1},
    {"sec", 1},
    {"minutes", 60},
    {"minute", 60},
    {"mins", 60},
    {"min", 60},
    {"hours", 3600},
    {"hour", 3600},
    {"hrs", 3600},
    {"days", 86400},
    {"day", 86400},
    {"s", 1},
    {"m", 60},
    {"h", 3600},
    {"d", 86400},
    {"\u6BEB\u79D2", 0.001},
    {"\u79D2\u949F", 1},
    {"\u79D2", 1},
    {"\u5206\u949F", 60},
    {"\u4E2A\u5C0F\u65F6", 3600},
    {"\u5C0F\u65F6", 3600},
};

void skip(std::string_view& text, std::string_view what) {
  text.remove_prefix(std::min(text.find_first_not_of(what), text.size()));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A number at the front of the text, which is taken away; one with a sign is none.
std::optional<double> take_number(std::string_view& text) {
  return text.empty() || text.front() < '0' || text.front() > '9' ? std::nullopt : json::take_number(text);
}

const Unit* take_unit(std::string_view& text) {
  for (const Unit& unit : units) {
    if (find_words(text.substr(0, unit.name.size()), unit.name) != 0) continue;
    const std::string_view behind = text.substr(unit.name.size());
    if (is_letter(unit.name.back()) && !behind.empty() && is_letter(behind.front())) continue;
    text = behind;
    return &unit;
  }
  return nullptr;
}

/// "12", "12 s", "1m30s", "1 minute 30 seconds" at the front of the text. @param bare a number alone means seconds
std::optional<double> duration_at(std::string_view text, bool bare) {
  std::optional<double> total;
  for (;;) {
    skip(text, " \t\n");
    const auto value = take_number(text);
    if (!value) return total;
    skip(text, " \t\n");
    if (const Unit* unit = take_unit(text)) {
      total = total.value_or(0) + *value * unit->seconds;
      continue;
    }
    const bool other_unit = !text.empty() && is_letter(text.front());  // "5 attempts"
    return total || !bare || other_unit ? total : value;
  }
}

/// In Chinese the duration stands in front: "retry after 10 s" is "10 s later try again".
std::optional<double> wait_in_front(std::string_view message) {
  for (const std::string_view word : {"\u79D2", "\u5206\u949F", "\u5C0F\u65F6"})
    for (std::size_t at = message.find(word); at != std::string_view::npos; at = message.find(word, at + 1)) {
      const std::string_view behind = message.substr(at + word.size());
      if (behind.find("\u8BD5") == std::string_view::npos ||
          !(behind.starts_with("\u540E") || behind.starts_with("\u4E4B\u540E") || behind.starts_with("\u949F\u540E") ||
            behind.starts_with("\u518D")))
        continue;
      std::size_t begin = at;
      while (begin > 0 && std::string_view("0123456789. ").find(message[begin - 1]) != std::string_view::npos) --begin;
      if (const auto seconds = duration_at(message.substr(begin), false)) return seconds;
    }
  return std::nullopt;
}

}  // namespace

std::optional<double> wait_in_words(std::string_view message) {
  // Moonshot ("try again after 9 seconds"), OpenAI and Groq ("try again in 20s"), Gemini ("retry in 31.5s"), Azure
  // ("retry after 9 seconds"), LiteLLM ("Try again in 5 seconds"); headers and RetryInfo that are quoted in a text.
  for (const std::string_view lead :
       {"again in", "again after", "again within", "retry in", "retry after", "retrying in", "request in",
        "request after", "wait for", "wait at least", "please wait", "retry-after", "retry_after", "retryDelay",
        "reset in", "resets in", "reset after"})
    for (std::size_t at = 0; (at = find_words(message, lead, at)) != std::string_view::npos; ++at) {
      std::string_view rest = message.substr(at + lead.size());
      skip(rest, " \t\n:=\"'");
      for (const std::string_view filler : {"about ", "approximately ", "another "})
        if (find_words(rest.substr(0, filler.size()), filler) == 0) rest.remove_prefix(filler.size());
      if (const auto seconds = duration_at(rest, true)) return seconds;
    }
  return wait_in_front(message);
}

std::optional<double> wait_in_details(const json::Tree& error) {
  if (const json::Tree* details = error.find("details"))
    for (const json::Tree& detail : details->items())
      if (const auto seconds = duration_at(detail.text_of("retryDelay"), true)) return seconds;
  for (const char* key : {"retry_after", "retryAfter", "retry_after_seconds"})
    for (const json::Tree* place : {&error, error.find("metadata")})
      if (const auto seconds = place ? place->number_of(key) : std::nullopt; seconds && *seconds >= 0) return seconds;
  return std::nullopt;
}

}  // namespace kimistream::wire
