/// @file cassette.hpp
/// @brief Answers that are recorded once and played again, without a network and at once: for tests.
///
///     ks::Client client{{.api_key = key, .transport = ks::cassette_transport("weather.jsonl")}};
///
/// A cassette is a file of JSON lines: `{"kimistream_cassette": 1}`, then an exchange a line (see
/// `RecordedExchange::line`). Keys and cookies are not in it, media above 65,536 bytes only by the SHA-256 of their
/// bytes. Each attempt of a request is an exchange of its own; it is appended in one write when it has ended.
///
/// A request is answered by a recorded one of the same method, path and body; whether their keys stand in the same
/// order does not matter. Each recorded exchange answers once, equal ones in order. What is played goes as it went:
/// cuts are cuts, a clock that ran out runs out again, at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/transport.hpp"

namespace kimistream {

enum class CassetteMode {
  replay,  ///< only plays: a request that was not recorded fails (ErrorKind::cassette_miss); never a network
  record,  ///< records anew; the first exchange replaces what the file holds
  once,    ///< `record` when there is no file as the cassette is made, else `replay`
  append,  ///< plays what is there and records the rest behind it
};

struct CassetteOptions {
  bool realtime = false;  ///< pieces come when they came, and pauses between attempts are made
  bool repeat = false;    ///< the last of equal exchanges answers again and again
  /// Is told what was lost: a line of the file that is torn, an exchange that could not be written. Any thread; must
  /// not throw. Empty: nobody is.
  std::function<void(const std::string&)> on_warning{};
};

/// One file, for any number of clients and threads: what one has been answered no other is. Copies are the same.
class Cassette {
 public:
  /// Reads what is to be played.
  /// @param path in UTF-8; folders that are missing are made when something is recorded
  /// @throws Exception (invalid_request) for a file that is no cassette, or one of a newer version, in every mode, and
  ///         for a missing one where it is only played
  explicit Cassette(std::string path, CassetteMode mode = CassetteMode::once, CassetteOptions options = {});

  /// For `ClientOptions::transport`. A cassette that cannot be written costs the recording, never the answer.
  /// @param network what is recorded; empty: `network_transport()`
  [[nodiscard]] TransportFactory transport(TransportFactory network = {}) const;

  [[nodiscard]] const std::string& path() const noexcept;
  [[nodiscard]] CassetteMode mode() const noexcept;
  /// Whether nothing is recorded: `replay`, or `once` with a file that was there.
  [[nodiscard]] bool only_replays() const noexcept;
  /// Whether pauses are made as they were.
  [[nodiscard]] bool realtime() const noexcept;

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

/// The mode of that name: "replay", "record", "once" or "append". @throws Exception (invalid_request) for another word
[[nodiscard]] CassetteMode cassette_mode(std::string_view name);

/// A cassette of one client's own. @throws Exception as `Cassette`
[[nodiscard]] TransportFactory cassette_transport(std::string path, CassetteMode mode = CassetteMode::once,
                                                  CassetteOptions options = {});
[[nodiscard]] TransportFactory cassette_transport(std::string path, std::string_view mode,
                                                  CassetteOptions options = {});

}  // namespace kimistream
