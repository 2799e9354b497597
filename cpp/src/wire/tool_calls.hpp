// Which call a fragment belongs to. Providers number calls in every way there is (dialects: quirks Q23 to Q31).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/event.hpp"
#include "kimistream/json.hpp"
#include "wire/frame.hpp"
#include "wire/markup/sink.hpp"

namespace kimistream::wire {

/// Collects the calls of one answer, in order of first appearance.
class ToolCalls {
 public:
  /// Takes a fragment and appends the events that it makes.
  void add(const ToolFragment& fragment, std::vector<Event>& out);

  /// Takes a call that stood in the text, and appends the events that it makes.
  void add(const markup::Call& call, std::vector<Event>& out);
  /// True when that call, or the rest of it, came as fragments too. Asked once for each, when all fragments are there.
  [[nodiscard]] bool repeats(const markup::Call& call);

  /// Ends the calls: appends a `ToolCall` for each, and notices for those that had to be mended.
  /// @param cut the answer was cut off, and with it the call that came last: some servers close its JSON themselves
  void finish(bool cut, std::vector<Event>& out);

  [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
  /// True when fragments as they came do not say which call is meant, e.g. for an index that is used twice.
  [[nodiscard]] bool misleading() const noexcept { return misleading_; }
  /// True when arguments are held back that may be none.
  [[nodiscard]] bool holds() const noexcept { return holding_.has_value(); }
  /// Gives what is held back. To be called before anything comes that is no fragment of a call.
  void release(std::vector<Event>& out);
  /// True when the events of the fragment added last are not what it says.
  [[nodiscard]] bool told_otherwise() const noexcept { return told_otherwise_; }
  /// True when at least one call has a name and whole arguments. Known after `finish`.
  [[nodiscard]] bool usable() const noexcept { return usable_; }

 private:
  struct Slot {
    ToolCall call;
    std::optional<std::int64_t> wire_index;
    std::string wire_id;             // the first that came; the call's own may be made
    json::ObjectScan scan;           // of the arguments: knows when they are whole without looking at them again
    std::size_t last_at = 0;         // where the last fragment of the arguments begins that is not blank
    bool cumulative = true;          // each of them begins with the one before
    bool replaced = false;           // {} came with its head, and then the real ones
    std::string half;                // of a surrogate pair, that waits for the next fragment
    bool started = false;            // its ToolCallStart has been given
    bool told_apart = false;         // its id is its own
    bool named_again = false;        // behind whole arguments: if more of them come, they are another call's
    std::optional<bool> ended = {};  // of one that stood in the text: the model has ended it
  };

  Slot* find(const ToolFragment& fragment);
  Slot& open(std::optional<std::int64_t> index);
  void start(Slot& slot, std::vector<Event>& out);
  void tell_apart(Slot& slot, std::vector<Event>& out);
  /// @return true for arguments that are, or now are, one whole object
  static bool clean(ToolCall& call, std::vector<Event>& out);
  static bool is_another_call(const Slot& slot, const ToolFragment& fragment);
  bool begins_again(Slot& slot, const ToolFragment& fragment);
  static std::string_view add_arguments(Slot& slot, std::string_view fragment, std::string& scratch);
  static bool take_last(Slot& slot);

  std::vector<Slot> slots_;
  std::optional<std::size_t> holding_;                    // of them: {} came with its head; the real ones may follow
  std::size_t latest_ = 0;                                // of them: the one that a fragment came for last
  std::set<std::string, std::less<>> ids_;                // a result says by its id which call it answers
  std::optional<std::multiset<std::string>> signatures_;  // of the calls that came as fragments
  bool usable_ = false;
  bool misleading_ = false;
  bool told_otherwise_ = false;
  bool finished_ = false;
};

}  // namespace kimistream::wire
