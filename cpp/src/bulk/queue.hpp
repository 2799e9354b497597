// Rows that wait to be sent: by their index, each not before its time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

#include "bulk/window.hpp"

namespace kimistream::bulk {

/// `Row` has an `index`.
template <class Row>
class Queue {
 public:
  using Owned = std::unique_ptr<Row>;

  [[nodiscard]] std::size_t ready() const noexcept { return ready_.size(); }
  [[nodiscard]] std::size_t later() const noexcept { return later_.size() + aside_.size(); }
  /// When the next one is ready; infinite: none comes of itself.
  [[nodiscard]] Seconds next() const noexcept {
    return std::min(later_.empty() ? forever : later_.begin()->first, aside_.empty() ? forever : aside_.begin()->first);
  }

  void add(Owned row) {
    const auto index = row->index;
    ready_.emplace(index, std::move(row));
  }
  /// Not before it is due.
  void add(Owned row, Seconds due) { later_.emplace(due, std::move(row)); }
  /// It makes way for others until it is due, as long as there are any; never before the earliest.
  void set_aside(Owned row, Seconds earliest, Seconds due) {
    aside_.emplace(due, Aside{.row = std::move(row), .earliest = earliest});
  }
  void clear() noexcept {
    ready_.clear();
    later_.clear();
    aside_.clear();
  }

  /// Those whose time has come are ready. @param nobody_else no other rows are to be expected
  void look(Seconds now, bool nobody_else) {
    const bool alone = nobody_else && ready_.empty();
    while (!aside_.empty() && (alone || aside_.begin()->first <= now)) {
      Aside first = std::move(aside_.extract(aside_.begin()).mapped());
      add(std::move(first.row), first.earliest);
    }
    while (!later_.empty() && later_.begin()->first <= now) add(std::move(later_.extract(later_.begin()).mapped()));
  }
  /// The first of those that are ready, or null.
  [[nodiscard]] Row* front() noexcept { return ready_.empty() ? nullptr : ready_.begin()->second.get(); }
  [[nodiscard]] Owned take() { return std::move(ready_.extract(ready_.begin()).mapped()); }

 private:
  struct Aside {
    Owned row;
    Seconds earliest;
  };

  std::map<std::size_t, Owned> ready_;
  std::multimap<Seconds, Owned> later_;
  std::multimap<Seconds, Aside> aside_;
};

}  // namespace kimistream::bulk
