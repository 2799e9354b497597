#include "bulk/queue.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using kimistream::bulk::forever;

namespace {

struct Row {
  std::size_t index;
};
using RowQueue = kimistream::bulk::Queue<Row>;

std::unique_ptr<Row> row(std::size_t index) { return std::make_unique<Row>(Row{index}); }

std::vector<std::size_t> taken(RowQueue& queue) {
  std::vector<std::size_t> all;
  while (queue.front()) all.push_back(queue.take()->index);
  return all;
}

}  // namespace

TEST_CASE("rows go by their index, each not before its time") {
  RowQueue queue;
  queue.add(row(5));
  queue.add(row(3));
  queue.add(row(1), 10.0);
  queue.look(9, false);
  CHECK(queue.next() == 10);
  CHECK(queue.ready() == 2);
  CHECK(taken(queue) == std::vector<std::size_t>{3, 5});
  queue.add(row(7));
  queue.look(10, false);
  CHECK(taken(queue) == std::vector<std::size_t>{1, 7});
  CHECK(queue.next() == forever);
}

TEST_CASE("a row that was set aside makes way for others as long as there are any") {
  RowQueue queue;
  queue.set_aside(row(0), 3.0, 10.0);
  queue.add(row(1), 5.0);
  queue.add(row(2));
  queue.look(0, true);
  CHECK(taken(queue) == std::vector<std::size_t>{2});
  CHECK(queue.later() == 2);
  queue.look(1, false);  // more may come
  CHECK(taken(queue).empty());
  CHECK(queue.next() == 5);
  queue.look(1, true);  // nobody is left: what is before its earliest waits all the same
  CHECK(taken(queue).empty());
  CHECK(queue.later() == 2);
  CHECK(queue.next() == 3);
  queue.look(3, true);
  CHECK(taken(queue) == std::vector<std::size_t>{0});
  CHECK(queue.later() == 1);  // one that waits for its time does so all the same
}

TEST_CASE("one that was set aside is ready when it is due, whoever else there is") {
  RowQueue queue;
  queue.set_aside(row(0), 3.0, 10.0);
  queue.add(row(1));
  queue.look(9.5, false);
  CHECK(taken(queue) == std::vector<std::size_t>{1});
  CHECK(queue.next() == 10);
  queue.add(row(2));
  queue.look(10, false);
  CHECK(taken(queue) == std::vector<std::size_t>{0, 2});
}
