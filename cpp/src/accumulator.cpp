#include "kimistream/accumulator.hpp"

#include <utility>

namespace kimistream {
namespace {

ToolCall& call_at(Message& message, int index) {
  // Indexes are the decoder's own and count from 0. A call before this one whose name has not come yet said nothing so
  // far; it keeps its place.
  auto& calls = message.tool_calls;
  while (calls.size() <= static_cast<std::size_t>(index)) {
    ToolCall& call = calls.emplace_back();
    call.index = static_cast<int>(calls.size()) - 1;
    call.complete = false;
  }
  return calls[static_cast<std::size_t>(index)];
}

void append(std::optional<std::string>& to, const std::string& text) {
  if (!to) to.emplace();
  to->append(text);
}

}  // namespace

Accumulator::Accumulator() { message_.role = "assistant"; }

void Accumulator::add(const Event& event) {
  if (const auto* text = std::get_if<Text>(&event)) {
    append(message_.content, text->text);
  } else if (const auto* thinking = std::get_if<Thinking>(&event)) {
    append(message_.reasoning, thinking->text);
  } else if (const auto* delta = std::get_if<ToolCallDelta>(&event)) {
    call_at(message_, delta->index).arguments.append(delta->arguments);
  } else if (const auto* start = std::get_if<ToolCallStart>(&event)) {
    ToolCall& call = call_at(message_, start->index);
    call.id = start->id;
    call.name = start->name;
  } else if (const auto* call = std::get_if<ToolCall>(&event)) {
    call_at(message_, call->index) = *call;
  } else if (const auto* usage = std::get_if<Usage>(&event)) {
    message_.usage = *usage;
  } else if (const auto* finish = std::get_if<Finish>(&event)) {
    message_.finish_reason = finish->reason;
  } else if (const auto* notice = std::get_if<Notice>(&event)) {
    message_.warnings.push_back(*notice);
  } else {
    restart();
  }
}

void Accumulator::restart() {
  message_.content.reset();
  message_.reasoning.reset();
  message_.reasoning_details = {};
  message_.signature.clear();
  message_.tool_calls.clear();
  message_.finish_reason.reset();
}

bool Accumulator::empty() const noexcept {
  return !message_.content && !message_.reasoning && message_.tool_calls.empty() && !message_.usage &&
         !message_.finish_reason;
}

}  // namespace kimistream
