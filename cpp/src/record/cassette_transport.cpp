// Plays recorded exchanges, and lets a network answer what is to be recorded.
#include <algorithm>
#include <chrono>
#include <utility>

#include "net/idle_transport.hpp"
#include "record/cassette_impl.hpp"

namespace kimistream {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using record::End;

/// How a recorded exchange ends for whoever receives it again; nothing for a clean end.
std::optional<Error> error_of(const record::Line& line) {
  if (line.end == End::clean) return std::nullopt;
  Error error;
  error.kind = ErrorKind::connection;
  switch (line.end) {
    case End::timeout:
      error.kind = ErrorKind::timeout;
      error.clock = line.clock.empty() ? "connect" : line.clock;
      error.type = error.clock + "_timeout";
      error.retryable = true;
      error.message = error.clock == "connect" ? "no connection in time" : "the clock \"" + error.clock + "\" ran out";
      break;
    case End::left: error.message = "the recording ends here, for its reader had left"; break;
    case End::refused:
      error.message = "the connection was refused";
      error.retryable = true;
      break;
    default: error.message = "the connection broke"; error.retryable = true;
  }
  if (line.failure && !line.failure->message.empty()) {
    error.message = line.failure->message;
    error.retryable = line.failure->retryable;
  }
  return error;
}

class CassetteTransport final : public Transport {
 public:
  /// @param network what cannot be played is asked there; null: nothing is
  CassetteTransport(std::shared_ptr<Cassette::Impl> cassette, std::unique_ptr<Transport> network)
      : cassette_(std::move(cassette)),
        network_(network ? std::move(network) : std::make_unique<net::IdleTransport>()) {}
  ~CassetteTransport() override {
    for (const auto& playing : playing_) playing->transport = nullptr;
  }
  CassetteTransport(const CassetteTransport&) = delete;
  CassetteTransport& operator=(const CassetteTransport&) = delete;

  [[nodiscard]] std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) override {
    auto line = cassette_->answer(request);
    if (!line) return network_->start(request, receiver);
    auto playing = std::make_shared<Playing>(*this, std::move(line), receiver);
    playing_.push_back(playing);
    ring();
    return std::make_unique<Handle>(std::move(playing), cassette_->realtime());
  }

  bool pump(milliseconds wait) override {
    if (play()) wait = milliseconds(0);
    if (const auto due = next_due(); due != Clock::time_point::max())
      wait = std::clamp(std::chrono::ceil<milliseconds>(due - Clock::now()), milliseconds(0), wait);
    const bool undisturbed = network_->pump(wait);
    play();
    ring();
    return undisturbed;
  }

  void wake() noexcept override { network_->wake(); }
  [[nodiscard]] int descriptor() const noexcept override { return network_->descriptor(); }
  void set_alarm(Clock::time_point when) override {
    alarm_ = when;
    ring();
  }

 private:
  struct Playing {
    Playing(CassetteTransport& of, std::shared_ptr<const record::Line> what, Receiver& to)
        : transport(&of), line(std::move(what)), receiver(&to) {}

    [[nodiscard]] Clock::time_point due(bool realtime) const {
      if (!receiver || paused) return Clock::time_point::max();
      if (!realtime || next >= line->pieces.size()) return began;
      return began +
             std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(line->pieces[next].seconds));
    }

    /// The head, a piece, or the end.
    void step() {
      if (line->head && !head_given) {
        head_given = true;
        return receiver->on_head(*line->head);
      }
      if (next < line->pieces.size()) {
        paused = !receiver->on_body(line->pieces[next].bytes);
        if (!paused) ++next;
        return;
      }
      Receiver* const to = std::exchange(receiver, nullptr);
      to->on_end(error_of(*line));
    }

    CassetteTransport* transport;  // null: gone
    std::shared_ptr<const record::Line> line;
    Receiver* receiver;  // null: over, or let go of
    Clock::time_point began = Clock::now();
    std::size_t next = 0;  // piece
    bool head_given = false, paused = false;
  };

  class Handle final : public Exchange {
   public:
    Handle(std::shared_ptr<Playing> playing, bool realtime) : playing_(std::move(playing)), realtime_(realtime) {}
    ~Handle() override { playing_->receiver = nullptr; }
    void resume() override {
      playing_->paused = false;
      if (playing_->transport) playing_->transport->ring();
    }
    void detach() override { playing_->receiver = nullptr; }
    [[nodiscard]] bool is_replay() const noexcept override { return !realtime_; }

   private:
    std::shared_ptr<Playing> playing_;
    bool realtime_;
  };

  /// All that is due, until a receiver has enough. @return whether there was anything
  bool play() {
    bool any = false;
    const auto now = Clock::now();
    const auto now_playing = playing_;  // a receiver may let go of its exchange, and start another
    for (const auto& playing : now_playing)
      while (playing->due(cassette_->realtime()) <= now) {
        playing->step();
        any = true;
      }
    std::erase_if(playing_, [](const auto& playing) { return !playing->receiver; });
    return any;
  }

  [[nodiscard]] Clock::time_point next_due() const {
    Clock::time_point next = Clock::time_point::max();
    for (const auto& playing : playing_) next = std::min(next, playing->due(cassette_->realtime()));
    return next;
  }

  /// Whoever waits on the descriptor is woken in time.
  void ring() { network_->set_alarm(std::min(alarm_, next_due())); }

  std::shared_ptr<Cassette::Impl> cassette_;
  std::unique_ptr<Transport> network_;
  std::vector<std::shared_ptr<Playing>> playing_;
  Clock::time_point alarm_ = Clock::time_point::max();
};

}  // namespace

TransportFactory Cassette::transport(TransportFactory network) const {
  if (impl_->records())
    network = recording_transport(network ? std::move(network) : network_transport(),
                                  [impl = impl_](const RecordedExchange& exchange) { impl->add(exchange); });
  if (!impl_->plays()) return network;
  return [impl = impl_, network = impl_->records() ? std::move(network) : TransportFactory()] {
    return std::make_unique<CassetteTransport>(impl, network ? network() : nullptr);
  };
}

}  // namespace kimistream
