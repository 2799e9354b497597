// A libcurl handle that remembers what it is set to: for a request like the one before, next to nothing is left to say.
// Options cost more than they look: each text is copied, and each header is a list item with a copy of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "kimistream/transport.hpp"
#include "net/body_reader.hpp"
#include "net/environment.hpp"
#include "net/request_parts.hpp"

namespace kimistream::net {

class MultiHandle;

struct CurlOptions {
  Proxies proxies;
  Trust trust;
};

/// What a handle's sockets are opened with.
struct Opening {
  MultiHandle* multi = nullptr;
  int error = 0;  // errno, where that failed last
};

class EasyHandle {
 public:
  /// With what is the same for every request. The options and the parts must outlive it.
  EasyHandle(const CurlOptions& options, RequestParts& parts);
  EasyHandle(const EasyHandle&) = delete;
  EasyHandle& operator=(const EasyHandle&) = delete;

  /// For this request and body, which must stay where it is until the transfer is over. A body that is not plain, or is
  /// reported on, is left to the read callback. @throws Exception where the proxy on the way cannot be used
  void prepare(const HttpRequest& request, const BodyReader& body);

  [[nodiscard]] CURL* get() const noexcept { return easy_.get(); }
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(get(), option, value);
  }
  [[nodiscard]] const std::string& url() const noexcept;
  [[nodiscard]] bool speaks_tls() const noexcept;
  /// The proxy that answers in the server's place, null where there is none or only a tunnel.
  [[nodiscard]] const Proxy* answering_proxy() const noexcept;
  /// What is to be said of a failure.
  [[nodiscard]] Error error(CURLcode code) const;
  /// What libcurl said about a failure, "" if nothing.
  [[nodiscard]] const char* detail() const noexcept { return detail_.c_str(); }
  [[nodiscard]] Opening& opening() noexcept { return opening_; }

  /// In a child process: leaves libcurl's objects alone, for they hold the parent's connections.
  void abandon() noexcept;

 private:
  struct Close {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };

  void set_trust(const Trust& trust);
  void set_proxy(const Proxy* proxy);
  void set_target(const std::string& url);
  void set_fields(const HttpRequest& request, bool large);
  void set_method(std::string_view method);

  const CurlOptions& options_;
  RequestParts& parts_;
  std::string detail_ = std::string(CURL_ERROR_SIZE, '\0');
  std::string method_;
  const Proxy* proxy_ = nullptr;
  std::chrono::milliseconds connect_timeout_{};
  long upload_buffer_ = 0;
  Opening opening_;
  bool compressed_ = false, fresh_ = false;
  std::shared_ptr<const RequestParts::Target> target_;  // null before the first request, like the next
  std::shared_ptr<const RequestParts::Fields> fields_;
  std::unique_ptr<CURL, Close> easy_;  // below what it points to
};

}  // namespace kimistream::net
