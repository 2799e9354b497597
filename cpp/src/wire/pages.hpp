// Answers that are not the API's: pages of gateways and proxies, and bodies with nothing in them.
#pragma once

#include <string>
#include <string_view>

#include "kimistream/headers.hpp"

namespace kimistream::wire {

/// Whether a text is a page for browsers, by its beginning.
[[nodiscard]] bool is_page(std::string_view text);

/// What a page says, on one line and without markup: its title, and the beginning of what stands in it.
[[nodiscard]] std::string words_of_page(std::string_view page);

/// What an error status means where no body says more: "Gateway Timeout"; "" where that is not known.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// Who has sent a response, by its headers: "nginx/1.22.1", "Caddy, via 1.1 varnish"; "" where they do not say.
[[nodiscard]] std::string sender_of(const Headers& headers);

}  // namespace kimistream::wire
