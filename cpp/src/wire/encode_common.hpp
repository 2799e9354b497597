// What the encoders of both protocols need.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json/tree.hpp"
#include "kimistream/message.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "media/slots.hpp"
#include "wire/encode.hpp"

namespace kimistream::wire {

/// @throws Exception (invalid_request) for a request that no server would take
void check_messages(const Request& request);

/// A prefill that the provider would answer instead of continuing is refused, unless the caller wants no checks.
void check_prefill(const Provider& provider, const Request& request);

/// The JSON object in `json`. @param what names it when it is none: Exception (invalid_request)
json::Tree parse_object(const Json& json, std::string_view what);

/// Merges a patch of the provider's row; an empty one does nothing.
void merge(json::Tree& into, const Json& patch);

/// Merges what the row says on thinking.
void merge_thinking(json::Tree& body, const Provider& provider, ThinkingMode thinking);
/// What the client must send in that mode, where the server does not know it.
void merge_sampling(json::Tree& body, const Provider& provider, ThinkingMode thinking);

/// The shortest text that reads back as the same number, so that 0.6 is sent as 0.6; whatever the program's locale.
json::Tree number(double value, std::string_view what);

json::Tree strings(const std::vector<std::string>& texts);

/// The reasoning that goes back with an assistant message: what it was, or what the provider wants in its place.
std::optional<std::string> reasoning_of(const Provider& provider, const Message& message, ThinkingMode thinking);

/// A part that the library does not know goes out as it is; the caller is told.
void note_unknown_part(std::string_view type, std::size_t position, std::vector<Notice>& notices);

/// The data URI of a picture or video without the white space in its base64 text, with a notice; nothing when it has
/// none or the address is another one. Costs a look at the bytes, no copy: there may be a hundred megabytes.
std::optional<std::string> mended_address(std::string_view url, std::size_t position, std::vector<Notice>& notices);

/// The same within a part `{"type": type, type: address or {"url": address}}`.
void mend_address(json::Tree& part, std::string_view type, std::size_t position, std::vector<Notice>& notices);

/// The schema of a function's arguments; a function without parameters has the empty one.
json::Tree parameters_of(const Tool& tool);

/// The tree as text, cut where the media stand.
std::shared_ptr<Body> to_body(const json::Tree& tree, const media::Slots& slots);

}  // namespace kimistream::wire
