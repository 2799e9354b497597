// Any bytes, taken as a stream and as a body, through the decoder of one provider.
#pragma once

#include "fuzz.hpp"
#include "kimistream/kimistream.hpp"
#include "support/play.hpp"

namespace kimistream::testing {

/// What any bytes amount to, taken as a stream.
struct Seen {
  std::vector<Event> events;
  wire::Decoder::State state = wire::Decoder::State::open;
  bool complete = false;
  std::string id, model, error_body;
  friend bool operator==(const Seen&, const Seen&) = default;
};

inline Seen decode(const std::vector<std::string>& blocks, const Provider& provider, const Offered& offer) {
  sse::Parser parser;
  wire::Decoder decoder(provider, true, offer);
  Seen seen;
  for (const std::string& block : blocks) {
    parser.feed(block);
    while (seen.state == wire::Decoder::State::open) {
      const auto event = parser.next();
      if (!event) break;
      seen.state = decoder.feed(event->data, event->type, seen.events);
    }
  }
  if (seen.state == wire::Decoder::State::open) seen.complete = decoder.finish(seen.events);
  seen.id = decoder.id();
  seen.model = decoder.model();
  seen.error_body = decoder.error_body();
  return seen;
}

/// Texts that are UTF-8, calls before the one finish, no call complete that is not.
inline void check_events(const std::vector<Event>& events) {
  promise(is_utf8(events), "texts are UTF-8");
  std::size_t finishes = 0;
  Accumulator accumulator;
  for (const Event& event : events) {
    if (const auto* call = std::get_if<ToolCall>(&event)) {
      promise(finishes == 0, "calls come before the finish");
      if (call->complete)
        promise(json::is_whole_object(call->arguments), "a complete call has an object for arguments");
    }
    if (const auto* text = std::get_if<Thinking>(&event)) promise(!text->text.empty(), "no empty thinking");
    finishes += std::holds_alternative<Finish>(event);
    accumulator.add(event);
  }
  promise(finishes <= 1, "the finish comes once");
  const auto& calls = accumulator.message().tool_calls;
  for (std::size_t i = 0; i < calls.size(); ++i) promise(calls[i].index == static_cast<int>(i), "calls count from 0");
}

/// The same events for any slicing; and what they must be.
inline void check_decoder(std::string_view text, std::string_view row) {
  const Provider& provider = *find_provider(row);
  static const Offered one_function = offering();
  for (const Offered& offer : {Offered(), one_function}) {
    const Seen whole = decode({std::string(text)}, provider, offer);
    check_events(whole.events);
    for (const std::size_t longest : {2, 40})
      promise(decode(pieces_of(text, longest), provider, offer) == whole, "slicing does not matter");
    wire::Decoder decoder(provider, true, offer);
    std::vector<Event> events;
    decoder.feed_body(text, events);
    check_events(events);
  }
}

}  // namespace kimistream::testing
