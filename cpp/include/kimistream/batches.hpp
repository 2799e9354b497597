/// @file batches.hpp
/// @brief Batches: many requests as one file, answered in the provider's own time, for less.
///
///     const std::vector<ks::BatchRequest> requests = {{"a", {.messages = {ks::user("1+1?")}}}};
///     ks::Batch batch = ks::wait_for_batch(client, ks::submit_batch(client, requests).id);
///     for (const ks::BatchResult& result : ks::batch_results(client, batch))   // in the order of `requests`
///       if (result.message) std::cout << result.custom_id << ": " << result.message->text() << '\n';
///
/// A batch goes on at the provider whether somebody waits or not: its id is all that another process needs. Where a
/// provider has no batches, every function throws Exception (invalid_request) before anything is sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kimistream/client.hpp"
#include "kimistream/error.hpp"
#include "kimistream/message.hpp"
#include "kimistream/request.hpp"
#include "kimistream/timeout.hpp"

namespace kimistream {

/// How many requests of a batch have been answered, have failed, and are in it.
struct BatchCounts {
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t total = 0;

  friend bool operator==(const BatchCounts&, const BatchCounts&) = default;
};

/// What the provider tells of a batch.
struct Batch {
  std::string id{};
  /// "validating", "in_progress", "finalizing", "cancelling", and at the end "completed", "failed", "expired" or
  /// "cancelled"; other words may come.
  std::string status{};
  std::string input_file_id{};
  std::string output_file_id{};  ///< of the answers; "" while there are none
  std::string error_file_id{};   ///< of the requests that failed; "" where none did
  std::string completion_window{};
  std::string failure{};        ///< why the batch as a whole failed, as far as its provider says
  std::int64_t created_at = 0;  ///< seconds since 1970, likewise the next
  std::int64_t expires_at = 0;
  BatchCounts counts{};
  std::vector<std::pair<std::string, std::string>> metadata{};

  /// Nothing will change any more.
  [[nodiscard]] bool ended() const noexcept;
  friend bool operator==(const Batch&, const Batch&) = default;
};

struct BatchOptions {
  std::string completion_window = "24h";                        ///< "12h" to "7d" at Moonshot
  std::vector<std::pair<std::string, std::string>> metadata{};  ///< up to 16 pairs at Moonshot
  TimeoutOption timeout{};                                      ///< of each request that this takes
};

/// One question of a batch. All of a batch are for one model at Moonshot.
struct BatchRequest {
  std::string custom_id{};  ///< by which its answer is found; no two of a batch have the same
  Request request{};        ///< pictures and videos go into the file; its timeout, on_break and headers do not count
};

/// The largest file that a batch is made of (Moonshot's limit).
inline constexpr std::uint64_t max_batch_bytes = std::uint64_t{100} << 20;

/// Uploads the requests and begins a batch of them. The file of a batch that is refused is deleted again.
/// @throws Exception (invalid_request), before anything is sent, for no requests, a custom_id that is empty or comes
/// twice, a request that cannot be sent, and more than `max_batch_bytes`; else where the provider refuses
Batch submit_batch(Client& client, std::span<const BatchRequest> requests, const BatchOptions& options = {});
/// Begins a batch of a file that was uploaded for "batch". Sent again only where no batch can have been made.
Batch create_batch(Client& client, std::string_view input_file_id, const BatchOptions& options = {});
/// How a batch stands. @throws Exception, with status 404 for an id that is not known; likewise below
[[nodiscard]] Batch batch(Client& client, std::string_view id);
/// All batches, however many pages that takes, in the provider's order.
[[nodiscard]] std::vector<Batch> list_batches(Client& client);
/// Ends a batch: "cancelling", then "cancelled". What was answered by then is kept and paid for. Once more, or too
/// late, does no harm: gives how it stands.
Batch cancel_batch(Client& client, std::string_view id);

struct BatchWait {
  std::optional<std::chrono::milliseconds> poll{};  ///< between two looks; nothing: a second, growing to a minute
  std::chrono::milliseconds timeout = Timeout::never;
  std::function<void(const Batch&)> on_look{};  ///< is told of each look; what it throws ends the waiting
};

/// Looks until the batch has ended, however it does, and sleeps in between on the caller's thread. A look that fails
/// for now is made again.
/// @throws Exception (timeout, clock "total") when the time is up: the batch goes on; (invalid_request) for a `poll`
/// that is not more than nothing
Batch wait_for_batch(Client& client, std::string_view id, const BatchWait& wait = {});

/// What became of one request: exactly one of `message` and `error` is set.
struct BatchResult {
  std::string custom_id{};
  std::optional<Message> message{};  ///< its usage has the cost by the prices of batches, where one is known
  std::optional<Error> error{};      ///< the request's own, or what became of the batch before it was answered
};

/// Reads the answers of a batch that has ended: every request once, in the order of the input.
/// @param order the custom_ids, where the caller still knows them; empty: as in the batch's input file, which is read
/// @throws Exception (invalid_request) for a batch that has not ended; else where its files cannot be read
[[nodiscard]] std::vector<BatchResult> batch_results(Client& client, const Batch& batch,
                                                     std::span<const std::string> order = {});

}  // namespace kimistream
