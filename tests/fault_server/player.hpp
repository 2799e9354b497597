/// @file player.hpp
/// @brief Plays the steps of a script on a connection.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "fault_server/script.hpp"
#include "fault_server/socket.hpp"

namespace kimistream::testing {

class Gates;
class Journal;

class Player {
 public:
  enum class End {
    kept,         ///< the next request may come
    closed,       ///< by the script
    client_gone,  ///< by the client; `during()` says where
  };

  Player(Socket& socket, Journal& journal, Gates& gates, std::string script_id)
      : socket_(socket), journal_(journal), gates_(gates), script_id_(std::move(script_id)) {}

  [[nodiscard]] End play(const Script::Attempt& attempt);

  [[nodiscard]] const std::string& during() const noexcept { return during_; }

 private:
  bool send(std::string_view bytes);
  bool send_pieces(const Step& step);
  bool repeat(const Step& step);
  bool pause(double milliseconds, const char* name);
  bool pass_gate();
  [[nodiscard]] bool gone() const noexcept;

  Socket& socket_;
  Journal& journal_;
  Gates& gates_;
  std::string script_id_;
  std::string during_;
  std::optional<std::chrono::steady_clock::time_point> last_send_;
};

}  // namespace kimistream::testing
