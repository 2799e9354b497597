#include "redact.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "characters.hpp"

namespace kimistream {
namespace {

constexpr std::size_t shortest = 4;  // of what could be a key

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// Whether a header's name speaks of a credential: its words are what stands between hyphens and underscores.
bool is_credential(std::string_view name) {
  constexpr std::string_view speaking[] = {"authorization", "auth",     "key",    "apikey",  "token",
                                           "secret",        "password", "cookie", "cookie2", "credential"};
  constexpr std::string_view harmless[] = {"idempotency", "cache", "partition", "routing", "sort"};  // their keys
  bool speaks = false;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of("-_"), name.size());
    const auto is = [&](std::string_view word) { return equal_ignoring_case(name.substr(0, end), word); };
    if (std::any_of(std::begin(harmless), std::end(harmless), is)) return false;
    speaks = speaks || std::any_of(std::begin(speaking), std::end(speaking), is);
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return speaks;
}

/// A word as people write it: "EMPTY", "moonshot". Keys have digits, or letters of both cases, or are longer.
bool is_ordinary(std::string_view value) {
  constexpr std::size_t longest_word = 15, longest_number = 7;
  if (std::all_of(value.begin(), value.end(), is_digit)) return value.size() <= longest_number;
  if (value.size() > longest_word || !std::all_of(value.begin(), value.end(), is_letter)) return false;
  const auto rest = value.substr(1);
  return std::none_of(rest.begin(), rest.end(), is_upper) || std::all_of(value.begin(), value.end(), is_upper);
}

void add(std::string_view value, std::vector<std::string>& secrets) {
  if (value.size() >= shortest && !is_ordinary(value)) secrets.emplace_back(value);
}

/// "session=abc; theme=dark"
void add_cookies(std::string_view cookies, std::vector<std::string>& secrets) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find("; "), cookies.size());
    const std::string_view cookie = cookies.substr(0, end);
    add(cookie.substr(std::min(cookie.find('=') + 1, cookie.size())), secrets);
    cookies.remove_prefix(std::min(end + 2, cookies.size()));
  }
}

void replace(std::string& text, std::string_view secret) {
  constexpr std::string_view stand_in = "[key]";
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + stand_in.size()))
    text.replace(at, secret.size(), stand_in);
}

}  // namespace

std::vector<std::string> secrets_in(const Headers& headers) {
  std::vector<std::string> secrets;
  for (const auto& [name, value] : headers) {
    if (!is_credential(name)) continue;
    const std::size_t space = value.find(' ');
    if (equal_ignoring_case(name, "cookie"))
      add_cookies(value, secrets);
    else
      add(space == std::string::npos ? value : std::string_view(value).substr(space + 1), secrets);
  }
  return secrets;
}

bool has_key(const Headers& headers) {
  return headers.find("authorization").has_value() || headers.find("x-api-key").has_value();
}

void redact(std::string& text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < shortest) continue;
    replace(text, secret);
    if (secret.find('/') == std::string::npos) continue;
    std::string escaped;
    for (const char c : secret) escaped.append(c == '/' ? "\\/" : std::string_view(&c, 1));
    replace(text, escaped);
  }
}

void redact(Headers& headers, const std::vector<std::string>& secrets) {
  Headers shown;
  for (const auto& [name, value] : headers) {
    std::string text = value;
    redact(text, secrets);
    shown.add(name, std::move(text));
  }
  headers = std::move(shown);
}

void redact(Error& error, const std::vector<std::string>& secrets) {
  for (std::string* text : {&error.message, &error.type, &error.code, &error.param, &error.body, &error.request_id})
    redact(*text, secrets);
  redact(error.headers, secrets);
}

}  // namespace kimistream
