// Writes down what goes through a transport, and changes nothing of it.
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "kimistream/recording.hpp"
#include "net/forks.hpp"
#include "record/body.hpp"
#include "record/line.hpp"

namespace kimistream {
namespace {

using Clock = std::chrono::steady_clock;
using record::Capture;
using record::End;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

class Recording;

/// Those under way, and some that were. Whole at a fork; a child leaves its parent's alone.
class UnderWay {
 public:
  static void add(const std::shared_ptr<Recording>& recording) {
    const net::NoFork guard;
    UnderWay& all = only();
    if (all.known_.size() >= all.sweep_at_) {
      std::erase_if(all.known_, [](const auto& each) { return each.expired(); });
      all.sweep_at_ = std::max<std::size_t>(64, 2 * all.known_.size());
    }
    all.known_.push_back(recording);
  }
  static std::vector<std::shared_ptr<Recording>> get() {
    const net::NoFork guard;
    std::vector<std::shared_ptr<Recording>> open;
    for (const auto& each : only().known_)
      if (auto recording = each.lock()) open.push_back(std::move(recording));
    return open;
  }

 private:
  static UnderWay& only() {
    static auto* all = new UnderWay;  // never destroyed: streams may be, later than statics
    return *all;
  }
  std::vector<std::weak_ptr<Recording>> known_;
  std::size_t sweep_at_ = 64;
};

/// Stands between the transport and the receiver of one exchange. Held by whoever holds the exchange; while the
/// transport calls, that may end. At the end of a process another thread may tell of it.
class Recording final : public Receiver, public std::enable_shared_from_this<Recording> {
 public:
  Recording(HttpRequest& request, Receiver& receiver, std::shared_ptr<const ExchangeSink> sink)
      : receiver_(&receiver), sink_(std::move(sink)), body_(request), began_(Clock::now()) {
    capture_->method = request.method;
    capture_->url = request.url;
    capture_->headers = request.headers;
    capture_->started = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  }

  void on_head(ResponseHead head) override {
    const auto keep = shared_from_this();
    if (const auto open = hold()) open.capture->head = head;
    if (receiver_) receiver_->on_head(std::move(head));
  }

  bool on_body(std::string_view block) override {
    if (!receiver_) return true;
    const auto keep = shared_from_this();
    // Written down first: the receiver may have had enough with it.
    if (const auto open = hold()) open.capture->pieces.push_back({seconds_since_begin(), std::string(block)});
    const bool taken = receiver_->on_body(block);
    if (!taken)
      if (const auto open = hold()) open.capture->pieces.pop_back();
    return taken;
  }

  void on_end(std::optional<Error> error) override {
    const auto keep = shared_from_this();
    end_with(error);
    if (Receiver* const receiver = std::exchange(receiver_, nullptr)) receiver->on_end(std::move(error));
  }

  void run_out(const Error& why) {
    if (const auto open = hold()) end_by(*open.capture, why);
  }

  /// The receiver is not called any more.
  void finish(End end) {
    receiver_ = nullptr;
    const auto open = hold();
    if (!open) return;
    if (capture_->clock.empty()) capture_->end = end;
    tell();
  }

  /// As if the reader had left. Not before an answer has begun: until then the body may be read by another thread.
  void tell_so_far() {
    const auto open = hold();
    if (!open || !capture_->head) return;
    capture_->end = End::left;
    tell();
  }

  std::unique_ptr<Exchange> exchange;

 private:
  /// What is written down, for one thread at a time; nothing once it was told, or in a child of the process.
  struct Open {
    explicit operator bool() const noexcept { return capture != nullptr; }
    std::unique_lock<std::mutex> lock{};
    Capture* capture = nullptr;
  };
  [[nodiscard]] Open hold() {
    if (generation_ != net::fork_generation()) return {};  // the lock may have been another thread's
    std::unique_lock lock(mutex_);
    return {std::move(lock), capture_.get()};
  }

  [[nodiscard]] double seconds_since_begin() const { return seconds_between(began_, Clock::now()); }

  static void end_by(Capture& capture, const Error& why) {
    capture.end = End::timeout;
    capture.clock = why.clock;
    capture.failure = record::Failure{why.message, why.retryable};
  }

