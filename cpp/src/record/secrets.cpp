#include "record/secrets.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "media/base64.hpp"
#include "record/spoken.hpp"
#include "record/unescaped.hpp"
#include "redact.hpp"

namespace kimistream::record {
namespace {

constexpr std::string_view stand_in = "[key]";
constexpr char overwritten = 'x';
constexpr int deepest = 3;  // JSON as text in JSON, and an address in it
// Fewer characters of base64 could stand in any picture by chance.
constexpr std::size_t shortest_base64 = 8;
constexpr std::array<std::string_view, 5> secret_headers = {"authorization", "x-api-key", "cookie", "set-cookie",
                                                            "proxy-authorization"};

bool is_plain(char c) {  // RFC 3986, 2.3
  constexpr std::string_view marks = "-._~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

/// What is not plain, escaped: "%2B" in an address, "\u002B" where a server writes JSON with great care.
std::string escaped(std::string_view text, std::string_view prefix, std::string_view digits) {
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += prefix;
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string with_backslashes(std::string_view text, std::string_view before) {
  std::string out;
  for (const char c : text) {
    if (before.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// The characters of base64 text that the secret alone decides when `before` bytes (0 to 2) of a group precede it.
std::string in_base64(std::string_view secret, std::size_t before) {
  const std::string bytes = std::string(before, '\0') + std::string(secret);
  std::string text(static_cast<std::size_t>(media::base64::encoded_size(bytes.size())), '\0');
  media::base64::encode(bytes.data(), bytes.size(), text.data());
  const std::size_t first = (8 * before + 5) / 6, end = 8 * bytes.size() / 6;
  return text.substr(first, end - first);
}

}  // namespace

Secrets::Secrets(const Headers& sent) {
  for (const std::string& secret : secrets_in(sent)) add(secret);
  std::sort(forms_.begin(), forms_.end(), [](const Form& a, const Form& b) { return a.text.size() > b.text.size(); });
}

void Secrets::add(const std::string& secret) {
  add_form(secret, false);
  add_form(with_backslashes(secret, "\"\\"), false);
  for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"})
    for (const std::string_view prefix : {"%", "\\u00"}) add_form(escaped(secret, prefix, digits), false);
  for (std::size_t before = 0; before < 3; ++before) {
    std::string text = in_base64(secret, before);
    if (text.size() < shortest_base64) continue;
    add_form(text, true);
    std::replace(text.begin(), text.end(), '+', '-');  // RFC 4648, 5
    std::replace(text.begin(), text.end(), '/', '_');
    add_form(std::move(text), true);
  }
}

void Secrets::add_form(std::string text, bool base64) {
  const auto known = [&](const Form& form) { return form.text == text; };
  if (std::any_of(forms_.begin(), forms_.end(), known)) return;
  if (text.find('/') != std::string::npos) forms_.push_back({with_backslashes(text, "/"), base64});
  forms_.push_back({std::move(text), base64});
}

/// In order, none overlapping another.
std::vector<Secrets::Place> Secrets::merged(std::vector<Place> found) {
  std::sort(found.begin(), found.end(),
            [](const Place& a, const Place& b) { return a.at < b.at || (a.at == b.at && a.size > b.size); });
  std::vector<Place> places;
  for (const Place& place : found) {
    if (places.empty() || place.at >= places.back().at + places.back().size) {
      places.push_back(place);
      continue;
    }
    Place& last = places.back();
    last.size = std::max(last.size, place.at + place.size - last.at);
    last.base64 = last.base64 && place.base64;
    last.begins = last.begins || place.begins;
  }
  return places;
}

std::vector<Secrets::Place> Secrets::find_in(std::string_view text, int depth) const {
  std::vector<Place> found;
  for (const Form& form : forms_)
    for (std::size_t at = text.find(form.text); at != std::string_view::npos; at = text.find(form.text, at + 1))
      found.push_back({at, form.text.size(), form.base64});
  if (depth == deepest) return merged(std::move(found));
  for (const auto& plain : {without_json_escapes(text), without_percents(text)})
    if (plain)
      for (const Place& place : find_in(plain->text, depth + 1)) {
        const std::size_t at = plain->place_of(place.at);
        found.push_back({at, plain->place_of(place.at + place.size) - at});
      }
  return merged(std::move(found));
}

/// In texts that are said in fragments.
void Secrets::find_spoken(std::string_view text, std::vector<Place>& found) const {
  for (const auto& fragments : spoken_in(text)) {
    std::string said;
    for (const Fragment& fragment : fragments) said += text.substr(fragment.at, fragment.size);
    auto fragment = fragments.begin();
    std::size_t begin = 0;  // of the fragment, within what is said
    for (const Place& place : find_in(said)) {
      const std::size_t end = place.at + place.size;
      while (begin + fragment->size <= place.at) begin += fragment++->size;
      for (auto [part, at] = std::pair(fragment, begin); part != fragments.end() && at < end; at += part++->size) {
        const std::size_t from = std::max(place.at, at), to = std::min(end, at + part->size);
        if (from < to) found.push_back({part->at + from - at, to - from, place.base64, from == place.at});
      }
    }
  }
}

void Secrets::hide(std::string& text) const {
  const auto places = find_in(text);
  for (auto place = places.rbegin(); place != places.rend(); ++place)
    if (place->base64)
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(place->at), place->size, overwritten);
    else
      text.replace(place->at, place->size, stand_in);
}

void Secrets::hide(std::vector<Piece>& pieces) const {
  if (forms_.empty()) return;
  std::string all;
  for (const Piece& piece : pieces) all += piece.bytes;
  std::vector<Place> found = find_in(all);
  find_spoken(all, found);
  if (found.empty()) return;
  const auto places = merged(std::move(found));
  std::size_t begin = 0;  // of the piece, within all
  for (Piece& piece : pieces) {
    const std::size_t end = begin + piece.bytes.size();
    std::string shown;
    std::size_t at = begin;
    for (const Place& place : places) {
      const std::size_t from = std::max(place.at, begin), to = std::min(place.at + place.size, end);
      if (from >= to) continue;
      shown.append(all, at, from - at);
      if (place.base64)
        shown.append(to - from, overwritten);
      else if (place.begins && from == place.at)
        shown += stand_in;
      at = to;
    }
    piece.bytes = std::move(shown.append(all, at, end - at));
    begin = end;
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.bytes.empty(); });
}

Headers Secrets::hide(const Headers& headers) const {
  Headers shown;
  for (const auto& [name, value] : headers) {
    const auto is_name = [&name = name](std::string_view other) { return equal_ignoring_case(name, other); };
    if (std::any_of(secret_headers.begin(), secret_headers.end(), is_name)) continue;
    std::string text = value;
    hide(text);
    shown.add(name, std::move(text));
  }
  return shown;
}

}  // namespace kimistream::record
