// Messages that go out again: what was read and written of them for the request before.
#pragma once

#include <vector>

#include "reading.hpp"

namespace kimistream::python {

/// What is kept of a conversation between its requests: its messages as they were given, as the core has them, and as
/// they are written. Messages may be edited where they were given: each is looked at with each request, and one that is
/// not what it was is read anew. Those with parts are read anew each time: they may be large.
class Resent {
 public:
  Resent() = default;

  /// The messages as the core has them. They are lent: `take_back` brings them home.
  std::vector<Message> read(const py::sequence& items, Met& met);
  void take_back(std::vector<Message> messages) noexcept;

  Written written{};

 private:
  std::vector<py::object> given_;  // by place: a message's dict, copied; null: it is read anew
  std::vector<Message> messages_;
  bool lent_ = false;
};

/// A request that is being sent, with what is kept of its messages where its prompt has something of the kind
/// (`_requests/resent.py`). Another request that comes meanwhile with the same finds nothing kept. With the GIL only.
class Asked {
 public:
  Asked(const py::tuple& arguments, std::optional<bool> streams);
  ~Asked();
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  [[nodiscard]] Written* written() noexcept { return home_.is_none() ? nullptr : &resent_.written; }

  Request request;

 private:
  py::object home_ = py::none();  // where `resent_` is from, and goes back to
  Resent resent_;
};

}  // namespace kimistream::python
