// What a TLS connection holds while it is silent, as a stream is most of the time.
#pragma once

#include <curl/curl.h>

namespace kimistream::net {

/// Lets OpenSSL give its buffers back between two records, on the connections that this handle opens: 64 kB to read
/// into and 16 kB to write from otherwise, of which a quarter is really held. Only where libcurl is inside, as in the
/// wheel: of a shared one nobody knows which copy of which library it speaks TLS with.
void keep_tls_buffers_short(CURL* easy) noexcept;

}  // namespace kimistream::net
