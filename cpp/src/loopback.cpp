#include "loopback.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "kimistream/headers.hpp"  // for equal_ignoring_case

namespace kimistream {
namespace {

using V4 = std::array<unsigned char, 4>;
using V6 = std::array<unsigned char, 16>;

bool is_loopback_v4(const V4& address) noexcept { return address[0] == 127 || address == V4{}; }

bool is_loopback_v6(const V6& address) noexcept {
  constexpr V6 one = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr std::array<unsigned char, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(mapped.begin(), mapped.end(), address.begin()))
    return is_loopback_v4({address[12], address[13], address[14], address[15]});
  return address == one || address == V6{};
}

}  // namespace

bool is_loopback(std::string_view host) noexcept {
  if (equal_ignoring_case(host, "localhost")) return true;
  host = host.substr(0, host.find('%'));  // without an IPv6 zone
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.size() >= text.size()) return false;
  std::copy(host.begin(), host.end(), text.begin());
  V4 v4{};
  V6 v6{};
  if (::inet_pton(AF_INET, text.data(), v4.data()) == 1) return is_loopback_v4(v4);
  return ::inet_pton(AF_INET6, text.data(), v6.data()) == 1 && is_loopback_v6(v6);
}

}  // namespace kimistream
