/// @file gates.hpp
/// @brief Where scripts wait for the test's word. Safe to use from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace kimistream::testing {

/// Each script has gates of its own. Opening lets one connection through one of them, there already or still to come.
class Gates {
 public:
  void open(const std::string& script, std::size_t times);
  /// Waits for its turn. @return false when `give_up`, which is asked now and then, said so
  [[nodiscard]] bool pass(const std::string& script, const std::function<bool()>& give_up);
  void clear();

  [[nodiscard]] int waiting(const std::string& script) const;  ///< connections at its gates

 private:
  struct Gate {
    std::size_t passes = 0;
    int waiting = 0;
  };

  mutable std::mutex mutex_;
  std::condition_variable opened_;
  mutable std::map<std::string, Gate> gates_;
};

}  // namespace kimistream::testing
