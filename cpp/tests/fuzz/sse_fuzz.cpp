// The SSE parser gives the same for any slicing of any bytes.
#include "fuzz.hpp"
#include "kimistream/sse.hpp"

namespace ks = kimistream;
using namespace kimistream::testing;

namespace {

struct Seen {
  std::vector<std::string> events;
  std::string id;
  std::optional<long long> retry;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen parse(const std::vector<std::string>& blocks) {
  ks::sse::Parser parser;
  Seen seen;
  const auto keep = [&](const ks::sse::Event& event) {
    seen.events.push_back(std::string(event.type) + "\n" + std::string(event.data) + "\n" + parser.last_event_id());
  };
  for (const std::string& block : blocks) {
    const std::vector<char> buffer(block.begin(), block.end());  // gone with the next block
    parser.feed({buffer.data(), buffer.size()});
    while (const auto event = parser.next()) keep(*event);
  }
  while (const auto event = parser.finish()) keep(*event);
  promise(!parser.overflowed(), "an input within the limit does not overflow");
  seen.id = parser.last_event_id();
  seen.retry = parser.retry();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const Seen whole = parse({std::string(text)});
  for (const std::size_t longest : {1, 3, 17, 200})
    promise(parse(pieces_of(text, longest)) == whole, "slicing does not matter");
  return 0;
}
