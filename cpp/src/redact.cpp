#include "redact.hpp"

#include <algorithm>
#include <utility>

namespace kimistream {
namespace {

bool is_credential(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto speaks_of = [&](const char* word) { return lower.find(word) != std::string::npos; };
  return speaks_of("authorization") || speaks_of("key") || speaks_of("token") || speaks_of("secret") ||
         speaks_of("cookie") || speaks_of("password");
}

}  // namespace

std::vector<std::string> secrets_in(const Headers& headers) {
  std::vector<std::string> secrets;
  for (const auto& [name, value] : headers) {
    if (!is_credential(name)) continue;
    if (const std::size_t space = value.find(' '); space != std::string::npos)
      secrets.push_back(value.substr(space + 1));
    else
      secrets.push_back(value);
  }
  return secrets;
}

bool has_key(const Headers& headers) {
  return headers.find("authorization").has_value() || headers.find("x-api-key").has_value();
}

void redact(std::string& text, const std::vector<std::string>& secrets) {
  constexpr std::string_view stand_in = "[key]";
  for (const std::string& secret : secrets) {
    if (secret.size() < 4) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + stand_in.size()))
      text.replace(at, secret.size(), stand_in);
  }
}

void redact(Error& error, const std::vector<std::string>& secrets) {
  for (std::string* text : {&error.message, &error.type, &error.code, &error.param, &error.body})
    redact(*text, secrets);
  Headers headers;
  for (const auto& [name, value] : error.headers) {
    std::string shown = value;
    redact(shown, secrets);
    headers.add(name, std::move(shown));
  }
  error.headers = std::move(headers);
}

}  // namespace kimistream
