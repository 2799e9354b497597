// Which call a fragment belongs to. Providers number calls in every way there is (dialects: quirks Q23 to Q31).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/event.hpp"
#include "kimistream/json.hpp"
#include "wire/frame.hpp"

namespace kimistream::wire {

/// Collects the calls of one answer, in order of first appearance.
class ToolCalls {
 public:
  /// Takes a fragment and appends the events that it makes.
  void add(const ToolFragment& fragment, std::vector<Event>& out);

  /// Ends the calls: appends a `ToolCall` for each, and notices for those that had to be mended.
  void finish(std::vector<Event>& out);

  [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
  /// True when at least one call has a name and whole arguments. Known after `finish`.
  [[nodiscard]] bool usable() const noexcept { return usable_; }

 private:
  struct Slot {
    ToolCall call;
    std::optional<std::int64_t> wire_index;
    json::ObjectScan scan;  // of the arguments: knows when they are whole without looking at them again
    std::string half;       // of a surrogate pair, that waits for the next fragment
    bool started = false;   // its ToolCallStart has been given
  };

  Slot* find(const ToolFragment& fragment);
  Slot& open(const ToolFragment& fragment);
  static bool is_another_call(const Slot& slot, const ToolFragment& fragment);
  static std::string_view add_arguments(Slot& slot, std::string_view fragment, std::string& scratch);

  std::vector<Slot> slots_;
  bool usable_ = false;
  bool finished_ = false;
};

}  // namespace kimistream::wire
