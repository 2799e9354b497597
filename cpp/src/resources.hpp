// What the resources beside the chat have in common: ids within paths, answers that name no id, lists in pages.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "json/tree.hpp"
#include "kimistream/client.hpp"

namespace kimistream {

/// An id as one piece of a path: nothing in it can lead elsewhere (RFC 3986, 2.3 and 3.3).
/// @param what "a file", for the message @throws Exception (invalid_request) for an id that is none
[[nodiscard]] std::string piece_of_path(std::string_view id, std::string_view what);

/// A whole body of one text.
[[nodiscard]] std::shared_ptr<Body> body_of_text(std::string text);

/// An answer as a tree; null for what is no JSON.
[[nodiscard]] json::Tree parsed(const Json& answer);

/// A field that is a whole number; 0 where there is none.
[[nodiscard]] std::int64_t integer_of(const json::Tree& tree, std::string_view key);

/// An answer that is not one. @throws Exception (response)
[[noreturn]] void throw_unreadable(std::string message, const Json& answer);

/// Calls `take` for each item of a list that has an id, each once, however many pages that takes.
/// @throws Exception where a page fails
void for_each_item(Client& client, const std::string& path, const std::function<void(const json::Tree&)>& take);

}  // namespace kimistream
