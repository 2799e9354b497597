// Refusing what the caller gave: an invalid_request, before anything is sent.
#pragma once

#include <string>
#include <utility>

#include "kimistream/error.hpp"

namespace kimistream {

/// @throws Exception (invalid_request) with this message, always
[[noreturn]] inline void refuse(std::string message) { throw Exception(invalid_request(std::move(message))); }

}  // namespace kimistream
