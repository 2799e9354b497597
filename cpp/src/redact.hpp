// Servers quote the key that they refuse: it is taken out of everything that an error shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kimistream/error.hpp"

namespace kimistream {

/// What in the headers of a request nobody else may see: the values of those in whose name a whole word speaks of a
/// key, a token, a cookie, a password or an authorization, without the scheme in front ("Bearer "). An Idempotency-Key
/// opens nothing, and what is an ordinary word, a small number or shorter than 4 characters is no secret.
[[nodiscard]] std::vector<std::string> secrets_in(const Headers& headers);

/// Whether a key goes with the request, in either of the headers that providers read it from.
[[nodiscard]] bool has_key(const Headers& headers);

/// Replaces the secrets wherever the text, or any text of the error, holds one, also where JSON writes its slashes
/// with a backslash. For what a server has said: the library's own words are added behind it.
void redact(std::string& text, const std::vector<std::string>& secrets);
void redact(Headers& headers, const std::vector<std::string>& secrets);
void redact(Error& error, const std::vector<std::string>& secrets);

}  // namespace kimistream
