#include "net/curl_transport.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <utility>

#include "characters.hpp"
#include "kimistream/network.hpp"
#include "net/body_reader.hpp"
#include "net/curl_errors.hpp"
#include "net/forks.hpp"

namespace kimistream::net {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_header_bytes = std::size_t{1} << 20;
constexpr std::size_t max_drained_bytes = 64 * 1024;
constexpr std::size_t usual_idle = 64;  // handles kept for the next exchanges, or as many as were busy lately
constexpr std::chrono::seconds lately{10};
constexpr milliseconds drain_time{1000};      // how long a detached exchange may go on
constexpr milliseconds drain_wait{100};       // how long a new one waits for it
constexpr std::size_t most_begun = 64;        // between two looks at what has come: to begin takes a while
constexpr milliseconds upload_news_time{50};  // between two words on how far an upload is

/// Any thread. Done or not done at a fork, never half.
void initialise_curl() {
  static std::atomic<bool> done{false};
  if (done) return;
  const NoFork guard;
  if (!done) curl_global_init(CURL_GLOBAL_DEFAULT);
  done = true;
}

}  // namespace

/// One exchange's state. Owned by the transport; the caller's Handle points to it and may go first.
struct CurlTransport::Transfer {
  CurlTransport* transport = nullptr;
  Easy easy;
  MultiHandle* multi = nullptr;  // null: it is in none
  BodyReader body;
  UploadProgress on_upload;
  Clock::time_point told_upload_at{};
  bool upload_news = false;
  Receiver* receiver = nullptr;  // null: detached or cancelled
  Handle* handle = nullptr;
  std::size_t place = 0;  // among the transport's
  ResponseHead head;
  std::unique_ptr<Error> error;  // of our own making: limits, a body source that failed
  std::size_t header_bytes = 0, drained_bytes = 0;
  Clock::time_point deadline = Clock::time_point::max();
  std::optional<Clock::time_point> connected;
  bool repeated = false, head_given = false, cancelled = false, paused = false, done = false;

  void fail(Error why) { error = std::make_unique<Error>(std::move(why)); }
};

class CurlTransport::Handle final : public Exchange {
 public:
  Handle(CurlTransport& transport, Transfer& transfer) : transport_(&transport), transfer_(&transfer) {
    transfer.handle = this;
  }
  ~Handle() override {
    if (!transfer_) return;
    transfer_->receiver = nullptr;
    transfer_->handle = nullptr;
    transfer_->cancelled = true;
    transport_->remove(*transfer_);
  }
  void resume() override {
    if (!transfer_ || !std::exchange(transfer_->paused, false) || transport_->in_child()) return;
    // Gives the refused bytes to the receiver at once, so this counts as acting; and the receiver may let go of this
    // handle on the way, so nothing of it is touched afterwards.
    CurlTransport& transport = *transport_;
    const bool outer = std::exchange(transport.acting_, true);
    curl_easy_pause(transfer_->easy->get(), CURLPAUSE_CONT);
    transport.acting_ = outer;
    if (!outer) transport.settle();
  }
  void detach() override {
    if (!transfer_) return;
    Transfer& transfer = *std::exchange(transfer_, nullptr);
    transfer.receiver = nullptr;
    transfer.handle = nullptr;
    if (transfer.done || transport_->in_child()) return;
    transfer.deadline = Clock::now() + drain_time;
    transport_->draining_.push_back(&transfer);
  }
  [[nodiscard]] std::optional<Clock::time_point> connected() const override {
    return transfer_ ? transfer_->connected : Clock::time_point{};
  }
  void forget() noexcept { transfer_ = nullptr; }

 private:
  CurlTransport* transport_;
  Transfer* transfer_;
};

CurlTransport::CurlTransport(std::shared_ptr<const CurlOptions> options) : options_(std::move(options)) {
  initialise_curl();
  fork_generation_ = fork_generation();
}

CurlTransport::~CurlTransport() {
  if (in_child()) {
    abandon();
    return;
  }
  for (const auto& transfer : transfers_) {
    if (transfer->handle) transfer->handle->forget();
    if (transfer->multi) transfer->multi->remove(*transfer->easy);
  }
  transfers_.clear();
  idle_.clear();
}

bool CurlTransport::in_child() const noexcept { return fork_generation_ != fork_generation(); }

