/// @file limits.hpp
/// @brief How much may go out at once and in a window, for all runs that share it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

namespace kimistream {

namespace bulk {
class Sharing;
/// What is under way of limits whose numbers are not known yet.
[[nodiscard]] std::shared_ptr<Sharing> new_sharing();
}  // namespace bulk

/// Limits of bulk runs. A value whose copies share what is under way: give copies of one to the runs of several clients
/// and threads, and together they stay below it. Nothing: not limited; the provider's own limits are then found by its
/// refusals.
///
/// Windows slide. A request counts in them from its answer's head on, which is not earlier than where the provider
/// counts it, and until a window has passed since. Runs that share one are served in turn.
///
/// The numbers count as they are when the first run begins; one below 1 is refused there (invalid_request).
struct Limits {
  std::optional<std::int64_t> concurrency{};  ///< requests under way at once
  std::optional<std::int64_t> rpm{};          ///< requests in any 60 seconds
  /// Tokens in any 60 seconds: of a request its prompt, as `estimate_tokens` guesses it, and its max_tokens (32,768
  /// where it names none); corrected by the usage of its answer.
  std::optional<std::int64_t> tpm{};
  std::optional<std::int64_t> tpd{};                             ///< the same in any 24 hours
  std::shared_ptr<bulk::Sharing> sharing = bulk::new_sharing();  ///< of all copies; leave it as it is
};

}  // namespace kimistream
