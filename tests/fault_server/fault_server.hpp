/// @file fault_server.hpp
/// @brief An HTTP/1.1 server on 127.0.0.1 that plays scripts: cuts, resets, stalls, odd slices, late endings.
///
/// A script is named by the address, so that a client under test needs nothing but a base URL:
/// `http://127.0.0.1:PORT/s/<base64url of the script's text>/v1`, or `/r/<n>/v1` for one that was registered
/// (`POST /scripts` with the text as the body). Whatever follows is the request's own path.
/// `GET /stats`, `GET /requests` and `GET /reset` tell and forget what was seen, `GET /gate/<id>` tells how many
/// wait there and `GET /open/<id>/<times>` lets them pass; the connections of these are not counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fault_server/journal.hpp"
#include "fault_server/script.hpp"

namespace kimistream::testing {

/// Listens from construction to destruction; one thread for each connection.
class FaultServer {
 public:
  /// @throws std::system_error when the port cannot be had
  explicit FaultServer(std::uint16_t port = 0);
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::string origin() const;  ///< "http://127.0.0.1:PORT"

  /// Registers the script under a new id; its attempts are counted from the first.
  [[nodiscard]] std::string base_url(const Script& script, std::string_view suffix = "/v1");

  [[nodiscard]] int connections() const;  ///< accepted since the start or reset()
  [[nodiscard]] int open_connections() const;
  [[nodiscard]] int requests() const;
  [[nodiscard]] int requests(std::string_view base_url) const;
  [[nodiscard]] std::size_t bytes_sent(std::string_view base_url) const;
  [[nodiscard]] int late_sends(std::string_view base_url) const;  ///< see Journal
  [[nodiscard]] std::optional<Request> last_request() const;
  [[nodiscard]] std::vector<ReceivedRequest> received() const;
  [[nodiscard]] std::vector<ClientClose> closes() const;

  /// How long a test waits for what ought to come at once; less than what scripts wait for their clients.
  static constexpr std::chrono::milliseconds long_enough{25'000};

  /// Waits until the client has closed `count` connections by itself.
  [[nodiscard]] bool wait_for_closes(std::size_t count, std::chrono::milliseconds limit = long_enough) const;

  /// Lets so many connections pass one gate of the script, those that wait there or come there later.
  void open(std::string_view base_url, std::size_t times = 1);
  [[nodiscard]] int waiting(std::string_view base_url) const;  ///< connections at the script's gates

  void reset();

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace kimistream::testing
