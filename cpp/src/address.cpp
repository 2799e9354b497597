#include "address.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "characters.hpp"
#include "kimistream/error.hpp"
#include "loopback.hpp"
#include "refuse.hpp"

namespace kimistream {
namespace {

constexpr std::string_view version = "/v1";
constexpr std::string_view account_place = "{account_id}", model_place = "{model}";

/// What the protocols add to an address, the longest first.
constexpr std::array<std::string_view, 4> endpoints = {"/chat/completions", "/v1/messages", "/completions",
                                                       "/messages"};

std::string_view without_slashes(std::string_view url) noexcept {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

/// Whatever the case of its letters.
bool ends_in(std::string_view text, std::string_view tail) noexcept {
  return text.size() >= tail.size() && equal_ignoring_case(text.substr(text.size() - tail.size()), tail);
}

/// Percent-encodes all but what means itself anywhere in an address, and what is kept here.
void append_encoded(std::string& out, std::string_view text, std::string_view kept = {}) {
  constexpr std::string_view digits = "0123456789ABCDEF", unreserved = "-._~";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
    if (plain || unreserved.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos)
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
}

/// Without what says nothing: the scheme's own port, slashes at the end. Case is left to the comparison.
std::string plain(std::string_view url) {
  const Address parts = parts_of(url);
  if (parts.scheme.empty()) return {};
  const bool usual = parts.port == (equal_ignoring_case(parts.scheme, "https") ? "443" : "80");
  const std::size_t host = parts.scheme.size() + 3;
  std::string text(url.substr(0, host));
  const std::string_view authority = url.substr(host, url.find_first_of("/?#", host) - host);
  text += usual ? authority.substr(0, authority.rfind(':')) : authority;
  return text.append(parts.path);
}

/// `known` with its place filled in, where `url` is the same but for letter case.
std::optional<std::string> filled(std::string_view known, std::string_view url) {
  const std::size_t open = known.find('{'), close = known.find('}');
  if (open == std::string_view::npos || close == std::string_view::npos) {
    if (!equal_ignoring_case(plain(known), url)) return std::nullopt;
    return std::string(known);
  }
  const std::string_view head = known.substr(0, open), tail = known.substr(close + 1);
  if (url.size() <= head.size() + tail.size() || !equal_ignoring_case(url.substr(0, head.size()), head) ||
      !ends_in(url, tail))
    return std::nullopt;
  const std::string_view value = url.substr(head.size(), url.size() - head.size() - tail.size());
  if (value.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(head).append(value).append(tail);
}

/// A whole request's address in place of the one that all requests begin with.
void refuse_endpoint(std::string_view url, const Provider& row) {
  const auto ending = std::find_if(endpoints.begin(), endpoints.end(),
                                   [&](auto path) { return url.size() > path.size() && ends_in(url, path); });
  if (ending == endpoints.end()) return;
  std::string said = "base_url ends in " + std::string(*ending) + ", which is added to it: leave that away";
  if (!row.chat_path.ends_with(*ending)) {
    const auto rows = providers();
    const auto other = std::find_if(rows.begin(), rows.end(), [&](auto* each) { return each->chat_path == *ending; });
    if (other != rows.end()) said += ", and name a provider that speaks it, such as \"" + (*other)->name + "\"";
  }
  refuse(said);
}

}  // namespace

Address parts_of(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t begin = scheme + 3;
  std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const std::string_view path = url.substr(begin + authority.size());
  authority.remove_prefix(authority.rfind('@') + 1);  // a user and a password are no host
  Address parts{.scheme = url.substr(0, scheme), .host = authority, .port = {}, .path = without_slashes(path)};
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    parts.host = authority.substr(0, colon);
    parts.port = authority.substr(colon + 1);
  }
  if (parts.host.starts_with('[') && parts.host.ends_with(']'))
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

bool is_in_clear(std::string_view url) noexcept {
  const Address parts = parts_of(url);
  return equal_ignoring_case(parts.scheme, "http") && !is_loopback(parts.host);
}

std::optional<std::string> spelling_of(const Provider& row, std::string_view url, bool nearly) {
  const std::string given = plain(url);
  if (given.empty()) return std::nullopt;
  const auto spelling = [&](const std::string& known) {
    auto found = filled(known, given);
    if (!found && nearly && known.ends_with(version)) found = filled(known, given + std::string(version));
    if (!found && nearly && row.chat_path.starts_with(version) && ends_in(given, version))
      found = filled(known, std::string_view(given).substr(0, given.size() - version.size()));
    return found;
  };
  auto found = spelling(row.base_url);
  for (const std::string& other : row.other_addresses)
    if (!found) found = spelling(other);
  return found;
}

std::string query_of(std::span<const std::pair<std::string, std::string>> fields) {
  std::string query;
  for (const auto& [name, value] : fields) {
    query += query.empty() ? '?' : '&';
    append_encoded(query, name);
    query += '=';
    append_encoded(query, value);
  }
  return query;
}

std::string path_for(std::string_view path, std::string_view model) {
  const std::size_t at = path.find(model_place);
  std::string filled(path.substr(0, at));
  if (at == std::string_view::npos) return filled;
  append_encoded(filled, model, "/@:");
  return filled.append(path.substr(at + model_place.size()));
}

bool is_host_of(std::string_view address, std::string_view host) noexcept {
  const std::string_view known = parts_of(address).host;
  const std::size_t at = known.find(account_place);
  if (at == std::string_view::npos) return equal_ignoring_case(known, host);
  const std::string_view before = known.substr(0, at), behind = known.substr(at + account_place.size());
  if (host.size() <= before.size() + behind.size() || !equal_ignoring_case(host.substr(0, before.size()), before) ||
      !ends_in(host, behind))
    return false;
  const std::string_view account = host.substr(before.size(), host.size() - before.size() - behind.size());
  return account.find('.') == std::string_view::npos;  // a name of one level: the hosts stay the provider's
}

std::string checked_address(std::string url, const Provider& row, std::string_view field) {
  const auto bad = [&](const std::string& why) {
    refuse(std::string(field) + " is not an address that can be used: " + why + "; it looks like " +
           built_in_providers().front()->base_url);
  };
  if (std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }))
    bad("it has white space in it");
  if (url.find('\\') != std::string::npos) bad("it has a backslash in it");  // a slash to some, to others none
  const Address parts = parts_of(url);
  if (parts.scheme.empty()) bad("it does not begin with https:// or http://");
  if (!equal_ignoring_case(parts.scheme, "https") && !equal_ignoring_case(parts.scheme, "http"))
    bad("only http and https can be used");
  const std::size_t begin = parts.scheme.size() + 3;
  const std::string_view authority = std::string_view(url).substr(begin, url.find_first_of("/?#", begin) - begin);
  if (authority.find('@') != std::string_view::npos) bad("it holds a user name or password; pass a key as api_key");
  if (parts.host.empty()) bad("it names no host");
  const bool has_port = authority.ends_with(':') || !parts.port.empty();
  if (has_port &&
      (parts.port.empty() || parts.port.size() > 5 || !std::all_of(parts.port.begin(), parts.port.end(), is_digit) ||
       std::stoi(std::string(parts.port)) > 65535))
    bad("its port is not a number up to 65535");
  if (url.find_first_of("?#", begin) != std::string::npos) bad("it has a query or fragment");
  url.resize(without_slashes(url).size());
  refuse_endpoint(url, row);
  return url;
}

}  // namespace kimistream
