// Texts through the reader of the models' markup, whole and cut.
#pragma once

#include <doctest/doctest.h>

#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/play.hpp"
#include "wire/markup/reader.hpp"

namespace kimistream::testing {

namespace markup = wire::markup;

using Pieces = std::vector<std::string>;
using Calls = std::vector<markup::Call>;

/// How a text is read; the usual: an answer, by a model that was offered functions and stopped by itself.
struct Reading {
  markup::Side home = markup::Side::answer;
  bool offered = true;
  markup::Ending ending = markup::Ending::stop;
};
inline constexpr Reading cut_off{.ending = markup::Ending::cut};
inline constexpr Reading nothing_offered{.offered = false};
inline constexpr Reading of_reasoning{.home = markup::Side::reasoning};

inline void add(markup::Output& to, const markup::Output& more) {
  to.reasoning += more.reasoning;
  to.answer += more.answer;
  to.calls.insert(to.calls.end(), more.calls.begin(), more.calls.end());
  to.parted = to.parted || more.parted;
  to.removed = to.removed || more.removed;
  to.refused = to.refused || more.refused;
  to.beyond = to.beyond || more.beyond;
}

inline markup::Output read(const Pieces& pieces, Reading reading = {}) {
  markup::Reader reader(reading.home, reading.offered);
  markup::Output all;
  for (const std::string& piece : pieces) {
    if (reader.passes(piece))
      (reading.home == markup::Side::answer ? all.answer : all.reasoning) += piece;
    else
      add(all, reader.feed(piece));
  }
  add(all, reader.finish(reading.ending));
  return all;
}

/// One text is read the same whole, byte by byte, and cut at any place. @return what was read
inline markup::Output read_all_ways(const std::string& text, Reading reading = {}) {
  CAPTURE(text);
  const markup::Output whole = read({text}, reading);
  CHECK(read(bytes_of(text), reading) == whole);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    CAPTURE(cut);
    CHECK(read({text.substr(0, cut), text.substr(cut)}, reading) == whole);
  }
  return whole;
}

/// Any mixture of these words is read the same however it is chopped.
inline void check_mixtures(const Pieces& words, unsigned rounds, Reading reading = {}) {
  std::mt19937 random(6);
  std::uniform_int_distribution<std::size_t> count(0, 14), word(0, words.size() - 1);
  for (unsigned round = 0; round < rounds; ++round) {
    std::string text;
    for (std::size_t left = count(random); left > 0; --left) text += words[word(random)];
    CAPTURE(text);
    REQUIRE(read(chopped(text, random, 20), reading) == read({text}, reading));
  }
}

}  // namespace kimistream::testing

namespace kimistream::wire::markup {

inline std::ostream& operator<<(std::ostream& out, const Call& call) {
  return out << call.id << "|" << call.name << "|" << call.arguments << (call.complete ? "" : "|cut");
}

}  // namespace kimistream::wire::markup
