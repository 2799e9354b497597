// What libcurl says when it fails, in the library's own words.
#pragma once

#include <string_view>

#include <curl/curl.h>

#include "kimistream/error.hpp"

namespace kimistream::net {

/// @param detail libcurl's own text, may be empty @param host of the request, for the message
Error error_from_curl(CURLcode code, std::string_view detail, std::string_view host);

}  // namespace kimistream::net
