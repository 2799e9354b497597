#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "rules/history.hpp"

namespace kimistream::rules {
namespace {

constexpr std::string_view not_carried_out = "The call was interrupted and was not carried out.";

void remove_messages(Request& request, const std::unordered_set<std::size_t>& places) {
  std::size_t at = 0;
  std::erase_if(request.messages, [&](const Message&) { return places.contains(at++); });
}

}  // namespace

Pairing pair_results(const std::vector<Message>& messages) {
  Pairing pairing;
  std::unordered_map<std::string_view, std::vector<std::size_t>> open;  // id to places in pairing.calls
  std::size_t last_other = 0;                                           // the last message that is no result
  for (std::size_t at = 0; at < messages.size(); ++at) {
    const Message& message = messages[at];
    if (message.role != "tool") {
      last_other = at;
      if (message.role != "assistant") continue;
      for (std::size_t call = 0; call < message.tool_calls.size(); ++call) {
        open[message.tool_calls[call].id].push_back(pairing.calls.size());
        pairing.calls.push_back({.turn = at, .call = call});
      }
      continue;
    }
    const auto waiting = open.find(message.tool_call_id);
    if (waiting == open.end()) {
      pairing.orphans.push_back(at);
    } else if (std::vector<std::size_t>& places = waiting->second; places.empty()) {
      pairing.repeated.push_back(at);
    } else {
      const std::size_t turn = pairing.calls[places.back()].turn;
      const auto first =
          std::find_if(places.begin(), places.end(), [&](auto place) { return pairing.calls[place].turn == turn; });
      AnsweredCall& call = pairing.calls[*first];
      call.result = at;
      call.apart = last_other != turn;
      places.erase(first);
    }
  }
  return pairing;
}

bool only_reasons(const Message& message) noexcept {
  return message.role == "assistant" && message.text().empty() && message.parts.empty() && message.tool_calls.empty() &&
         message.reasoning && !message.reasoning->empty() && message.extra.empty();
}

void mend_results(Request& request) {
  const Pairing pairing = pair_results(request.messages);
  std::unordered_set<std::size_t> moved(pairing.orphans.begin(), pairing.orphans.end());
  for (const AnsweredCall& call : pairing.calls)
    if (call.result) moved.insert(*call.result);
  std::vector<Message> mended;
  auto call = pairing.calls.begin();
  for (std::size_t at = 0; at < request.messages.size(); ++at) {
    if (moved.contains(at)) continue;
    std::vector<std::size_t> results;
    std::vector<Message> made;
    for (; call != pairing.calls.end() && call->turn == at; ++call)
      if (call->result)
        results.push_back(*call->result);
      else
        made.push_back(tool_result(request.messages[at].tool_calls[call->call].id, std::string(not_carried_out)));
    mended.push_back(std::move(request.messages[at]));
    std::sort(results.begin(), results.end());  // in the order in which they were given
    for (const std::size_t result : results) mended.push_back(std::move(request.messages[result]));
    std::move(made.begin(), made.end(), std::back_inserter(mended));
  }
  request.messages = std::move(mended);
}

void remove_nameless_calls(Request& request) {
  std::unordered_set<std::size_t> results;
  for (const AnsweredCall& call : pair_results(request.messages).calls)
    if (call.result && request.messages[call.turn].tool_calls[call.call].name.empty()) results.insert(*call.result);
  for (Message& message : request.messages)
    std::erase_if(message.tool_calls, [](const ToolCall& call) { return call.name.empty(); });
  remove_messages(request, results);
}

void remove_reasoning_turns(Request& request) { std::erase_if(request.messages, only_reasons); }

void make_developers_system(Request& request) {
  for (Message& message : request.messages)
    if (message.role == "developer") message.role = "system";
}

}  // namespace kimistream::rules
