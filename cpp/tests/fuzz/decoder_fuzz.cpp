// Any bytes, taken as a stream and as a body: the same events for any slicing, texts that are UTF-8, calls before the
// one finish.
#include "fuzz.hpp"
#include "kimistream/sse.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace kimistream::testing;
using State = ks::wire::Decoder::State;

namespace {

struct Seen {
  std::vector<ks::Event> events;
  State state = State::open;
  bool complete = false;
  std::string id, model, error_body;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen decode(const std::vector<std::string>& blocks, const ks::Provider& provider) {
  ks::sse::Parser parser;
  ks::wire::Decoder decoder(provider);
  Seen seen;
  for (const std::string& block : blocks) {
    parser.feed(block);
    while (seen.state == State::open) {
      const auto event = parser.next();
      if (!event) break;
      seen.state = decoder.feed(event->data, event->type, seen.events);
    }
  }
  if (seen.state == State::open) seen.complete = decoder.finish(seen.events);
  seen.id = decoder.id();
  seen.model = decoder.model();
  seen.error_body = decoder.error_body();
  return seen;
}

void check(const std::vector<ks::Event>& events) {
  promise(is_utf8(events), "texts are UTF-8");
  std::size_t finishes = 0;
  ks::Accumulator accumulator;
  for (const ks::Event& event : events) {
    if (const auto* call = std::get_if<ks::ToolCall>(&event)) {
      promise(finishes == 0, "calls come before the finish");
      if (call->complete)
        promise(ks::json::is_whole_object(call->arguments), "a complete call has an object for arguments");
    }
    if (const auto* text = std::get_if<ks::Thinking>(&event)) promise(!text->text.empty(), "no empty thinking");
    finishes += std::holds_alternative<ks::Finish>(event);
    accumulator.add(event);
  }
  promise(finishes <= 1, "the finish comes once");
  const auto& calls = accumulator.message().tool_calls;
  for (std::size_t i = 0; i < calls.size(); ++i) promise(calls[i].index == static_cast<int>(i), "calls count from 0");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  for (const char* name : {"moonshot", "vllm"}) {
    const ks::Provider& provider = *ks::find_provider(name);
    const Seen whole = decode({std::string(text)}, provider);
    check(whole.events);
    for (const std::size_t longest : {2, 40})
      promise(decode(pieces_of(text, longest), provider) == whole, "slicing does not matter");
    ks::wire::Decoder decoder(provider);
    std::vector<ks::Event> events;
    decoder.feed_body(text, events);
    check(events);
  }
  return 0;
}
