#include "net/no_proxy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>

#include <arpa/inet.h>

#include "kimistream/headers.hpp"  // for equal_ignoring_case

namespace kimistream::net {
namespace {

struct Address {
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;
};

std::optional<Address> read_address(std::string_view text) {
  const std::string copy(text.substr(0, text.find('%')));  // without an IPv6 zone
  Address address;
  if (::inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1)
    address.size = 4;
  else if (::inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1)
    address.size = 16;
  else
    return std::nullopt;
  return address;
}

/// @param bits of the prefix that counts
bool same(const Address& a, const Address& b, std::size_t bits) {
  if (a.size != b.size) return false;
  const std::size_t whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + static_cast<std::ptrdiff_t>(whole), b.bytes.begin())) return false;
  return bits % 8 == 0 || (a.bytes[whole] ^ b.bytes[whole]) >> (8 - bits % 8) == 0;
}

bool in_network(const Address& address, std::string_view network, std::string_view prefix) {
  std::size_t bits = 0;
  const auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
  const auto base = read_address(network);
  return base && error == std::errc() && end == prefix.data() + prefix.size() && bits <= base->size * 8 &&
         same(address, *base, bits);
}

std::string_view without_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool is_or_is_below(std::string_view host, std::string_view name) {
  if (name.empty() || host.size() < name.size()) return false;
  const std::size_t before = host.size() - name.size();
  return equal_ignoring_case(host.substr(before), name) && (before == 0 || host[before - 1] == '.');
}

/// Host and port where there is one; "::1" alone is a host.
Place split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = std::min(text.find(']'), text.size());
    const std::string_view rest = text.substr(std::min(end + 1, text.size()));
    return {text.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : std::string_view()};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool matches(Place place, const std::optional<Address>& address, std::string_view entry) {
  if (entry == "*") return true;
  if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos)
    return address && in_network(*address, split(entry.substr(0, slash)).host, entry.substr(slash + 1));
  const auto [name, port] = split(entry);
  if (!port.empty() && port != place.port) return false;
  if (address) {
    const auto other = read_address(name);
    return other && same(*address, *other, address->size * 8);
  }
  const std::size_t begin = std::min(name.find_first_not_of('.', name.starts_with("*.") ? 1 : 0), name.size());
  return is_or_is_below(without_dot(place.host), without_dot(name.substr(begin)));
}

}  // namespace

Place place_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  Place place = split(authority);
  if (place.port.empty()) place.port = equal_ignoring_case(url.substr(0, begin), "https://") ? "443" : "80";
  return place;
}

bool goes_without_proxy(Place place, std::string_view list) {
  constexpr std::string_view separators = ", \t\r\n";
  const auto address = read_address(place.host);
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(separators), list.size());
    if (matches(place, address, list.substr(0, end))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace kimistream::net
