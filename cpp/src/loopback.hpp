// Which hosts are this machine: where a key may always go, and where no proxy is asked.
#pragma once

#include <string_view>

namespace kimistream {

/// This machine: localhost, 127.0.0.0/8, ::1 in any spelling, and the addresses that servers print when they listen
/// everywhere. An address is four numbers up to 255, or IPv6: what only looks like one is a name.
/// @param host without brackets
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

}  // namespace kimistream
