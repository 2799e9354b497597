#include "redact.hpp"

#include <utility>

namespace kimistream {

void redact(std::string& text, std::string_view secret) {
  if (secret.size() < 4) return;
  constexpr std::string_view stand_in = "[key]";
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + stand_in.size()))
    text.replace(at, secret.size(), stand_in);
}

void redact(Error& error, std::string_view secret) {
  for (std::string* text : {&error.message, &error.type, &error.code, &error.param, &error.body}) redact(*text, secret);
  Headers headers;
  for (const auto& [name, value] : error.headers) {
    std::string shown = value;
    redact(shown, secret);
    headers.add(name, std::move(shown));
  }
  error.headers = std::move(headers);
}

}  // namespace kimistream
