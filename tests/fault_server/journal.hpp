/// @file journal.hpp
/// @brief What the fault server has seen. Safe to use from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fault_server/http_request.hpp"

namespace kimistream::testing {

struct ReceivedRequest {
  int connection = 0;  ///< counted from 1
  std::string script;  ///< its id: the path segment that names it
  std::size_t attempt = 0;
  Request request;
};

/// The client went away by itself.
struct ClientClose {
  int connection = 0;
  std::string script;
  std::size_t attempt = 0;
  std::string during;  ///< the step that noticed it: "send", "sleep", "gate", "stall", "wait-close", "keep", "request"
};

class Journal {
 public:
  /// What is kept of the past.
  static constexpr std::size_t kept_entries = 1024;
  /// So long a client waits for the end of a body before it takes another connection.
  static constexpr std::chrono::milliseconds late_after{100};

  int opened();                         ///< gives the connection its number
  void became_control(int connection);  ///< a connection that asked for /stats is not one of the client under test
  void ended(bool control);

  /// Gives the attempt's number, counted for each script from 0.
  std::size_t began(const std::string& script);
  void received(ReceivedRequest request);
  void sent(const std::string& script, std::size_t bytes, bool late);
  void closed_by_client(ClientClose close);
  void clear();

  [[nodiscard]] int connections() const;
  [[nodiscard]] int open_connections() const;
  [[nodiscard]] int requests() const;
  [[nodiscard]] int requests(const std::string& script) const;
  [[nodiscard]] std::size_t bytes_sent(const std::string& script) const;
  /// Of what was sent, what came `late_after` or more behind what was before it: scripted so, or the machine is busy.
  [[nodiscard]] int late_sends(const std::string& script) const;
  [[nodiscard]] std::vector<ReceivedRequest> received() const;
  [[nodiscard]] std::vector<ClientClose> closes() const;

  /// Waits until the client has closed `count` connections.
  [[nodiscard]] bool wait_for_closes(std::size_t count, std::chrono::milliseconds limit) const;

  [[nodiscard]] std::string stats_json() const;
  [[nodiscard]] std::string requests_json() const;

 private:
  struct PerScript {
    std::size_t requests = 0;
    std::size_t bytes_sent = 0;
    int late_sends = 0;
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int numbered_ = 0;
  int numbered_before_clear_ = 0;
  int connections_ = 0;
  int open_ = 0;
  int requests_ = 0;
  std::map<std::string, PerScript> scripts_;
  std::deque<ReceivedRequest> received_;
  std::deque<ClientClose> closes_;
  std::size_t all_closes_ = 0;
};

}  // namespace kimistream::testing
