// The fold over events: fragments may come in any pieces, and nothing that was said is lost.
#include <variant>

#include "fuzz.hpp"
#include "kimistream/kimistream.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace kimistream::testing;

namespace {

/// Events as a decoder could make them, of any bytes: a byte says which, the next how long its text is.
std::vector<ks::Event> events_of(std::string_view text) {
  std::vector<ks::Event> events;
  std::size_t calls = 0;
  const auto take = [&](std::size_t size) {
    const std::string taken(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size()));
    return taken;
  };
  while (text.size() > 1) {
    const auto kind = static_cast<unsigned char>(text[0]) % 8U, byte = static_cast<unsigned char>(text[1]) + 0U;
    text.remove_prefix(2);
    const std::string said = take(byte % 40);
    const int index = static_cast<int>(calls == 0 ? 0 : byte % (calls + 1));
    switch (kind) {
      case 0: events.emplace_back(ks::Text{said}); break;
      case 1: events.emplace_back(ks::Thinking{said}); break;
      case 2: events.emplace_back(ks::ToolCallDelta{.index = index, .arguments = said}); break;
      case 3: events.emplace_back(ks::ToolCallStart{.index = index, .id = said, .name = "f"}); break;
      case 4: {
        ks::ToolCall call;
        call.index = index;
        call.name = "f";
        call.arguments = said;
        events.emplace_back(std::move(call));
        break;
      }
      case 5: {
        ks::Usage usage;
        usage.prompt_tokens = byte;
        events.emplace_back(usage);
        break;
      }
      case 6: events.emplace_back(ks::Finish{said}); break;
      default: events.emplace_back(ks::Notice{"code", said}); break;
    }
    if (kind >= 2 && kind <= 4) calls = std::max(calls, static_cast<std::size_t>(index) + 1);
  }
  return events;
}

/// The same with each fragment in pieces.
std::vector<ks::Event> chopped_events(const std::vector<ks::Event>& events) {
  std::vector<ks::Event> chopped;
  for (const ks::Event& event : events) {
    const std::size_t before = chopped.size();
    if (const auto* text = std::get_if<ks::Text>(&event))
      for (std::string& piece : pieces_of(text->text, 3)) chopped.emplace_back(ks::Text{std::move(piece)});
    if (const auto* thinking = std::get_if<ks::Thinking>(&event))
      for (std::string& piece : pieces_of(thinking->text, 3)) chopped.emplace_back(ks::Thinking{std::move(piece)});
    if (const auto* delta = std::get_if<ks::ToolCallDelta>(&event))
      for (std::string& piece : pieces_of(delta->arguments, 3))
        chopped.emplace_back(ks::ToolCallDelta{.index = delta->index, .arguments = std::move(piece)});
    if (chopped.size() == before) chopped.push_back(event);
  }
  return chopped;
}

ks::Message folded(const std::vector<ks::Event>& events) {
  ks::Accumulator accumulator;
  for (const ks::Event& event : events) accumulator.add(event);
  return accumulator.message();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<ks::Event> events = events_of(as_text(data, size));
  const ks::Message message = folded(events);
  promise(folded(chopped_events(events)) == message, "slicing does not matter");
  promise(message.text() == joined<ks::Text>(events), "no text is lost");
  promise(message.reasoning.value_or("") == joined<ks::Thinking>(events), "no reasoning is lost");
  const std::string written = ks::to_json(message).text;
  promise(is_utf8(written), "what is written is UTF-8");
  promise(ks::to_json(ks::message_from_json({written})).text == written, "what is written reads back the same");
  return 0;
}
