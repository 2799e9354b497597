// The models' markup in any text: the same for any slicing, no token left where it would be read as one, and no call
// complete that was cut off.
#include <algorithm>

#include "fuzz.hpp"
#include "json/text.hpp"
#include "kimistream/json.hpp"
#include "support/play.hpp"
#include "wire/markup/reader.hpp"

namespace ks = kimistream;
namespace markup = kimistream::wire::markup;
using namespace kimistream::testing;
using markup::Call;
using markup::Ending;
using markup::Output;
using markup::Side;

namespace {

Output read(const std::vector<std::string>& pieces, Side home, bool offered, Ending ending) {
  markup::Reader reader(home, offered);
  Output all;
  const auto add = [&](Output more) {
    all.reasoning += more.reasoning;
    all.answer += more.answer;
    std::move(more.calls.begin(), more.calls.end(), std::back_inserter(all.calls));
    all.parted = all.parted || more.parted;
    all.removed = all.removed || more.removed;
    all.refused = all.refused || more.refused;
    all.beyond = all.beyond || more.beyond;
  };
  for (const std::string& piece : pieces) {
    if (reader.passes(piece))
      (home == Side::answer ? all.answer : all.reasoning) += piece;
    else
      add(reader.feed(piece));
  }
  add(reader.finish(ending));
  return all;
}

void check_slicing(std::string_view text) {
  for (const bool offered : {true, false}) {
    for (const Ending ending : {Ending::stop, Ending::cut}) {
      const Side home = offered ? Side::answer : Side::reasoning;
      const Output whole = read({std::string(text)}, home, offered, ending);
      for (const std::size_t longest : {1, 5, 60})
        promise(read(pieces_of(text, longest), home, offered, ending) == whole, "slicing does not matter");
      promise(offered || whole.calls.empty(), "where nothing was offered no call is made");
      if (text.find("<|") == std::string_view::npos)
        promise((offered ? whole.answer : whole.reasoning) == text, "text without markup passes unchanged");
    }
  }
}

// ---- calls that are cut ---------------------------------------------------------------------------------------------

std::string quoted(std::string_view text) {
  std::string out;
  ks::json::append_string(out, text);
  return out;
}

/// A call as a model writes it, with the text as a string in its arguments.
std::string k2_call(std::string_view text) {
  return "<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"a\":" + quoted(text) + "}<|tool_call_end|>";
}
std::string k3_call(std::string_view text, std::string_view type) {
  const std::string value = type == "string" ? std::string(text) : "[" + quoted(text) + "]";
  return "<|open|>call tool=\"f\" index=\"1\"<|sep|><|open|>argument key=\"a\" type=\"" + std::string(type) +
         "\"<|sep|>" + value + "<|close|>argument<|sep|><|close|>call<|sep|>";
}

/// Of calls that are cut anywhere, those that ended before it are complete, and no other.
void check_cuts(const std::vector<std::string>& calls) {
  std::string text;
  std::vector<std::size_t> ends;
  for (const std::string& call : calls) {
    text += call;
    ends.push_back(text.size());
  }
  std::minstd_rand random(static_cast<unsigned>(text.size()));
  for (int round = 0; round < 8; ++round) {
    const std::size_t cut = random() % (text.size() + 1);
    const Output seen = read(pieces_of(text.substr(0, cut), 40), Side::answer, true, Ending::cut);
    const auto complete = [](const Call& call) { return call.complete; };
    const auto whole = std::count_if(seen.calls.begin(), seen.calls.end(), complete);
    promise(whole == std::count_if(ends.begin(), ends.end(), [&](std::size_t end) { return end <= cut; }),
            "what ended before the cut is complete, and nothing else");
    for (const Call& call : seen.calls)
      promise(!call.complete || ks::json::is_whole_object(call.arguments), "a complete call has whole arguments");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  check_slicing(text);
  // Arguments may speak of the markup. Raw strings alone cannot: what closes them there closes them.
  std::string plain(text.substr(0, 200));
  check_cuts({k2_call(plain), k2_call("x"), k2_call(plain)});
  check_cuts({k3_call(plain, "array"), k3_call("x", "string"), k3_call(plain, "array")});
  std::replace(plain.begin(), plain.end(), '<', '(');
  check_cuts({k3_call(plain, "string"), k3_call("x", "array"), k3_call(plain, "string")});
  return 0;
}
