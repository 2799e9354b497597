#include "net/multi_handle.hpp"

#include <algorithm>
#include <cerrno>
#include <new>

#include <sys/socket.h>

#include "net/forks.hpp"
#include "net/short_reads.hpp"

namespace kimistream::net {
namespace {

// With TLS each handle reads the trusted certificates by itself: milliseconds, and a megabyte.
constexpr std::size_t plain_crowd = 32, tls_crowd = 256;
constexpr std::size_t most_handles = 8;  // each has one or two descriptors of its own; from there on crowds grow
constexpr long max_kept_connections = 4096 / most_handles;

}  // namespace

MultiHandle::MultiHandle(Poller& poller, std::size_t crowd)
    : poller_(poller), multi_(curl_multi_init()), crowd_(crowd) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  // By itself libcurl keeps four for each request that is still under way as one ends: of a burst nearly nothing.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, max_kept_connections);
}

MultiHandle::~MultiHandle() {
  if (multi_) curl_multi_cleanup(multi_);
}

bool MultiHandle::add(EasyHandle& easy) {
  easy.set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
  easy.opening() = {.multi = this};
  easy.set(CURLOPT_OPENSOCKETDATA, &easy.opening());
  easy.set(CURLOPT_CLOSESOCKETFUNCTION, &on_close);
  easy.set(CURLOPT_CLOSESOCKETDATA, this);
  if (curl_multi_add_handle(multi_, easy.get()) != CURLM_OK) return false;
  ++busy_;
  return true;
}

void MultiHandle::remove(EasyHandle& easy) noexcept {
  --busy_;
  curl_multi_remove_handle(multi_, easy.get());
}

void MultiHandle::act(curl_socket_t socket, int mask) {
  int running = 0;
  acted_ = true;
  forget_short_reads();
  curl_multi_socket_action(multi_, socket, mask, &running);
}

void MultiHandle::act(Clock::time_point now) {
  if (deadline_ > now) return;
  deadline_ = Clock::time_point::max();
  act(CURL_SOCKET_TIMEOUT, 0);
}

const CURLMsg* MultiHandle::next_over() {
  if (!acted_) return nullptr;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) return message;
  acted_ = false;
  return nullptr;
}

int MultiHandle::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& multi = *static_cast<MultiHandle*>(self);
  const bool watched = what != CURL_POLL_REMOVE;
  multi.poller_.watch(socket, watched && (what & CURL_POLL_IN) != 0, watched && (what & CURL_POLL_OUT) != 0, &multi);
  return 0;
}

int MultiHandle::on_timer(CURLM*, long wait, void* self) {
  auto& multi = *static_cast<MultiHandle*>(self);
  multi.deadline_ = wait < 0 ? Clock::time_point::max() : Clock::now() + std::chrono::milliseconds(wait);
  if (wait >= 0) multi.poller_.set_alarm(multi.deadline_);
  return 0;
}

curl_socket_t MultiHandle::on_open(void* data, curlsocktype, curl_sockaddr* address) {
  auto& opening = *static_cast<Opening*>(data);
  const int socket = open_for_this_process(
      [&] { return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol); });
  if (socket < 0) {
    opening.error = errno;  // libcurl does not keep it
    return CURL_SOCKET_BAD;
  }
  MultiHandle& multi = *opening.multi;
  ++multi.connections_;
  multi.poller_.keep(socket);
  return socket;
}

int MultiHandle::on_close(void* self, curl_socket_t socket) {
  auto& multi = *static_cast<MultiHandle*>(self);
  --multi.connections_;
  multi.poller_.forget(socket);
  return close_for_this_process(socket);
}

MultiHandle& MultiHandles::next(const EasyHandle& easy) {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [](const auto& multi) { return multi->has_idle() && multi->has_room(); });
  if (found != all_.end()) return **found;
  const auto least = std::min_element(all_.begin(), all_.end(),
                                      [](const auto& one, const auto& other) { return one->busy() < other->busy(); });
  if (least != all_.end() && ((*least)->has_room() || all_.size() >= most_handles)) return **least;
  return *all_.emplace_back(std::make_unique<MultiHandle>(poller_, easy.speaks_tls() ? tls_crowd : plain_crowd));
}

// By their numbers: an exchange that begins meanwhile may need one more of them.
void MultiHandles::act(Clock::time_point now) {
  for (std::size_t i = 0; i < all_.size(); ++i) all_[i]->act(now);
}

const CURLMsg* MultiHandles::next_over() {
  for (const auto& multi : all_)
    if (const CURLMsg* message = multi->next_over()) return message;
  return nullptr;
}

void MultiHandles::abandon() noexcept {
  for (const auto& multi : all_) multi->abandon();
}

Clock::time_point MultiHandles::deadline() const noexcept {
  Clock::time_point next = Clock::time_point::max();
  for (const auto& multi : all_) next = std::min(next, multi->deadline());
  return next;
}

}  // namespace kimistream::net
