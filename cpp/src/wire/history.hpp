// What of a conversation goes back to the provider: its row says which ids, which arguments, which turns.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/message.hpp"
#include "kimistream/provider.hpp"

namespace kimistream::wire {

/// A message on its way back. Points into the caller's messages and holds only what had to change: a message may carry
/// a hundred megabytes of media.
struct Turn {
  const Message* message = nullptr;
  std::size_t position = 0;  // among the caller's messages
  std::optional<std::vector<ToolCall>> changed_calls{};
  std::optional<std::string> changed_id{};

  [[nodiscard]] const std::vector<ToolCall>& tool_calls() const {
    return changed_calls ? *changed_calls : message->tool_calls;
  }
  /// Role "tool": the call that this answers.
  [[nodiscard]] const std::string& tool_call_id() const { return changed_id ? *changed_id : message->tool_call_id; }
};

/// The turns to send, in order. `messages` must outlive them.
///
/// * Assistant messages with nothing in them are dropped where the row says so: "empty_turn_dropped".
/// * Ids of tool calls become what the row's policy says, one to one, together with the results that answer them.
/// * Arguments that are no JSON become {}; so do those that are no object where the row, or the protocol, takes nothing
///   else: "arguments_replaced". Blank ones mean {} anyway and are not worth a notice.
///
/// One notice for each kind, however often it was met.
std::vector<Turn> write_back(const Provider& provider, std::span<const Message> messages, std::vector<Notice>& notices);

/// True when `text` is one JSON object and nothing else, numbers that JSON does not have (NaN) included in the check.
bool is_json_object(std::string_view text);

}  // namespace kimistream::wire
