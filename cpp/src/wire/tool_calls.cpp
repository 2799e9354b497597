#include "wire/tool_calls.hpp"

#include <algorithm>
#include <string>

#include "json/text.hpp"
#include "kimistream/json.hpp"
#include "wire/arguments.hpp"

namespace kimistream::wire {

void ToolCalls::add(const ToolFragment& fragment, std::vector<Event>& out) {
  Slot* slot = find(fragment);
  if (!slot) {
    // A fragment with nothing in it closes a call at some gateways (Q27): it opens none.
    if (fragment.id.empty() && fragment.name.empty() && fragment.arguments.empty()) return;
    slot = &open(fragment);
  }
  ToolCall& call = slot->call;
  if (call.id.empty()) call.id.assign(fragment.id);
  if (!fragment.type.empty()) call.type.assign(fragment.type);
  if (!fragment.name.empty() && fragment.name != call.name) {
    if (fragment.name.starts_with(call.name)) call.name.assign(fragment.name);  // the first, or all of it once more
    else if (call.arguments.empty()) call.name.append(fragment.name);           // the name comes in pieces
  }
  call.arguments.append(fragment.arguments);
  if (!slot->started) {
    if (call.name.empty()) return;  // arguments may come before the name: kept until it is known (Q24)
    slot->started = true;
    out.emplace_back(ToolCallStart{call.index, call.id, call.name});
    if (!call.arguments.empty()) out.emplace_back(ToolCallDelta{call.index, call.arguments});
  } else if (!fragment.arguments.empty()) {
    out.emplace_back(ToolCallDelta{call.index, std::string(fragment.arguments)});
  }
}

bool ToolCalls::is_another_call(const Slot& slot, const ToolFragment& fragment) {
  const ToolCall& call = slot.call;
  const bool other_id = !fragment.id.empty() && !call.id.empty() && fragment.id != call.id;
  if (other_id && !fragment.name.empty() && !call.name.empty()) return true;
  // Random ids on each fragment are a known fault, and so are calls without ids: the arguments decide.
  const bool suspicious = other_id || (!fragment.name.empty() && fragment.id.empty() && !call.name.empty());
  return suspicious && json::is_whole_object(call.arguments);
}

ToolCalls::Slot* ToolCalls::find(const ToolFragment& fragment) {
  const auto latest = [&](auto&& matches) -> Slot* {
    const auto slot = std::find_if(slots_.rbegin(), slots_.rend(), matches);
    return slot == slots_.rend() ? nullptr : &*slot;
  };
  Slot* slot = nullptr;
  if (fragment.index) {
    slot = latest([&](const Slot& s) { return s.wire_index == fragment.index; });
  } else if (!fragment.id.empty()) {
    return latest([&](const Slot& s) { return s.call.id == fragment.id; });
  } else if (!slots_.empty()) {
    slot = &slots_.back();
  }
  return slot && is_another_call(*slot, fragment) ? nullptr : slot;
}

ToolCalls::Slot& ToolCalls::open(const ToolFragment& fragment) {
  Slot slot;
  slot.call.index = static_cast<int>(slots_.size());
  slot.call.complete = false;
  slot.wire_index = fragment.index;
  return slots_.emplace_back(std::move(slot));
}

void ToolCalls::finish(std::vector<Event>& out) {
  if (finished_) return;
  finished_ = true;
  for (Slot& slot : slots_) {
    ToolCall& call = slot.call;
    if (json::has_half(call.arguments)) call.arguments = json::join_halves(call.arguments);
    const Arguments state = clean_arguments(call.arguments);
    call.complete = state != Arguments::invalid && !call.name.empty();
    usable_ = usable_ || call.complete;
    const std::string which = "tool call " + std::to_string(call.index) + " (" + call.name + ")";
    if (!slot.started) out.emplace_back(ToolCallStart{call.index, call.id, call.name});
    if (state == Arguments::absent)
      out.emplace_back(Notice{"empty_arguments", which + " came without arguments; they are taken as {}"});
    if (state == Arguments::mended)
      out.emplace_back(Notice{"arguments_cleaned", which + ": text around the JSON object was taken away"});
    if (state == Arguments::invalid)
      out.emplace_back(Notice{"invalid_arguments", which + ": the arguments are not a whole JSON object; do not run it"});
    out.emplace_back(call);
  }
}

}  // namespace kimistream::wire
