// Addresses of servers: their parts, which cannot be used, and when two spellings mean one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kimistream/provider.hpp"

namespace kimistream {

/// Views of the text. All are "" for a text that is no address.
struct Address {
  std::string_view scheme;  // in whatever case it is written
  std::string_view host;    // without brackets
  std::string_view port;    // "" where none is written
  std::string_view path;    // from its first slash on, without those at its end
};
[[nodiscard]] Address parts_of(std::string_view url) noexcept;

/// A key that goes there can be read on the way.
[[nodiscard]] bool is_in_clear(std::string_view url) noexcept;

/// The row's address, or one of its others, in the row's own spelling, where `url` is another spelling of it: letter
/// case, slashes at its end, the port that the scheme has anyway. `nearly` also forgives the /v1 that is missing, or
/// that stands in the row's paths already. `{account_id}` in the row's address is filled with what stands there in
/// `url`.
[[nodiscard]] std::optional<std::string> spelling_of(const Provider& row, std::string_view url, bool nearly);

/// The key in this variable may be sent anywhere, see `key_may_go`.
[[nodiscard]] bool key_may_go_anywhere(std::string_view variable);

/// "?name=value&...", percent-encoded; "" where there is nothing to say.
[[nodiscard]] std::string query_of(std::span<const std::pair<std::string, std::string>> fields);

/// The path, with the model in the place of `{model}` where it has one.
[[nodiscard]] std::string path_for(std::string_view path, std::string_view model);

/// The host is the one of this address, or what stands there with an account in the place of `{account_id}`.
[[nodiscard]] bool is_host_of(std::string_view address, std::string_view host) noexcept;

/// The rows that come with the library, whatever has been registered in their place.
[[nodiscard]] std::vector<const Provider*> built_in_providers();

/// @param field what the message calls the address
/// @return it without slashes at its end
/// @throws Exception (invalid_request) for one that cannot be used for this row
[[nodiscard]] std::string checked_address(std::string url, const Provider& row, std::string_view field = "base_url");

}  // namespace kimistream
