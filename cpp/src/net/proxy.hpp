// One proxy as a variable names it: made out of its text, fit to be set and fit to be shown.
#pragma once

#include <string>
#include <string_view>

namespace kimistream::net {

struct Proxy {
  Proxy() = default;
  /// @param variable its name, for messages @param value what it holds; "" is no proxy
  Proxy(std::string variable, std::string_view value);

  [[nodiscard]] bool empty() const noexcept { return variable.empty(); }
  bool operator==(const Proxy&) const = default;

  std::string variable;
  std::string url;             ///< without user and password; with a port, http:// where none was named
  std::string user, password;  ///< as they are, not percent-encoded
  std::string shown;           ///< host and port, for messages
  std::string fault;           ///< why it cannot be used, "" if it can
  bool secure = false;         ///< it is spoken to in TLS
  bool socks = false;
};

}  // namespace kimistream::net