/// In a child process the connections are the parent's, and closed already. libcurl's objects are left behind: cleaning
/// up would say farewell on the parent's TLS sessions.
void CurlTransport::abandon() noexcept {
  for (auto& transfer : transfers_) {
    if (transfer->handle) transfer->handle->forget();
    transfer->easy->abandon();
  }
  for (auto& easy : idle_) easy->abandon();
  multis_.abandon();
}

CurlTransport::Easy CurlTransport::take_easy() {
  if (!idle_.empty()) {
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }
  auto easy = std::make_unique<EasyHandle>(*options_, parts_);
  easy->set(CURLOPT_HEADERFUNCTION, &on_header);
  easy->set(CURLOPT_WRITEFUNCTION, &on_write);
  easy->set(CURLOPT_READFUNCTION, &on_read);
  easy->set(CURLOPT_SEEKFUNCTION, &on_seek);
  easy->set(CURLOPT_PREREQFUNCTION, &on_connected);
  return easy;
}

std::unique_ptr<Exchange> CurlTransport::start(const HttpRequest& request, Receiver& receiver) {
  refuse_child();
  auto owned = std::make_unique<Transfer>();
  Transfer& transfer = *owned;
  transfer.transport = this;
  transfer.body = BodyReader(request.body);
  transfer.on_upload = request.on_upload;
  transfer.easy = take_easy();
  transfer.easy->prepare(request, transfer.body);
  for (const CURLoption data :
       {CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA, CURLOPT_SEEKDATA, CURLOPT_PREREQDATA, CURLOPT_PRIVATE})
    transfer.easy->set(data, &transfer);
  transfer.receiver = &receiver;
  transfer.place = transfers_.size();
  transfers_.push_back(std::move(owned));
  most_lately_ = std::max(most_lately_, transfers_.size());
  auto handle = std::make_unique<Handle>(*this, transfer);
  // One waiting exchange for each draining one: more could not profit.
  if (waiting_.size() < draining_.size()) {
    transfer.deadline = Clock::now() + drain_wait;
    waiting_.push_back(&transfer);
    poller_.set_alarm(transfer.deadline);
  } else if (begun_ >= most_begun) {
    queued_.push_back(&transfer);
    poller_.set_alarm({});
  } else {
    begin(transfer);
  }
  return handle;
}

void CurlTransport::begin(Transfer& transfer) {
  transfer.deadline = Clock::time_point::max();
  MultiHandle& multi = multis_.next(*transfer.easy);
  const bool outer = std::exchange(acting_, true);
  const bool added = multi.add(*transfer.easy);
  acting_ = outer;
  if (!added) throw std::bad_alloc();
  transfer.multi = &multi;
  ++begun_;
  ++connecting_;
}

std::size_t CurlTransport::on_header(char* data, std::size_t, std::size_t size, void* pointer) {
  auto& transfer = *static_cast<Transfer*>(pointer);
  if (!transfer.receiver || transfer.head_given) return size;  // of no interest, or a trailer
  transfer.header_bytes += size;
  if (transfer.header_bytes > max_header_bytes) {
    transfer.fail({.message = "the response has more than 1 MiB of headers"});
    return 0;
  }
  const std::string_view line = trim({data, size});
  if (line.starts_with("HTTP/")) {
    transfer.head = {};
  } else if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(transfer.easy->get(), CURLINFO_RESPONSE_CODE, &status);
    if (const Proxy* proxy = transfer.easy->answering_proxy(); status == 407 && proxy) {
      transfer.fail(error_from_proxy(transfer.easy->url(), *proxy, proxy_wants_credentials, false));
      return 0;
    }
    if (status >= 200) {
      transfer.head.status = static_cast<int>(status);
      transfer.head_given = transfer.transport->delivered_ = true;
      transfer.receiver->on_head(std::move(transfer.head));
    }
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    transfer.head.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  return transfer.cancelled ? 0 : size;
}

std::size_t CurlTransport::on_write(char* data, std::size_t, std::size_t size, void* pointer) {
  auto& transfer = *static_cast<Transfer*>(pointer);
  if (transfer.receiver) {
    transfer.transport->delivered_ = true;
    if (!transfer.receiver->on_body({data, size})) {
      transfer.paused = true;
      return CURL_WRITEFUNC_PAUSE;
    }
  } else {
    transfer.drained_bytes += size;
    if (transfer.drained_bytes > max_drained_bytes) return 0;
  }
  return transfer.cancelled ? 0 : size;
}

