// Servers quote the key that they refuse: it is taken out of everything that an error shows.
#pragma once

#include <string>
#include <string_view>

#include "kimistream/error.hpp"

namespace kimistream {

/// Replaces the secret wherever the text, or any text of the error, holds it. What has less than 4 characters is no key
/// and stays.
void redact(std::string& text, std::string_view secret);
void redact(Error& error, std::string_view secret);

}  // namespace kimistream
