// How long a server asks to wait, where no header says it: in the details of an error, or in its words.
#pragma once

#include <optional>
#include <string_view>

#include "json/tree.hpp"

namespace kimistream::wire {

/// Seconds of "try again in 12 s", "Please retry in 31.5s", "retry after 1m30s" and their like, also in Chinese.
[[nodiscard]] std::optional<double> wait_in_words(std::string_view message);

/// Of google.rpc.RetryInfo among the `details` of an error object, or of the fields in which other servers write it.
[[nodiscard]] std::optional<double> wait_in_details(const json::Tree& error);

}  // namespace kimistream::wire
