#include "net/easy_handle.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>
#include <new>

#include "net/curl_errors.hpp"
#include "net/forks.hpp"
#include "net/open_files.hpp"
#include "net/tls_buffers.hpp"

namespace kimistream::net {
namespace {

// Of receive buffer. A stream may bring much at once; pages that are not touched cost nothing, but from 64 kB on each
// free() makes malloc tidy up. Whole answers are awaited by thousands, and most of them are small.
constexpr long stream_buffer_bytes = 60 * 1024, whole_buffer_bytes = 4 * 1024;

// Of send buffer, head and body together: 8.x reserves it, zeroed, for as long as the answer takes, and 64 kB by
// default. The least is what libcurl was built with: 16 kB, and 2 in the wheel (packaging/bundled/build.sh).
constexpr std::uint64_t least_upload_bytes = 2 * 1024, most_upload_bytes = 16 * 1024, usual_head_bytes = 1024;
constexpr long media_upload_bytes = 256 * 1024;

// From 1 MiB on libcurl would wait a second for "100 Continue" before it sends a body.
constexpr std::uint64_t large_bytes = std::uint64_t{1} << 19;

// libcurl counts them in an int.
constexpr std::chrono::milliseconds longest_connect{std::numeric_limits<int>::max()};

long buffer_bytes(bool whole) { return whole ? whole_buffer_bytes : stream_buffer_bytes; }

long upload_buffer_bytes(const BodyReader& body) {
  if (body.has_sources()) return media_upload_bytes;
  const std::uint64_t whole = std::min(body.size(), most_upload_bytes) + usual_head_bytes;
  return static_cast<long>(std::clamp(std::bit_ceil(whole), least_upload_bytes, most_upload_bytes));
}

// What "deflate" means servers do not agree on. "identity" asks for no compression, yet undoes one that a server
// applies all the same.
const char* encodings(bool compressed) { return compressed ? "gzip" : "identity"; }

/// @return whether it was another
template <class Value, class Given>
bool replace(Value& known, const Given& given) {
  if (known == given) return false;
  known = given;
  return true;
}

/// Apart from forks: libcurl holds a lock of its own meanwhile, which a child would find held and wait for, for ever.
CURL* new_easy() {
  const NoFork guard;
  return curl_easy_init();
}

}  // namespace

EasyHandle::EasyHandle(const CurlOptions& options, RequestParts& parts)
    : options_(options), parts_(parts), easy_(new_easy()) {
  if (!easy_) throw std::bad_alloc();
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // a redirect must never carry the key elsewhere
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);  // thinking can be silent for minutes
  set(CURLOPT_TCP_KEEPIDLE, 30L);
  set(CURLOPT_TCP_KEEPINTVL, 15L);
  set(CURLOPT_BUFFERSIZE, buffer_bytes(compressed_));
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_ACCEPT_ENCODING, encodings(compressed_));
  set(CURLOPT_PROXY, "");  // not for libcurl to find in the environment
  set(CURLOPT_NOPROXY, "");
  keep_tls_buffers_short(get());
  if (!options.trust.path.empty()) set_trust(options.trust);
}

void EasyHandle::prepare(const HttpRequest& request, const BodyReader& body) {
  detail_.front() = '\0';
  if (!target_ || target_->url != request.url) {
    const Proxy* const proxy = options_.proxies.find(request.url);
    if (proxy && !proxy->fault.empty()) throw Exception(error_from_proxy(request.url, *proxy, proxy->fault, false));
    set_target(request.url);
    if (replace(proxy_, proxy)) set_proxy(proxy);
  }
  set_fields(request, body.size() >= large_bytes);
  if (replace(connect_timeout_, request.connect_timeout))
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(connect_timeout_, longest_connect).count()));
  if (replace(compressed_, request.compressed)) {
    set(CURLOPT_ACCEPT_ENCODING, encodings(compressed_));
    set(CURLOPT_BUFFERSIZE, buffer_bytes(compressed_));
  }
  if (replace(upload_buffer_, upload_buffer_bytes(body))) set(CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_);
  if (replace(fresh_, request.fresh_connection)) set(CURLOPT_FRESH_CONNECT, fresh_ ? 1L : 0L);
  if (replace(method_, request.method)) set_method(method_);
  if (method_ == "GET") return;
  const char* text = nullptr;  // left to the read callback: of a plain body libcurl tells nothing while it goes out
  if (const auto plain = body.plain(); plain && !request.on_upload) text = plain->empty() ? "" : plain->data();
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(CURLOPT_POSTFIELDS, text);
}

