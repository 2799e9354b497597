// What is done about an answer that breaks. Pure: what is known of the break goes in, what to do comes out.
#pragma once

#include <string>
#include <string_view>

#include "kimistream/error.hpp"
#include "kimistream/message.hpp"
#include "kimistream/request.hpp"

namespace kimistream {

struct MendPolicy {
  OnBreak on_break = OnBreak::raise;
  int max_breaks = 3;
  int continue_on_length = 0;

  /// True when there is something to do, ever.
  [[nodiscard]] bool mends() const noexcept { return on_break != OnBreak::raise || continue_on_length > 0; }
};

/// An answer of which something had come has broken off.
struct Break {
  const Error& error;
  const Message& so_far;
  std::string_view obstacle{};        // to a continuation of answers to this request, see continuation.hpp
  int mended = 0;                     // breaks of this answer before
  bool lost = false;                  // the connection was lost or cut, or silent for too long
  bool brought = true;                // the attempt that broke had brought something new
  bool reasoning = false;             // the last that came was reasoning
  bool cannot_be_taken_back = false;  // what was shown
};

enum class Mend {
  raise,
  restart,
  go_on,          // with what has come as a prefix
  raise_instead,  // of a restart, since what was shown cannot be taken back
};

struct Plan {
  Mend mend = Mend::raise;
  bool pauses = false;     // before the next attempt, as before a retry
  std::string_view why{};  // of a restart in a continuation's place: a clause

  friend bool operator==(const Plan&, const Plan&) = default;
};

[[nodiscard]] Plan plan_for(const MendPolicy& policy, const Break& broken);

/// Whether an answer that max_tokens has cut is gone on with: there is text, and no call was cut.
[[nodiscard]] bool can_grow(const Message& cut);

/// A server that says no to a continuation, for good.
[[nodiscard]] bool refuses(const Error& error);

}  // namespace kimistream
