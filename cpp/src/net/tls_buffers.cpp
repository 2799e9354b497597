#include "net/tls_buffers.hpp"

#ifdef KIMISTREAM_HAS_OPENSSL
#include <string_view>

#include <openssl/ssl.h>
#endif

namespace kimistream::net {

#ifdef KIMISTREAM_HAS_OPENSSL

namespace {

CURLcode on_context(CURL*, void* context, void*) {
  auto* const tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_read_buffer_len(tls, 0);  // one record: libcurl asks for four, to be filled at each beginning
  return CURLE_OK;
}

const bool stands_on_openssl = [] {  // known by now: a child that is forked meanwhile would wait for it for ever
  const char* const library = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return library && std::string_view(library).starts_with("OpenSSL/");
}();

}  // namespace

void keep_tls_buffers_short(CURL* easy) noexcept {
  if (stands_on_openssl) curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &on_context);
}

#else

void keep_tls_buffers_short(CURL*) noexcept {}

#endif

}  // namespace kimistream::net
