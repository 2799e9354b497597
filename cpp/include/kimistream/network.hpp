/// @file network.hpp
/// @brief What the library's own transport takes from the machine: whom it trusts.
#pragma once

#include <string>

#include "kimistream/transport.hpp"

namespace kimistream {

/// What `network_transport()` would trust now: the file or directory that SSL_CERT_FILE, REQUESTS_CA_BUNDLE,
/// CURL_CA_BUNDLE or SSL_CERT_DIR names, the first that is set, else the system's file; "" where there is none.
/// Any thread that may read the environment.
[[nodiscard]] std::string trusted_certificates();

/// `network_transport()` with a file of certificates to trust where `trusted_certificates()` finds none; "" for none.
[[nodiscard]] TransportFactory network_transport(std::string certificates);

}  // namespace kimistream
