#include "wire/pages.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "characters.hpp"
#include "wire/words.hpp"

namespace kimistream::wire {
namespace {

constexpr std::size_t longest_said = 160;
constexpr std::size_t longest_looked_at = 64 * 1024;  // styles and scripts stand in front of what is said

/// What stands between the tags of the first element of this name, "" where there is none.
std::string_view inside(std::string_view page, std::string_view name) {
  const std::string opening = "<" + std::string(name), closing = "</" + std::string(name);
  const std::size_t begin = find_words(page, opening);
  if (begin == std::string_view::npos) return {};
  const std::size_t text = page.find('>', begin);
  if (text == std::string_view::npos) return {};
  return page.substr(text + 1, find_words(page, closing, text) - text - 1);
}

void put_entity(std::string_view& text, std::string& out) {
  constexpr std::pair<std::string_view, char> entities[] = {{"&amp;", '&'},  {"&lt;", '<'},   {"&gt;", '>'},
                                                            {"&quot;", '"'}, {"&#39;", '\''}, {"&nbsp;", ' '}};
  for (const auto& [entity, character] : entities)
    if (text.starts_with(entity)) {
      out += character;
      return text.remove_prefix(entity.size());
    }
  out += text.front();
  text.remove_prefix(1);
}

/// The text without tags, styles, scripts and comments, its white space made single spaces.
std::string without_markup(std::string_view text, std::size_t longest) {
  std::string plain;
  // A character is either whole in the text or not; one that the limit would cut goes on for its last bytes.
  const auto within = [&](char c) { return plain.size() < longest || (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  while (!text.empty() && within(text.front())) {
    std::size_t skipped = 0;
    if (text.front() == '<') {
      std::string_view end = ">";
      for (const auto& [begin, stop] : {std::pair<std::string_view, std::string_view>{"<!--", "-->"},
                                        {"<script", "</script>"},
                                        {"<style", "</style>"},
                                        {"<title", "</title>"}})
        if (find_words(text.substr(0, begin.size()), begin) == 0) end = stop;
      skipped = find_words(text, end);
      skipped = skipped == std::string_view::npos ? text.size() : skipped + end.size();
    } else if (static_cast<unsigned char>(text.front()) <= ' ') {
      skipped = 1;
    }
    if (skipped > 0) {
      text.remove_prefix(skipped);
      if (!plain.empty() && plain.back() != ' ') plain += ' ';
    } else {
      put_entity(text, plain);
    }
  }
  return std::string(trim(plain));
}

}  // namespace

bool is_page(std::string_view text) {
  text = trim(text).substr(0, 64);
  for (const std::string_view beginning : {"<!doctype html", "<html", "<head", "<body", "<title", "<center", "<h1"})
    if (find_words(text, beginning) == 0) return true;
  return find_words(text, "<!--") == 0 ||
         (text.starts_with("<?xml") && find_words(text, "html") != std::string_view::npos);
}

std::string words_of_page(std::string_view page) {
  page = page.substr(0, longest_looked_at);
  std::string said = without_markup(inside(page, "title"), longest_said);
  const std::string body = without_markup(page, 2 * longest_said);
  if (said.empty()) said = without_markup(inside(page, "h1"), longest_said);
  std::string_view more = body;
  if (!said.empty() && more.starts_with(said)) more = trim(more.substr(said.size()));
  if (!more.empty()) {
    if (!said.empty()) said += ": ";
    said.append(beginning(more, longest_said));
    if (more.size() > longest_said) said += "...";
  }
  return said;
}

std::string_view reason_phrase(int status) noexcept {
  // RFC 9110; 520 to 530: developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors
  constexpr std::pair<int, std::string_view> phrases[] = {
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {407, "Proxy Authentication Required"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {422, "Unprocessable Content"},
      {425, "Too Early"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {499, "Client Closed Request"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {520, "the server gave its proxy an answer that makes no sense"},
      {521, "the server refused its proxy's connection"},
      {522, "the server did not take its proxy's connection in time"},
      {523, "the server's proxy cannot reach it"},
      {524, "the server did not answer its proxy in time"},
      {525, "the TLS handshake between the server and its proxy failed"},
      {526, "the server's certificate is not trusted by its proxy"},
      {529, "the server is overloaded"},
      {530, "the server's proxy cannot find it"},
  };
  const auto known =
      std::find_if(std::begin(phrases), std::end(phrases), [&](auto& each) { return each.first == status; });
  return known == std::end(phrases) ? std::string_view() : known->second;
}

std::string sender_of(const Headers& headers) {
  std::string sender(trim(headers.find("server").value_or("")).substr(0, 100));
  if (const std::string_view via = trim(headers.find("via").value_or("")).substr(0, 100); !via.empty())
    sender.append(sender.empty() ? "via " : ", via ").append(via);
  return sender;
}

}  // namespace kimistream::wire
