#include "net/proxy.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <curl/curl.h>

namespace kimistream::net {
namespace {

struct Scheme {
  std::string_view name;
  std::string_view port;  // where none is named; http's as Python's tools have it (to libcurl it is 1080)
};

constexpr std::array schemes = {Scheme{"http", "80"},     Scheme{"https", "443"},    Scheme{"socks", "1080"},
                                Scheme{"socks4", "1080"}, Scheme{"socks4a", "1080"}, Scheme{"socks5", "1080"},
                                Scheme{"socks5h", "1080"}};

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string part(const Url& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

/// Of a text that is no address: what can be shown of it for certain is the host, and a port that is a number.
std::string show_what_is_safe(std::string_view text) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?# "));
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find_first_not_of("0123456789", colon + 1) != std::string_view::npos &&
      !text.ends_with(']'))
    text = text.substr(0, colon);
  return std::string(text);
}

}  // namespace

Proxy::Proxy(std::string name, std::string_view value) {
  if (value.empty()) return;
  variable = std::move(name);
  const std::string text = (value.find("://") == std::string_view::npos ? "http://" : "") + std::string(value);
  const Url parsed(curl_url());
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  const std::string scheme = part(parsed, CURLUPART_SCHEME);
  const auto known =
      std::find_if(schemes.begin(), schemes.end(), [&](const Scheme& row) { return row.name == scheme; });
  if (code == CURLUE_BAD_PORT_NUMBER)
    fault = "its port is not a number up to 65535";
  else if (code != CURLUE_OK)
    fault = "it is not an address";
  else if (known == schemes.end())
    fault = "\"" + scheme + "\" is not a kind of proxy: use http, https, socks5h, socks5, socks4a or socks4";
  if (!fault.empty()) {
    shown = show_what_is_safe(text);
    return;
  }
  secure = scheme == "https";
  socks = scheme.starts_with("socks");
  user = part(parsed, CURLUPART_USER, CURLU_URLDECODE);
  password = part(parsed, CURLUPART_PASSWORD, CURLU_URLDECODE);
  std::string port = part(parsed, CURLUPART_PORT);
  if (port.empty()) port = known->port;
  curl_url_set(parsed.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(parsed.get(), CURLUPART_PASSWORD, nullptr, 0);
  curl_url_set(parsed.get(), CURLUPART_OPTIONS, nullptr, 0);
  curl_url_set(parsed.get(), CURLUPART_PORT, port.c_str(), 0);
  url = part(parsed, CURLUPART_URL);
  shown = part(parsed, CURLUPART_HOST) + ":" + port;
}

}  // namespace kimistream::net
