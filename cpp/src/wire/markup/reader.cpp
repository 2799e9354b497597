#include "wire/markup/reader.hpp"

#include <array>
#include <utility>

#include "wire/markup/k2.hpp"
#include "wire/markup/k3.hpp"

namespace kimistream::wire::markup {
namespace {

/// At the end, a token under way that is longer is one, not a word.
constexpr std::size_t longest_doubt = std::string_view("<|close|>").size();

}  // namespace

struct Reader::State {
  State(Side home, bool offered) : sink(home), k3(offered) {
    if (offered) grammars[0] = &k2;
  }

  Sink sink;
  K2 k2;
  K3 k3;
  std::array<Grammar*, 2> grammars{nullptr, &k3};
  Grammar* open = nullptr;  // the one that is inside something
  std::string held;

  /// The grammar whose token `rest` begins with, and its size; or `foreign` or `unsure`.
  std::pair<Grammar*, std::size_t> measure(std::string_view rest, Ending ending) {
    std::size_t size = foreign;
    for (Grammar* grammar : grammars) {
      if (!grammar) continue;
      const std::size_t token = grammar->measure(rest, ending, sink);
      if (token == unsure)
        size = unsure;
      else if (token != foreign)
        return {grammar, token};
    }
    return {nullptr, size};
  }

  /// @return what is left: a token under way
  std::string_view read(std::string_view rest, Ending ending);
};

Reader::Reader(Side home, bool offered) : home_(home), offered_(offered) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

std::string_view Reader::State::read(std::string_view rest, Ending ending) {
  const auto text = [&](std::size_t size) {
    sink.text(rest.substr(0, size));
    rest.remove_prefix(size);
  };
  while (!rest.empty()) {
    if (open) {
      rest.remove_prefix(open->read(rest, ending, sink));
      if (open->inside()) break;
      open = nullptr;
      continue;
    }
    const std::size_t at = rest.find(prefix);
    if (at == std::string_view::npos) {
      text(rest.size() - (ending == Ending::open && rest.ends_with('<') ? 1 : 0));
      break;
    }
    text(at);
    const auto [grammar, size] = measure(rest, ending);
    if (size == unsure && ending == Ending::open) break;
    if (size == unsure && (ending == Ending::cut || rest.size() > longest_doubt)) {
      sink.out.removed = true;
      return {};
    }
    if (!grammar) {
      text(prefix.size());
      continue;
    }
    if (sink.last == '`') {  // `<|close|>message<|sep|>` speaks of it
      if (size == rest.size() && ending == Ending::open) break;
      if (rest.substr(size).starts_with('`')) {
        text(size);
        continue;
      }
    }
    grammar->take(rest.substr(0, size), size == rest.size() ? ending : Ending::open, sink);
    sink.last = '\0';
    rest.remove_prefix(size);
    if (grammar->inside()) open = grammar;
  }
  return rest;
}

void Reader::read(std::string_view fragment, Ending ending) {
  if (!state_) state_ = std::make_unique<State>(home_, offered_);
  State& state = *state_;
  state.sink.last = last_;
  state.sink.said = said_;
  std::string text = std::move(state.held);
  text.append(fragment);
  std::string_view rest = state.read(text, ending);
  if (ending == Ending::stop && state.open) {
    if (std::string again = state.open->again(); !again.empty()) {
      text = std::move(again.append(rest));
      rest = state.read(text, ending);
    }
  }
  if (ending != Ending::open) {
    if (state.open) state.open->finish(ending, state.sink);
    state.open = nullptr;
    state.sink.finish();
    rest = {};
  }
  state.held = rest;
  busy_ = !state.held.empty() || state.open || !state.sink.idle();
  last_ = state.sink.last;
  said_ = state.sink.said;
}

Output Reader::feed(std::string_view fragment) {
  read(fragment, Ending::open);
  return std::exchange(state_->sink.out, {});
}

Output Reader::finish(Ending ending) {
  if (!busy_) return {};
  read({}, ending);
  return std::exchange(state_->sink.out, {});
}

}  // namespace kimistream::wire::markup
