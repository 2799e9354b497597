#include "fault_server/player.hpp"

#include <algorithm>

#include "fault_server/gates.hpp"
#include "fault_server/journal.hpp"

namespace kimistream::testing {

using Milliseconds = std::chrono::duration<double, std::milli>;

bool Player::send(std::string_view bytes) {
  const auto begin = std::chrono::steady_clock::now();
  if (!socket_.send(bytes)) {
    during_ = "send";
    return false;
  }
  // From before one to behind the other: what the client sees between them is no longer than this.
  const bool late = last_send_ && std::chrono::steady_clock::now() - *last_send_ >= Journal::late_after;
  last_send_ = begin;
  journal_.sent(script_id_, bytes.size(), late);
  return true;
}

bool Player::pause(double milliseconds, const char* name) {
  const auto limit = std::min<Milliseconds>(Milliseconds(milliseconds), patience);
  if (!socket_.wait_closed(limit)) return true;
  during_ = name;
  return false;
}

bool Player::gone() const noexcept { return socket_.wait_closed(Milliseconds(0)); }

bool Player::pass_gate() {
  const auto end = std::chrono::steady_clock::now() + patience;
  if (gates_.pass(script_id_, [&] { return gone() || std::chrono::steady_clock::now() >= end; })) return true;
  during_ = "gate";
  return false;
}

bool Player::send_pieces(const Step& step) {
  std::string_view rest = step.bytes;
  const std::size_t size = step.count > 0 ? step.count : rest.size();
  while (!rest.empty()) {
    const auto piece = rest.substr(0, size);
    rest.remove_prefix(piece.size());
    if (!send(piece)) return false;
    if (!rest.empty() && step.milliseconds > 0 && !pause(step.milliseconds, "send")) return false;
  }
  return true;
}

bool Player::repeat(const Step& step) {
  if (step.bytes.empty()) return true;
  const std::size_t wanted_block = 65536;
  const std::size_t copies =
      std::clamp<std::size_t>(wanted_block / step.bytes.size(), 1, std::max<std::size_t>(step.count, 1));
  std::string block;
  for (std::size_t i = 0; i < copies; ++i) block += step.bytes;
  for (std::size_t left = step.count; left > 0;) {
    const std::size_t now = std::min(left, copies);
    if (!send(std::string_view(block).substr(0, now * step.bytes.size()))) return false;
    left -= now;
  }
  return true;
}

Player::End Player::play(const Script::Attempt& attempt) {
  constexpr double for_ever = Milliseconds(patience).count();
  for (const Step& step : attempt) {
    switch (step.kind) {
      case Step::Kind::send:
        if (!send_pieces(step)) return End::client_gone;
        break;
      case Step::Kind::repeat:
        if (!repeat(step)) return End::client_gone;
        break;
      case Step::Kind::sleep:
        if (!pause(step.milliseconds, "sleep")) return End::client_gone;
        break;
      case Step::Kind::gate:
        if (!pass_gate()) return gone() ? End::client_gone : End::closed;
        break;
      case Step::Kind::stall: return pause(for_ever, "stall") ? End::closed : End::client_gone;
      case Step::Kind::wait_close:
        if (!pause(for_ever, "wait-close")) return End::client_gone;
        break;
      case Step::Kind::half_close: socket_.half_close(); break;
      case Step::Kind::close: socket_.close(); return End::closed;
      case Step::Kind::reset: socket_.reset(); return End::closed;
      case Step::Kind::keep: return End::kept;
      case Step::Kind::read_nothing: break;
    }
  }
  socket_.close();
  return End::closed;
}

}  // namespace kimistream::testing