/// A file or a directory, and no default of libcurl's beside it; the same for a proxy that is spoken to in TLS.
void EasyHandle::set_trust(const Trust& trust) {
  const char* const file = trust.is_directory ? nullptr : trust.path.c_str();
  const char* const directory = trust.is_directory ? trust.path.c_str() : nullptr;
  set(CURLOPT_CAINFO, file);
  set(CURLOPT_CAPATH, directory);
  set(CURLOPT_PROXY_CAINFO, file);
  set(CURLOPT_PROXY_CAPATH, directory);
}

/// User and password stand apart from the address, so that libcurl has nothing to show of them.
void EasyHandle::set_proxy(const Proxy* proxy) {
  const bool known = proxy && !proxy->user.empty();
  set(CURLOPT_PROXY, proxy ? proxy->url.c_str() : "");
  set(CURLOPT_PROXYUSERNAME, known ? proxy->user.c_str() : nullptr);
  set(CURLOPT_PROXYPASSWORD, known ? proxy->password.c_str() : nullptr);
}

const std::string& EasyHandle::url() const noexcept {
  static const std::string none;
  return target_ ? target_->url : none;
}

bool EasyHandle::speaks_tls() const noexcept { return equal_ignoring_case(url().substr(0, 6), "https:"); }

const Proxy* EasyHandle::answering_proxy() const noexcept {
  return proxy_ && !proxy_->socks && !speaks_tls() ? proxy_ : nullptr;
}

Error EasyHandle::error(CURLcode code) const {
  CurlFailure failure{.code = code,
                      .detail = detail_.c_str(),
                      .url = url(),
                      .proxy = proxy_,
                      .trusted = options_.trust.variable,
                      .has_trusted = !options_.trust.path.empty(),
                      .socket_error = opening_.error,
                      .most_open_files = most_open_files()};
  curl_easy_getinfo(get(), CURLINFO_HTTP_CONNECTCODE, &failure.tunnel_status);
  long reason = CURLPX_OK;
  curl_easy_getinfo(get(), CURLINFO_PROXY_ERROR, &reason);
  failure.proxy_reached = reason == CURLPX_REPLY_CONNECTION_REFUSED || reason == CURLPX_REPLY_HOST_UNREACHABLE ||
                          reason == CURLPX_REPLY_NETWORK_UNREACHABLE || reason == CURLPX_REPLY_TTL_EXPIRED ||
                          reason == CURLPX_REPLY_GENERAL_SERVER_FAILURE || reason == CURLPX_CLOSED;
  return error_from_curl(failure);
}

void EasyHandle::set_target(const std::string& url) {
  auto target = parts_.target(url);
  set(CURLOPT_CURLU, target->address.get());
  if (!target->address) set(CURLOPT_URL, url.c_str());  // libcurl then says itself what is wrong with it
  target_ = std::move(target);
}

void EasyHandle::set_fields(const HttpRequest& request, bool large) {
  if (fields_ && fields_->large == large && fields_->headers == request.headers) return;
  auto fields = parts_.fields(request.headers, large);
  set(CURLOPT_HTTPHEADER, fields->list.get());
  fields_ = std::move(fields);
}

void EasyHandle::set_method(std::string_view method) {
  const bool known = method == "GET" || method == "POST";
  set(method == "GET" ? CURLOPT_HTTPGET : CURLOPT_POST, 1L);
  set(CURLOPT_CUSTOMREQUEST, known ? nullptr : method.data());
}

void EasyHandle::abandon() noexcept { (void)easy_.release(); }

}  // namespace kimistream::net
