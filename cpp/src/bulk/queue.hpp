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
  [[nodiscard]] Seconds next() const noexcept { return std::min(first_of(later_), first_of(aside_)); }

  void add(Owned row) {
    const auto index = row->index;
    ready_.emplace(index, std::move(row));
  }
  /// Not before it is due.
  void add(Owned row, Seconds due) { later_.emplace(due, std::move(row)); }
  /// It makes way for others until it is due, as long as there are any.
  void set_aside(Owned row, Seconds due) { aside_.emplace(due, std::move(row)); }
  void clear() noexcept {
    ready_.clear();
    later_.clear();
    aside_.clear();
  }

  /// Those whose time has come are ready. @param nobody_else no other rows are to be expected
  void look(Seconds now, bool nobody_else) {
    move_due(later_, now);
    move_due(aside_, nobody_else && ready_.empty() ? forever : now);
  }
  /// The first of those that are ready, or null.
  [[nodiscard]] Row* front() noexcept { return ready_.empty() ? nullptr : ready_.begin()->second.get(); }
  [[nodiscard]] Owned take() { return std::move(ready_.extract(ready_.begin()).mapped()); }

 private:
  using Timed = std::multimap<Seconds, Owned>;

  [[nodiscard]] static Seconds first_of(const Timed& rows) noexcept {
    return rows.empty() ? forever : rows.begin()->first;
  }
  void move_due(Timed& rows, Seconds now) {
    while (!rows.empty() && rows.begin()->first <= now) add(std::move(rows.extract(rows.begin()).mapped()));
  }

  std::map<std::size_t, Owned> ready_;
  Timed later_, aside_;
};

}  // namespace kimistream::bulk
