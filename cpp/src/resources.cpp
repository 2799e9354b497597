#include "resources.hpp"

#include <charconv>
#include <cstddef>
#include <set>
#include <utility>

#include "kimistream/error.hpp"

namespace kimistream {
namespace {

constexpr std::size_t max_pages = 10'000;  // of a list, by a server that never says that it ends
constexpr std::size_t max_excerpt = std::size_t{64} * 1024;

std::string escaped(std::string_view id) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : id) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain)
      text += c;
    else
      ((text += '%') += digits[byte >> 4]) += digits[byte & 15];
  }
  return text;
}

}  // namespace

std::string piece_of_path(std::string_view id, std::string_view what) {
  if (id.empty() || id == "." || id == "..")
    throw Exception(invalid_request("\"" + std::string(id) + "\" is no id of " + std::string(what)));
  return escaped(id);
}

std::shared_ptr<Body> body_of_text(std::string text) {
  auto body = std::make_shared<Body>();
  body->segments.push_back({.text = std::move(text), .source = nullptr});
  return body;
}

json::Tree parsed(const Json& answer) {
  try {
    return json::Tree::parse(answer.text);
  } catch (const json::Malformed&) {
    return {};
  }
}

std::int64_t integer_of(const json::Tree& tree, std::string_view key) {
  std::int64_t value = 0;
  const std::string text = tree.text_of(key);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void throw_unreadable(std::string message, const Json& answer) {
  Error error{.kind = ErrorKind::response, .message = std::move(message)};
  error.body = answer.text.substr(0, max_excerpt);
  throw Exception(std::move(error));
}

void for_each_item(Client& client, const std::string& path, const std::function<void(const json::Tree&)>& take) {
  std::set<std::string, std::less<>> seen;  // a server that knows no pages sends its first one again
  std::string query;
  for (std::size_t page = 0; page < max_pages; ++page) {
    const json::Tree answer = parsed(client.send({.path = path + query}));
    const json::Tree* data = answer.find("data");
    const json::Tree* more = answer.find("has_more");
    std::string last;
    if (data)
      for (const json::Tree& item : data->items()) {
        std::string id = item.text_of("id");
        if (id.empty() || !seen.insert(id).second) continue;
        take(item);
        last = std::move(id);
      }
    if (last.empty() || !more || more->text() != "true") break;
    query = "?after=" + escaped(last);
  }
}

}  // namespace kimistream
