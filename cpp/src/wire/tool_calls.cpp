#include "wire/tool_calls.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "characters.hpp"
#include "json/text.hpp"
#include "json/tree.hpp"
#include "kimistream/json.hpp"
#include "wire/arguments.hpp"

namespace kimistream::wire {
namespace {

/// The same for two calls of one function with the same arguments, however they are written.
std::string signature(const std::string& name, std::string arguments) {
  clean_arguments(arguments);
  std::string out = name + '\0';
  try {
    json::Tree::parse(arguments).write(out);
  } catch (const json::Malformed&) {
    out += arguments;
  }
  return out;
}

std::string which(const ToolCall& call) { return "tool call " + std::to_string(call.index) + " (" + call.name + ")"; }

/// {}, with white space round it and in it.
bool is_empty_object(std::string_view text) {
  std::size_t braces = 0;
  for (const char c : text)
    if (c == (braces == 0 ? '{' : '}'))
      ++braces;
    else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
      return false;
  return braces == 2;
}

}  // namespace

void ToolCalls::add(const ToolFragment& fragment, std::vector<Event>& out) {
  told_otherwise_ = false;
  Slot* slot = find(fragment);
  if (!slot) {
    // A fragment with nothing in it closes a call at some gateways (Q27): it opens none.
    if (fragment.id.empty() && fragment.name.empty() && fragment.arguments.empty()) return;
    slot = &open(fragment.index);
  } else if (begins_again(*slot, fragment)) {
    const auto before = static_cast<std::size_t>(slot - slots_.data());
    slot = &open(slot->wire_index);
    const Slot& first = slots_[before];
    slot->wire_id = slot->call.id = first.wire_id;
    slot->call.type = first.call.type;
    slot->call.name = first.call.name;
  }
  latest_ = static_cast<std::size_t>(slot - slots_.data());
  ToolCall& call = slot->call;
  if (slot->wire_id.empty()) slot->wire_id = call.id = fragment.id;
  if (!fragment.type.empty()) call.type.assign(fragment.type);
  if (!fragment.name.empty() && fragment.name != call.name) {
    if (fragment.name.starts_with(call.name))
      call.name.assign(fragment.name);  // the first, or all of it once more
    else if (call.arguments.empty())
      call.name.append(fragment.name);  // the name comes in pieces
  }
  if (holding_ && *holding_ != latest_) {
    release(out);
    told_otherwise_ = true;
  }
  if (holding_ && !is_blank(fragment.arguments)) {  // these are the real ones, or {} again
    holding_.reset();
    slot->replaced = !is_empty_object(fragment.arguments);
    slot->scan = {};
  }
  if (!slot->started && !fragment.name.empty() && call.arguments.empty() && is_empty_object(fragment.arguments)) {
    holding_ = latest_;
    told_otherwise_ = true;
    slot->scan.feed(fragment.arguments);
    start(*slot, out);
    return;
  }
  std::string scratch;
  const std::string_view arguments = add_arguments(*slot, fragment.arguments, scratch);
  if (!slot->started) {
    if (call.name.empty()) return;  // arguments may come before the name: kept until it is known (Q24)
    start(*slot, out);
  } else if (!arguments.empty()) {
    out.emplace_back(ToolCallDelta{call.index, std::string(arguments)});
  }
}

void ToolCalls::add(const markup::Call& read, std::vector<Event>& out) {
  Slot& slot = open(std::nullopt);
  slot.call.id = read.id;
  slot.call.name = read.name;
  slot.call.arguments = read.arguments;
  slot.ended = read.complete;
  if (read.complete) clean(slot.call, out);  // it is all there
  tell_apart(slot, out);
  if (!read.name.empty()) start(slot, out);
}

bool ToolCalls::clean(ToolCall& call, std::vector<Event>& out) {
  const Arguments state = clean_arguments(call.arguments);
  if (state == Arguments::absent)
    out.emplace_back(Notice{"empty_arguments", which(call) + " came without arguments; they are taken as {}"});
  if (state == Arguments::mended)
    out.emplace_back(Notice{"arguments_cleaned", which(call) + ": text around the JSON object was taken away"});
  return state != Arguments::invalid;
}

bool ToolCalls::repeats(const markup::Call& read) {
  const auto structured = [](const Slot& slot) { return !slot.ended; };
  if (!read.complete)  // a rest of what the server has parsed
    return std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      return structured(slot) && (read.name.empty() || read.name == slot.call.name);
    });
  if (!signatures_) {
    signatures_.emplace();
    for (const Slot& slot : slots_)
      if (structured(slot)) signatures_->insert(signature(slot.call.name, slot.call.arguments));
  }
  const auto same = signatures_->find(signature(read.name, read.arguments));
  if (same == signatures_->end()) return false;
  signatures_->erase(same);
  return true;
}

void ToolCalls::start(Slot& slot, std::vector<Event>& out) {
  ToolCall& call = slot.call;
  slot.started = true;
  if (!call.id.empty()) tell_apart(slot, out);
  out.emplace_back(ToolCallStart{call.index, call.id, call.name});
  if (!call.arguments.empty()) out.emplace_back(ToolCallDelta{call.index, call.arguments});
}

