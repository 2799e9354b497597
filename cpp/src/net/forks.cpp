#include "net/forks.hpp"

#include <atomic>
#include <cstddef>
#include <vector>

#include <pthread.h>
#include <unistd.h>

namespace kimistream::net {
namespace {

std::atomic<int> generation{0};

struct Table {
  std::mutex mutex;
  std::vector<bool> ours;  // by descriptor

  Table() {
    ::pthread_atfork([] { table().mutex.lock(); }, [] { table().mutex.unlock(); }, &in_child);
  }

  /// Never destroyed: threads may still be at work when the process ends.
  static Table& table() {
    static Table& only = *new Table;
    return only;
  }

  static void in_child() {
    Table& inherited = table();
    for (std::size_t i = 0; i < inherited.ours.size(); ++i)
      if (inherited.ours[i]) ::close(static_cast<int>(i));
    inherited.ours.assign(inherited.ours.size(), false);
    generation.fetch_add(1, std::memory_order_relaxed);
    inherited.mutex.unlock();
  }
};

/// There before any thread is, for a child that is born while another thread makes it would wait for it for ever.
[[maybe_unused]] const Table& made_at_start = Table::table();

}  // namespace

int fork_generation() noexcept { return generation.load(std::memory_order_relaxed); }

NoFork::NoFork() : lock_(Table::table().mutex) {}

void detail::keep_from_children(int descriptor) {
  auto& ours = Table::table().ours;
  const auto index = static_cast<std::size_t>(descriptor);
  if (index >= ours.size()) ours.resize(index + 64);
  ours[index] = true;
}

int close_for_this_process(int descriptor) noexcept {
  const NoFork guard;
  auto& ours = Table::table().ours;
  if (static_cast<std::size_t>(descriptor) < ours.size()) ours[static_cast<std::size_t>(descriptor)] = false;
  return ::close(descriptor);
}

}  // namespace kimistream::net
