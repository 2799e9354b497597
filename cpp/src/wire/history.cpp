#include "wire/history.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "characters.hpp"
#include "kimistream/json.hpp"

namespace kimistream::wire {
namespace {

/// Knows whether a document is an object, and whether other readers would take its numbers.
class ObjectCheck : public json::Visitor {
 public:
  void on_null() override { value(false); }
  void on_bool(bool) override { value(false); }
  void on_number(std::string_view text) override {
    value(false);
    if (text.find_first_of("Na") != std::string_view::npos || text.find("Inf") != std::string_view::npos) ok_ = false;
  }
  void on_string(std::string_view) override { value(false); }
  void on_array_begin() override { value(false); }
  void on_object_begin() override { value(true); }

  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  void value(bool object) {
    if (std::exchange(first_, false)) ok_ = object;
  }
  bool first_ = true, ok_ = false;
};

bool is_vacuous(const Message& message) {
  return message.role == "assistant" && message.text().empty() && message.parts.empty() && message.tool_calls.empty() &&
         (!message.reasoning || message.reasoning->empty()) && message.reasoning_details.empty() &&
         message.extra.empty();
}

/// How often something was met, and where first: one notice tells of all.
class Tally {
 public:
  Tally(std::string_view code, std::string_view what) : code_(code), what_(what) {}
  void meet(std::size_t position, std::string_view detail = {}) {
    if (count_++ > 0) return;
    where_ = "message " + std::to_string(position);
    if (!detail.empty()) where_.append(", \"").append(detail.substr(0, 80)).append("\"");
  }
  void report(std::vector<Notice>& notices) const {
    if (count_ == 0) return;
    std::string text = where_ + ": " + std::string(what_);
    if (count_ > 1) text += "; so " + std::to_string(count_) + " times in this conversation";
    notices.push_back({std::string(code_), std::move(text)});
  }

 private:
  std::string_view code_, what_;
  std::size_t count_ = 0;
  std::string where_;
};

/// Gives ids to calls as the row wants them.
class Ids {
 public:
  Ids(ToolIdPolicy policy, std::span<const Message> messages) : policy_(policy) {
    if (policy != ToolIdPolicy::sanitized) return;
    // An id that is right already stays, wherever it stands: it is set aside before any other is made.
    for (const Message& message : messages)
      for (const ToolCall& call : message.tool_calls)
        if (is_sane(call.id)) taken_.insert(call.id);
  }

  /// The id of the conversation's next call.
  std::string next(const ToolCall& call) {
    switch (policy_) {
      case ToolIdPolicy::functions_global: return "functions." + call.name + ":" + std::to_string(count_++);
      case ToolIdPolicy::sanitized:
        if (is_sane(call.id) && kept_.insert(call.id).second) return call.id;
        return unique(sane(call.id));
      case ToolIdPolicy::verbatim: break;
    }
    return call.id;
  }

  /// The id of a result that answers no call.
  std::string orphan(const std::string& id) {
    if (policy_ != ToolIdPolicy::sanitized || is_sane(id)) return id;
    return unique(sane(id));
  }

 private:
  static bool is_sane(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  }
  static bool is_sane(std::string_view id) {
    return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return is_sane(c); });
  }
  static std::string sane(std::string_view id) {
    std::string made(id.empty() ? std::string_view("call") : id);
    std::replace_if(
        made.begin(), made.end(), [](char c) { return !is_sane(c); }, '_');
    return made;
  }
  std::string unique(const std::string& base) {
    if (taken_.insert(base).second) return base;
    std::size_t& number = numbers_.try_emplace(base, 1).first->second;  // goes on where it stood: never quadratic
    std::string made;
    do made = base + "_" + std::to_string(++number);
    while (!taken_.insert(made).second);
    return made;
  }

  ToolIdPolicy policy_;
  std::size_t count_ = 0;
  std::unordered_set<std::string> taken_, kept_;
  std::unordered_map<std::string, std::size_t> numbers_;
};

class WriteBack {
 public:
  WriteBack(const Provider& provider, std::span<const Message> messages)
      : provider_(provider),
        messages_(messages),
        only_objects_(provider.arguments_must_be_objects || provider.protocol == Protocol::anthropic_messages),
        ids_(provider.tool_ids, messages) {}

  std::vector<Turn> run(std::vector<Notice>& notices) {
    std::vector<Turn> turns;
    turns.reserve(messages_.size());
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      const Message& message = messages_[i];
      if (provider_.drops_empty_turns && is_vacuous(message)) {
        dropped_.meet(i);
        continue;
      }
      Turn& turn = turns.emplace_back(Turn{.message = &message, .position = i});
      if (message.role == "assistant") {
        asked_.clear();
        if (!message.tool_calls.empty()) calls(turn);
      } else if (message.role == "tool") {
        result(turn);
      }
    }
    for (const Tally* tally : {&dropped_, &replaced_}) tally->report(notices);
    return turns;
  }

 private:
  /// The calls of one wire id in a turn; servers repeat ids, then the results answer them in order.
  struct Asked {
    std::vector<std::string> ids;  // as they are sent
    std::size_t answered = 0;
  };

  void calls(Turn& turn) {
    const std::vector<ToolCall>& calls = turn.message->tool_calls;
    const auto change = [&](std::size_t at) -> ToolCall& {
      if (!turn.changed_calls) turn.changed_calls = calls;
      return (*turn.changed_calls)[at];
    };
    for (std::size_t at = 0; at < calls.size(); ++at) {
      std::string id = ids_.next(calls[at]);
      if (id != calls[at].id) change(at).id = id;
      const std::string& arguments = calls[at].arguments;
      if (only_objects_ ? !is_json_object(arguments) : !is_blank(arguments) && !json::is_json(arguments)) {
        if (!is_blank(arguments)) replaced_.meet(turn.position, calls[at].name);
        change(at).arguments = "{}";
      }
      known_.insert_or_assign(calls[at].id, id);
      asked_[calls[at].id].ids.push_back(std::move(id));
    }
  }

  void result(Turn& turn) {
    const std::string& id = turn.message->tool_call_id;
    std::string sent;
    if (const auto asked = asked_.find(id);
        asked != asked_.end() && asked->second.answered < asked->second.ids.size()) {
      sent = asked->second.ids[asked->second.answered++];
    } else {
      const auto known = known_.find(id);  // of an earlier turn: it goes on naming the same call
      sent = known == known_.end() ? known_.emplace(id, ids_.orphan(id)).first->second : known->second;
    }
    if (sent != id) turn.changed_id = std::move(sent);
  }

  const Provider& provider_;
  std::span<const Message> messages_;
  bool only_objects_;
  Ids ids_;
  std::unordered_map<std::string_view, Asked> asked_;        // by the last assistant turn
  std::unordered_map<std::string_view, std::string> known_;  // wire id to the id that is sent, the latest counts
  Tally dropped_{"empty_turn_dropped",
                 "this assistant message has nothing in it, which the provider refuses; left out"};
  Tally replaced_{"arguments_replaced",
                  "the arguments of this call are no JSON object, which the provider refuses; sent as {}"};
};

}  // namespace

bool is_json_object(std::string_view text) {
  ObjectCheck check;
  try {
    json::visit(text, check);
  } catch (const json::Malformed&) {
    return false;
  }
  return check.ok();
}

std::vector<Turn> write_back(const Provider& provider, std::span<const Message> messages,
                             std::vector<Notice>& notices) {
  return WriteBack(provider, messages).run(notices);
}

}  // namespace kimistream::wire
