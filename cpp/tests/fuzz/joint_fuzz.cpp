// The joint of a continuation with what it goes on from: the same however the continuation is cut into fragments.
#include "fuzz.hpp"
#include "joint.hpp"
#include "support/play.hpp"
#include "white.hpp"

namespace ks = kimistream;
using namespace kimistream::testing;

namespace {

struct Shown {
  std::string text;
  std::vector<ks::Event> others;
  bool brought = false, stopped = false;
  friend bool operator==(const Shown&, const Shown&) = default;
};

/// A continuation of these fragments, then its finish.
Shown shown(const ks::Before& before, const std::vector<std::string>& fragments) {
  ks::Joint joint(before);
  std::vector<ks::Event> events;
  const auto add = [&](ks::Event event) {
    const std::size_t from = events.size();
    events.push_back(std::move(event));
    joint.filter(events, from);
  };
  for (const std::string& fragment : fragments)
    if (!fragment.empty() && !joint.stopped()) add(ks::Text{fragment});
  if (!joint.stopped()) add(ks::Finish{"stop"});
  Shown all{.text = joined<ks::Text>(events), .others = {}, .brought = joint.brought(), .stopped = joint.stopped()};
  std::copy_if(events.begin(), events.end(), std::back_inserter(all.others),
               [](const ks::Event& event) { return !std::holds_alternative<ks::Text>(event); });
  return all;
}

/// In pieces as a decoder gives them: none ends inside of a character.
std::vector<std::string> in_characters(std::string_view text, std::size_t longest) {
  std::vector<std::string> pieces;
  std::string held;
  for (const std::string& piece : pieces_of(text, longest)) {
    held += piece;
    std::size_t whole = held.size();
    while (whole > 0 && !is_utf8(std::string_view(held).substr(0, whole))) --whole;
    pieces.push_back(held.substr(0, whole));
    held.erase(0, whole);
  }
  pieces.push_back(held);
  return pieces;
}

void check(const ks::Before& before, const std::string& comes) {
  const Shown whole = shown(before, {comes});
  promise(is_utf8(whole.text), "texts are UTF-8");
  promise(whole.text.size() <= comes.size(), "nothing is made up");
  for (const std::size_t longest : {1, 3, 17})
    promise(shown(before, in_characters(comes, longest)) == whole, "slicing does not matter");
  // Where nothing is there to be told apart, it is the text itself.
  const bool plain = comes.find('<') == std::string::npos && before.stops.empty() && ks::white_prefix(comes) == 0;
  if (plain && before.prefix.size() < 32) promise(whole.text == comes, "a plain text passes unchanged");
}

}  // namespace

/// The first byte says where the text is cut in two, the second which stop word there is; what comes behind is the
/// text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  std::string_view text = as_text(data, size).substr(2);
  if (!is_utf8(text)) return 0;
  std::size_t cut = data[0] * text.size() / 256;
  while (cut > 0 && !is_utf8(text.substr(0, cut))) --cut;
  const std::string arrived(text.substr(0, cut)), comes(text.substr(cut));
  ks::Before before{.prefix = std::string(ks::without_white_end(arrived)), .arrived = arrived, .stops = {}};
  check(before, comes);
  check(before, before.prefix + comes);  // an echo
  std::size_t from = arrived.size() - std::min<std::size_t>(data[1] % 8U, arrived.size());
  while (from > 0 && !is_utf8(std::string_view(arrived).substr(from))) --from;
  before.stops = {arrived.substr(from) + comes.substr(0, is_utf8(comes.substr(0, 2)) ? 2 : 0), "\n\n"};
  if (before.stops.front().empty()) before.stops.erase(before.stops.begin());
  check(before, comes);
  return 0;
}
