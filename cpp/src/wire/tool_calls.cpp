#include "wire/tool_calls.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

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
    if (fragment.name.starts_with(call.name))
      call.name.assign(fragment.name);  // the first, or all of it once more
    else if (call.arguments.empty())
      call.name.append(fragment.name);  // the name comes in pieces
  }
  std::string scratch;
  const std::string_view arguments = add_arguments(*slot, fragment.arguments, scratch);
  if (!slot->started) {
    if (call.name.empty()) return;  // arguments may come before the name: kept until it is known (Q24)
    slot->started = true;
    out.emplace_back(ToolCallStart{call.index, call.id, call.name});
    if (!call.arguments.empty()) out.emplace_back(ToolCallDelta{call.index, call.arguments});
  } else if (!arguments.empty()) {
    out.emplace_back(ToolCallDelta{call.index, std::string(arguments)});
  }
}

/// @return what was appended: the fragment, with the halves of surrogate pairs joined
std::string_view ToolCalls::add_arguments(Slot& slot, std::string_view fragment, std::string& scratch) {
  if (!fragment.empty() && (!slot.half.empty() || json::has_half(fragment))) {
    scratch = std::exchange(slot.half, {});
    scratch.append(fragment);
    if (json::ends_with_high_half(scratch)) {
      slot.half = scratch.substr(scratch.size() - 3);
      scratch.resize(scratch.size() - 3);
    }
    scratch = json::join_halves(scratch);
    fragment = scratch;
  }
  slot.call.arguments.append(fragment);
  slot.scan.feed(fragment);
  return fragment;
}

bool ToolCalls::is_another_call(const Slot& slot, const ToolFragment& fragment) {
  const ToolCall& call = slot.call;
  const bool other_id = !fragment.id.empty() && !call.id.empty() && fragment.id != call.id;
  if (other_id && !fragment.name.empty() && !call.name.empty()) return true;
  // Random ids on each fragment are a known fault, and so are calls without ids: the arguments decide.
  // A name that is only repeated, without arguments, begins nothing.
  const bool blank = fragment.arguments.find_first_not_of(" \t\r\n") == std::string_view::npos;
  const bool named = !fragment.name.empty() && fragment.id.empty() && !call.name.empty();
  const bool suspicious = other_id || (named && !(blank && fragment.name == call.name));
  return suspicious && slot.scan.whole();
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
    slot = latest([&](const Slot& s) { return s.call.id == fragment.id; });
    // Some servers begin to count their ids anew: a name behind whole arguments begins another call.
    return slot && !fragment.name.empty() && !fragment.arguments.empty() && slot->scan.whole() ? nullptr : slot;
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
  std::set<std::string, std::less<>> ids;  // a result says by its id which call it answers
  for (Slot& slot : slots_) {
    ToolCall& call = slot.call;
    const bool missing = call.id.empty();
    if (missing || ids.contains(call.id)) {
      std::string made = (missing ? "call" : call.id) + "_" + std::to_string(call.index);
      while (ids.contains(made)) made += '_';
      out.emplace_back(Notice{"tool_id_made", "tool call " + std::to_string(call.index) + " (" + call.name + ") came " +
                                                  (missing ? "without an id" : "with the id of another") +
                                                  "; it is called " + made});
      call.id = std::move(made);
    }
    ids.insert(call.id);
    if (!slot.half.empty()) call.arguments.append("\xEF\xBF\xBD");
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
      out.emplace_back(
          Notice{"invalid_arguments", which + ": the arguments are not a whole JSON object; do not run it"});
    out.emplace_back(call);
  }
}

}  // namespace kimistream::wire