std::size_t CurlTransport::on_read(char* to, std::size_t one, std::size_t count, void* pointer) {
  auto& transfer = *static_cast<Transfer*>(pointer);
  const auto size = transfer.body.read(to, one * count);
  if (!size) {
    transfer.fail(*transfer.body.error());
    return CURL_READFUNC_ABORT;
  }
  if (transfer.on_upload && !transfer.upload_news &&
      (transfer.body.sent() == transfer.body.size() || Clock::now() - transfer.told_upload_at >= upload_news_time)) {
    transfer.upload_news = true;
    transfer.transport->uploads_.push_back(&transfer);
  }
  return *size;
}

int CurlTransport::on_seek(void* pointer, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(pointer);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  if (transfer.body.rewind()) return CURL_SEEKFUNC_OK;
  transfer.fail(*transfer.body.error());
  return CURL_SEEKFUNC_FAIL;
}

/// The connection stands, with all its handshakes, be it a kept one.
int CurlTransport::on_connected(void* pointer, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(pointer);
  if (!transfer.connected) --transfer.transport->connecting_;
  transfer.repeated = transfer.connected.has_value();
  transfer.connected = Clock::now();
  return CURL_PREREQFUNC_OK;
}

void CurlTransport::act(Clock::time_point now) {
  const bool outer = std::exchange(acting_, true);
  multis_.act(now);
  acting_ = outer;
}

void CurlTransport::act(const Poller::Ready& ready) {
  const bool outer = std::exchange(acting_, true);
  static_cast<MultiHandle*>(ready.owner)
      ->act(ready.descriptor, (ready.readable ? CURL_CSELECT_IN : 0) | (ready.writable ? CURL_CSELECT_OUT : 0) |
                                  (ready.failed ? CURL_CSELECT_ERR : 0));
  acting_ = outer;
}

Clock::time_point CurlTransport::next_deadline() const {
  Clock::time_point next = std::min(multis_.deadline(), alarm_);
  if (!queued_.empty()) return {};
  if (!waiting_.empty()) next = std::min(next, waiting_.front()->deadline);
  for (const Transfer* transfer : draining_) next = std::min(next, transfer->deadline);
  return next;
}

void CurlTransport::refuse_child() const {
  if (in_child())
    throw Exception(invalid_request("this connection belongs to the parent process; open a new stream after a fork"));
}

void CurlTransport::flush() {
  refuse_child();
  begun_ = 0;
  begin_queued();
  act(Clock::now());
  settle();
  if (connecting_ > 0) (void)pump({});  // a connection may stand at once, and nobody says so
}

bool CurlTransport::pump(milliseconds wait) {
  refuse_child();
  auto now = Clock::now();
  if (multis_.deadline() <= now) {
    delivered_ = false;
    act(now);
    settle();
    if (delivered_) wait = milliseconds(0);
  }
  const auto next = next_deadline();
  if (next != Clock::time_point::max()) {
    const auto until = std::chrono::ceil<milliseconds>(next - now);
    wait = std::clamp(until, milliseconds(0), wait);
  }
  const bool undisturbed = poller_.wait(wait, ready_);
  for (const auto& ready : ready_) act(ready);
  begun_ = 0;
  if (ready_.empty() || multis_.deadline() != Clock::time_point::max()) {
    now = Clock::now();
    act(now);
    if (alarm_ <= now) alarm_ = Clock::time_point::max();
  }
  settle();
  poller_.set_alarm(next_deadline());
  return undisturbed;
}

/// What must not happen inside libcurl's callbacks: ends, removals, and the starts that waited for them.
void CurlTransport::settle() {
  if (!uploads_.empty()) tell_uploads();
  while (const CURLMsg* message = multis_.next_over()) {
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    // A head that was cut off is an empty answer to libcurl, and no error.
    const CURLcode code = message->data.result || transfer->head_given ? message->data.result : CURLE_GOT_NOTHING;
    std::optional<Error> error;
    if (transfer->error)
      error = *std::move(transfer->error);
    else if (code != CURLE_OK)
      error = transfer->easy->error(code);
    end(*transfer, std::move(error));
  }
  if (std::exchange(removals_, false)) {
    for (std::size_t i = 0; i < transfers_.size();) {
      if (transfers_[i]->cancelled && transfers_[i]->handle == nullptr)
        remove(*transfers_[i]);
      else
        ++i;
    }
  }
  if (!draining_.empty() || !waiting_.empty()) {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < draining_.size();) {
      if (draining_[i]->deadline <= now)
        remove(*draining_[i]);
      else
        ++i;
    }
    release_waiting();
  }
  begin_queued();
}