  void end_with(const std::optional<Error>& error) {
    const auto open = hold();
    if (!open) return;
    if (!error) {
      capture_->end = End::clean;
    } else if (error->kind == ErrorKind::timeout) {
      end_by(*capture_, *error);
    } else if (error->kind == ErrorKind::invalid_request) {
      capture_->end = End::left;  // what was to be sent could not be read
    } else {
      capture_->end = capture_->head ? End::reset : End::refused;
    }
    if (error) capture_->failure = record::Failure{error->message, error->retryable};
    tell();
  }

  void tell() {
    capture_->seconds = seconds_since_begin();
    capture_->body = body_.text();
    (*sink_)(RecordedExchange(std::exchange(capture_, nullptr)));
  }

  Receiver* receiver_;  // null: over, or let go of
  std::shared_ptr<const ExchangeSink> sink_;
  record::SentBody body_;
  Clock::time_point began_;
  int generation_ = net::fork_generation();  // the parent's own is told by the parent
  std::mutex mutex_;
  std::shared_ptr<Capture> capture_ = std::make_shared<Capture>();  // null: told
};

class Handle final : public Exchange {
 public:
  explicit Handle(std::shared_ptr<Recording> recording) : recording_(std::move(recording)) {}
  ~Handle() override {
    recording_->exchange.reset();
    recording_->finish(End::left);
  }
  void resume() override {
    const auto keep = recording_;  // whoever gets the bytes may let go of this
    keep->exchange->resume();
  }
  void detach() override {
    recording_->exchange->detach();
    recording_->finish(End::clean);
  }
  void run_out(const Error& why) noexcept override {
    recording_->exchange->run_out(why);
    recording_->run_out(why);
  }
  [[nodiscard]] std::optional<Clock::time_point> connected() const override {
    return recording_->exchange->connected();
  }
  [[nodiscard]] bool is_replay() const noexcept override { return recording_->exchange->is_replay(); }

 private:
  std::shared_ptr<Recording> recording_;
};

class RecordingTransport final : public Transport {
 public:
  RecordingTransport(std::unique_ptr<Transport> network, std::shared_ptr<const ExchangeSink> sink)
      : network_(std::move(network)), sink_(std::move(sink)) {}

  [[nodiscard]] std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) override {
    HttpRequest sent = request;
    const auto recording = std::make_shared<Recording>(sent, receiver, sink_);
    UnderWay::add(recording);
    recording->exchange = network_->start(sent, *recording);
    return std::make_unique<Handle>(recording);
  }
  void flush() override { network_->flush(); }
  bool pump(std::chrono::milliseconds wait) override { return network_->pump(wait); }
  void wake() noexcept override { network_->wake(); }
  void rest() noexcept override { network_->rest(); }
  [[nodiscard]] int descriptor() const noexcept override { return network_->descriptor(); }
  void set_alarm(Clock::time_point when) override { network_->set_alarm(when); }

 private:
  std::unique_ptr<Transport> network_;
  std::shared_ptr<const ExchangeSink> sink_;
};

}  // namespace

TransportFactory recording_transport(TransportFactory network, ExchangeSink sink) {
  return [network = std::move(network), sink = std::make_shared<const ExchangeSink>(std::move(sink))] {
    return std::make_unique<RecordingTransport>(network(), sink);
  };
}

void tell_open_exchanges() noexcept {
  for (const auto& recording : UnderWay::get()) recording->tell_so_far();
}

std::string RecordedExchange::line() const { return record::write(record::line_of(*capture_)); }
double RecordedExchange::started() const noexcept { return capture_->started; }
double RecordedExchange::seconds() const noexcept { return capture_->seconds; }

std::size_t RecordedExchange::size() const noexcept {
  constexpr std::size_t overhead = 1024, overhead_of_a_piece = 64;
  std::size_t size = overhead;
  for (const record::Piece& piece : capture_->pieces) size += piece.bytes.size() + overhead_of_a_piece;
  if (capture_->body)
    for (const Body::Segment& segment : capture_->body->segments) size += segment.text.size();
  return size;
}

}  // namespace kimistream
