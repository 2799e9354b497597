// Which hosts are reached without a proxy: the list that `no_proxy` holds, read in the same way whatever libcurl is
// underneath (before 7.86 it knew no networks).
#pragma once

#include <string_view>

namespace kimistream::net {

/// Where a URL leads.
struct Place {
  std::string_view host;  // an IPv6 address without its brackets
  std::string_view port;  // the scheme's own where the URL names none
};

Place place_of(std::string_view url);

/// @param list names that stand apart by commas or white space:
///   host, .host, *.host  that host and all below it
///   10.1.2.3, ::1        an address in any spelling, also in brackets
///   10.0.0.0/8, fd00::/8 a network
///   *                    everything
///   Each but a network and * may end in a port (`host:8000`, `[::1]:8000`) and then means that one alone.
bool goes_without_proxy(Place place, std::string_view list);

}  // namespace kimistream::net