void CurlTransport::tell_uploads() {
  const bool outer = std::exchange(acting_, true);  // whoever is told may let go of the exchange
  const auto now = Clock::now();
  for (Transfer* transfer : std::exchange(uploads_, {})) {
    transfer->upload_news = false;
    transfer->told_upload_at = now;
    if (transfer->receiver) transfer->on_upload(transfer->body.sent(), transfer->body.size());
  }
  acting_ = outer;
}

void CurlTransport::begin_queued() {
  while (!queued_.empty() && begun_ < most_begun) {
    Transfer* transfer = queued_.front();
    queued_.pop_front();
    begin(*transfer);
  }
}

void CurlTransport::release_waiting() {
  const auto now = Clock::now();
  while (!waiting_.empty() && (waiting_.front()->deadline <= now || waiting_.size() > draining_.size())) {
    Transfer* transfer = waiting_.front();
    waiting_.pop_front();
    begin(*transfer);
  }
}

void CurlTransport::end(Transfer& transfer, std::optional<Error> error) {
  transfer.done = delivered_ = true;
  take_out(transfer);
  Receiver* receiver = std::exchange(transfer.receiver, nullptr);
  if (transfer.handle) transfer.handle->forget();
  transfer.handle = nullptr;
  remove(transfer);
  if (receiver) receiver->on_end(std::move(error));
}

void CurlTransport::take_out(Transfer& transfer) noexcept {
  MultiHandle* const multi = std::exchange(transfer.multi, nullptr);
  if (!multi) return;
  multi->remove(*transfer.easy);
  if (!transfer.connected) --connecting_;
}

/// For the next exchange. Many may end at once before as many begin: a handle costs as much as a small request.
void CurlTransport::keep(Easy easy) {
  idle_.push_back(std::move(easy));
  if (idle_.size() <= usual_idle) return;
  if (const auto now = Clock::now(); now - counted_from_ > lately) {
    most_lately_ = transfers_.size();
    counted_from_ = now;
  }
  while (idle_.size() > std::max(usual_idle, most_lately_)) idle_.pop_back();
}

void CurlTransport::rest() noexcept {
  most_lately_ = 0;
  if (idle_.size() > usual_idle) idle_.resize(usual_idle);
}

void CurlTransport::remove(Transfer& transfer) {
  if (in_child()) return;
  if (acting_) {  // libcurl is at work on it further up the stack
    transfer.cancelled = removals_ = true;
    return;
  }
  take_out(transfer);
  // libcurl 7.88 counts what it has sent again, for a connection that had died, over all of a handle's requests, and
  // gives up at the sixth.
  if (transfer.easy && !transfer.repeated) keep(std::move(transfer.easy));
  std::erase(draining_, &transfer);
  std::erase(waiting_, &transfer);
  std::erase(queued_, &transfer);
  std::erase(uploads_, &transfer);
  const std::size_t place = transfer.place;
  transfers_[place].swap(transfers_.back());
  transfers_[place]->place = place;
  transfers_.pop_back();
}

void CurlTransport::set_alarm(Clock::time_point when) {
  alarm_ = when;
  poller_.set_alarm(when);
}

}  // namespace kimistream::net

namespace kimistream {

std::string trusted_certificates() { return net::Trust::from_environment().path; }

TransportFactory network_transport() { return network_transport({}); }

TransportFactory network_transport(std::string certificates) {
  net::initialise_curl();
  auto options = std::make_shared<net::CurlOptions>();
  options->proxies = net::Proxies::from_environment();
  options->trust = net::Trust::from_environment();
  if (options->trust.path.empty()) options->trust.path = std::move(certificates);
  return [options = std::shared_ptr<const net::CurlOptions>(std::move(options))] {
    return std::make_unique<net::CurlTransport>(options);
  };
}

}  // namespace kimistream
