// Which results of a conversation answer which calls.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "kimistream/request.hpp"

namespace kimistream::rules {

/// One call of an assistant's turn, and the message that answers it.
struct AnsweredCall {
  std::size_t turn = 0;  // among the messages
  std::size_t call = 0;  // among the turn's calls
  std::optional<std::size_t> result{};
  bool apart = false;  // something else stands between the turn and its result
};

struct Pairing {
  std::vector<AnsweredCall> calls{};    // in the order of the conversation
  std::vector<std::size_t> orphans{};   // results whose id no call before them has
  std::vector<std::size_t> repeated{};  // results of calls that are answered already
};

/// Ids need not be unique over a conversation: a result answers the latest turn that still waits for its id, and of
/// equal ids in one turn the first. Linear.
[[nodiscard]] Pairing pair_results(const std::vector<Message>& messages);

/// Reasoning and nothing else: what is left of a turn that was broken off while it thought.
[[nodiscard]] bool only_reasons(const Message& message) noexcept;

// ---- changes, for fixes; each finds its places itself ---------------------------------------------------------------

/// Results directly behind their turn, one that says so where there was none; those that answer nothing are left out.
void mend_results(Request& request);
void remove_nameless_calls(Request& request);  // and their results
void remove_reasoning_turns(Request& request);
void make_developers_system(Request& request);

}  // namespace kimistream::rules
