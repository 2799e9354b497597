#include "net/curl_global.hpp"

#include <atomic>

#include <pthread.h>

#include <curl/curl.h>

namespace kimistream::net {
namespace {

std::atomic<int> forks{0};

}  // namespace

void initialise_curl() {
  static const bool done = [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    // Only counts: all work is left to whoever next uses a transport, where locks and memory are in order.
    ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
    return true;
  }();
  (void)done;
}

int fork_generation() noexcept { return forks.load(std::memory_order_relaxed); }

}  // namespace kimistream::net