/// Gives a call an id of its own, where it has none or another's.
void ToolCalls::tell_apart(Slot& slot, std::vector<Event>& out) {
  if (std::exchange(slot.told_apart, true)) return;
  ToolCall& call = slot.call;
  const bool missing = call.id.empty();
  if (missing || ids_.contains(call.id)) {
    std::string made = (missing ? "call" : call.id) + "_" + std::to_string(call.index);
    while (ids_.contains(made)) made += '_';
    if (!missing || !slot.ended)  // not every model writes ids
      out.emplace_back(Notice{
          "tool_id_made",
          which(call) + " came " + (missing ? "without an id" : "with the id of another") + "; it is called " + made});
    call.id = std::move(made);
  }
  ids_.insert(call.id);
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
  std::string& all = slot.call.arguments;
  if (slot.cumulative && !is_blank(fragment)) {
    slot.cumulative = all.empty() || fragment.starts_with(std::string_view(all).substr(slot.last_at));
    slot.last_at = all.size();
  }
  all.append(fragment);
  slot.scan.feed(fragment);
  return fragment;
}

/// Some gateways send with each fragment all that there is so far. That can be told at the end only, where what was put
/// together is no JSON: `{"filter":` and `{"filter":"blue"}` and `}` are right (NousResearch/hermes-agent#35860).
bool ToolCalls::take_last(Slot& slot) {
  std::string& all = slot.call.arguments;
  if (!slot.cumulative || slot.last_at == 0 || is_whole_arguments(all)) return false;
  std::string last = all.substr(slot.last_at);
  if (!is_whole_arguments(last)) return false;
  all = std::move(last);
  return true;
}

void ToolCalls::release(std::vector<Event>& out) {
  if (!holding_) return;
  ToolCall& call = slots_[*holding_].call;
  holding_.reset();
  call.arguments = "{}";
  out.emplace_back(ToolCallDelta{call.index, call.arguments});
}

bool ToolCalls::is_another_call(const Slot& slot, const ToolFragment& fragment) {
  const ToolCall& call = slot.call;
  const bool other_id = !fragment.id.empty() && !slot.wire_id.empty() && fragment.id != slot.wire_id;
  if (other_id && !fragment.name.empty() && !call.name.empty()) return true;
  // Random ids on each fragment are a known fault, and so are calls without ids: the arguments decide.
  // A name that is only repeated, without arguments, begins nothing.
  const bool blank = is_blank(fragment.arguments);
  const bool named = !fragment.name.empty() && fragment.id.empty() && !call.name.empty();
  const bool suspicious = other_id || (named && !(blank && fragment.name == call.name));
  return suspicious && slot.scan.whole();
}

/// Models number their calls anew in each section, and servers go by it: two calls share index, id and name. A head
/// that is only repeated begins nothing; arguments behind it do.
bool ToolCalls::begins_again(Slot& slot, const ToolFragment& fragment) {
  if (!slot.scan.whole()) return false;
  const bool named = !fragment.name.empty() && fragment.name == slot.call.name && fragment.id == slot.wire_id;
  const bool named_before = std::exchange(slot.named_again, slot.named_again || named);
  misleading_ = misleading_ || named;
  const std::size_t solid = fragment.arguments.find_first_not_of(" \t\r\n");
  if (solid == std::string_view::npos || fragment.arguments[solid] != '{') return false;
  // Some gateways begin with {} and then send the arguments, and some say everything twice.
  return named_before || (named && !slot.call.arguments.empty() && slot.call.arguments != "{}" &&
                          fragment.arguments != slot.call.arguments);
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
    slot = latest([&](const Slot& s) { return s.wire_id == fragment.id; });
    // Some servers begin to count their ids anew: a name behind whole arguments begins another call.
    return slot && !fragment.name.empty() && !fragment.arguments.empty() && slot->scan.whole() ? nullptr : slot;
  } else if (!slots_.empty()) {
    slot = &slots_.back();
  }
  return slot && is_another_call(*slot, fragment) ? nullptr : slot;
}

ToolCalls::Slot& ToolCalls::open(std::optional<std::int64_t> index) {
  misleading_ = misleading_ || (index && std::any_of(slots_.begin(), slots_.end(),
                                                     [&](const Slot& slot) { return slot.wire_index == index; }));
  Slot slot;
  slot.call.index = static_cast<int>(slots_.size());
  slot.call.complete = false;
  slot.wire_index = index;
  return slots_.emplace_back(std::move(slot));
}

void ToolCalls::finish(bool cut, std::vector<Event>& out) {
  if (finished_) return;
  finished_ = true;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    ToolCall& call = slot.call;
    tell_apart(slot, out);
    if (!slot.half.empty()) call.arguments.append("\xEF\xBF\xBD");
    const bool cut_off = !slot.ended.value_or(!cut || i != latest_);
    if (!cut_off && (take_last(slot) || slot.replaced))
      out.emplace_back(Notice{"arguments_cleaned", which(call) + ": what came before its real arguments was left out"});
    const bool whole = !cut_off && clean(call, out);
    call.complete = whole && !call.name.empty();
    usable_ = usable_ || call.complete;
    if (!slot.started) out.emplace_back(ToolCallStart{call.index, call.id, call.name});
    if (cut_off)
      out.emplace_back(Notice{"cut_call", which(call) + " was cut off before its end; do not run it"});
    else if (!whole)
      out.emplace_back(
          Notice{"invalid_arguments", which(call) + ": the arguments are not a whole JSON object; do not run it"});
    out.emplace_back(call);
  }
}

}  // namespace kimistream::wire
