#include "fault_server/gates.hpp"

#include <chrono>

namespace kimistream::testing {

void Gates::open(const std::string& script, std::size_t times) {
  const std::lock_guard lock(mutex_);
  gates_[script].passes += times;
  opened_.notify_all();
}

bool Gates::pass(const std::string& script, const std::function<bool()>& give_up) {
  constexpr std::chrono::milliseconds now_and_then{5};
  std::unique_lock lock(mutex_);
  Gate& gate = gates_[script];  // never erased
  ++gate.waiting;
  bool open = false;
  do open = opened_.wait_for(lock, now_and_then, [&] { return gate.passes > 0; });
  while (!open && !give_up());
  if (open) --gate.passes;
  --gate.waiting;
  return open;
}

void Gates::clear() {
  const std::lock_guard lock(mutex_);
  for (auto& [script, gate] : gates_) gate.passes = 0;
}

int Gates::waiting(const std::string& script) const {
  const std::lock_guard lock(mutex_);
  return gates_[script].waiting;
}

}  // namespace kimistream::testing
