#include "fault_server/fault_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "fault_server/encoding.hpp"
#include "fault_server/gates.hpp"
#include "fault_server/player.hpp"

namespace kimistream::testing {
namespace {

/// One thread each: beyond this the client under test has gone wild.
constexpr std::size_t max_connections = 2048;

std::string whole_response(int status, std::string_view content_type, std::string_view body) {
  Script script;
  script.respond(status, content_type, body);
  std::string bytes;
  for (const Step& step : script.attempt_at(0)) bytes += step.bytes;
  return bytes;
}

/// "/s/abc/v1/models" gives {"s", "abc"}; the id is what comes after the first slash pair.
struct Address {
  std::string_view kind, id;
};

Address address_of(std::string_view target) {
  if (target.size() < 3 || target[0] != '/' || target[2] != '/') return {};
  const auto rest = target.substr(3);
  return {target.substr(1, 1), rest.substr(0, rest.find_first_of("/?"))};
}

std::optional<std::string_view> behind(std::string_view target, std::string_view start) {
  return target.starts_with(start) ? std::optional(target.substr(start.size())) : std::nullopt;
}

std::string id_in(std::string_view base_url) {
  const auto scheme = base_url.find("://");
  const auto path = scheme == std::string_view::npos ? 0 : base_url.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string() : std::string(address_of(base_url.substr(path)).id);
}

int listen_on(std::uint16_t& port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(descriptor, 1024) != 0) {
    const int error = errno;
    ::close(descriptor);
    throw std::system_error(error, std::generic_category(), "fault server: cannot listen on 127.0.0.1");
  }
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return descriptor;
}

}  // namespace

class FaultServer::Server {
 public:
  explicit Server(std::uint16_t wanted_port)
      : port(wanted_port), listener_(listen_on(port)), acceptor_([this] { accept_all(); }) {}

  ~Server() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    acceptor_.join();
    ::close(listener_);
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (const Socket* socket : open_) socket->abort();
    all_ended_.wait(lock, [this] { return threads_ == 0; });
  }

  std::string add(const Script& script) {
    const std::lock_guard lock(mutex_);
    std::string id = std::to_string(++last_id_);
    registered_.emplace(id, std::make_shared<const Script>(script));
    return id;
  }

  std::uint16_t port;
  Journal journal;
  Gates gates;

 private:
  void accept_all() {
    while (true) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        return;
      }
      const std::lock_guard lock(mutex_);
      if (threads_ >= max_connections) {
        ::close(descriptor);
        continue;
      }
      ++threads_;
      std::thread([this, descriptor] { run(descriptor); }).detach();
    }
  }

  void run(int descriptor) {
    {
      Socket socket(descriptor);
      const int number = journal.opened();
      bool control = false;
      if (enter(socket)) {
        serve(socket, number, control);
        leave(socket);
      }
      journal.ended(control);
    }
    const std::lock_guard lock(mutex_);
    --threads_;
    all_ended_.notify_all();
  }

  bool enter(const Socket& socket) {
    const std::lock_guard lock(mutex_);
    if (!stopping_) open_.insert(&socket);
    return !stopping_;
  }

  void leave(const Socket& socket) {
    const std::lock_guard lock(mutex_);
    open_.erase(&socket);
  }

  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  std::shared_ptr<const Script> find(const Address& address) {
    if (address.kind == "s") {
      const auto text = from_base64(address.id);
      if (!text) throw std::invalid_argument("fault script: the address is not base64url");
      return std::make_shared<const Script>(Script::parse(*text));
    }
    const std::lock_guard lock(mutex_);
    const auto found = registered_.find(std::string(address.id));
    if (address.kind != "r" || found == registered_.end()) throw std::invalid_argument("fault server: no such script");
    return found->second;
  }

  void serve(Socket& socket, int number, bool& control) {
    RequestReader reader(socket);
    std::optional<Player> player;
    ClientClose last{number, {}, 0, "keep"};
    while (true) {
      auto request = reader.read_head();
      if (!request) {
        if (player && socket.wait_closed(std::chrono::milliseconds(0))) note(last, "keep");
        return;
      }
      const Address address = address_of(request->target);
      if (address.kind.empty()) {
        if (!control) journal.became_control(number);
        control = true;
        if (!reader.read_body(*request) || !socket.send(control_answer(*request))) return;
        continue;
      }
      std::shared_ptr<const Script> script;
      try {
        script = find(address);
      } catch (const std::invalid_argument& problem) {
        (void)socket.send(whole_response(400, "text/plain", problem.what()));
        socket.close();
        return;
      }
      const std::string id(address.id);
      const std::size_t attempt = journal.began(id);
      const auto& steps = script->attempt_at(attempt);
      const bool unread = !steps.empty() && steps.front().kind == Step::Kind::read_nothing;
      player.emplace(socket, journal, gates, id);
      last.script = id;
      last.attempt = attempt;
      const bool whole = unread || reader.read_body(*request);
      journal.received({number, id, attempt, *request});
      if (!whole) return note(last, "request");
      const auto end = player->play(steps);
      if (end == Player::End::client_gone) return note(last, player->during());
      if (end == Player::End::closed) return;
      if (unread && !reader.read_body(*request)) return note(last, "request");
    }
  }

  void note(ClientClose close, const std::string& during) {
    if (stopping()) return;  // it was this server that went away
    close.during = during;
    journal.closed_by_client(std::move(close));
  }

  std::string control_answer(const Request& request) {
    if (request.target == "/stats") return whole_response(200, "application/json", journal.stats_json());
    if (request.target == "/requests") return whole_response(200, "application/json", journal.requests_json());
    if (request.target == "/reset") {
      journal.clear();
      gates.clear();
      return whole_response(200, "application/json", "{}");
    }
    if (const auto id = behind(request.target, "/gate/"))
      return whole_response(200, "application/json", std::to_string(gates.waiting(std::string(*id))));
    if (const auto id = behind(request.target, "/open/")) {
      const auto slash = std::min(id->find('/'), id->size());
      std::size_t times = 1;
      std::from_chars(id->data() + std::min(slash + 1, id->size()), id->data() + id->size(), times);
      gates.open(std::string(id->substr(0, slash)), times);
      return whole_response(200, "application/json", "{}");
    }
    if (request.target != "/scripts" || request.method != "POST")
      return whole_response(404, "text/plain", "no such path");
    if (request.body_bytes > request.body.size()) return whole_response(413, "text/plain", "the script is too long");
    try {
      return whole_response(200, "application/json", "{\"path\":\"/r/" + add(Script::parse(request.body)) + "\"}");
    } catch (const std::invalid_argument& problem) {
      return whole_response(400, "text/plain", problem.what());
    }
  }

  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::set<const Socket*> open_;
  std::map<std::string, std::shared_ptr<const Script>> registered_;
  std::size_t last_id_ = 0;
  std::size_t threads_ = 0;
  bool stopping_ = false;
  int listener_;
  std::thread acceptor_;  // last: it uses the rest
};

FaultServer::FaultServer(std::uint16_t port) : server_(std::make_unique<Server>(port)) {}
FaultServer::~FaultServer() = default;

std::uint16_t FaultServer::port() const noexcept { return server_->port; }
std::string FaultServer::origin() const { return "http://127.0.0.1:" + std::to_string(port()); }
std::string FaultServer::base_url(const Script& script, std::string_view suffix) {
  return origin() + "/r/" + server_->add(script) + std::string(suffix);
}

int FaultServer::connections() const { return server_->journal.connections(); }
int FaultServer::open_connections() const { return server_->journal.open_connections(); }
int FaultServer::requests() const { return server_->journal.requests(); }
int FaultServer::requests(std::string_view base_url) const { return server_->journal.requests(id_in(base_url)); }
std::size_t FaultServer::bytes_sent(std::string_view base_url) const {
  return server_->journal.bytes_sent(id_in(base_url));
}
int FaultServer::late_sends(std::string_view base_url) const { return server_->journal.late_sends(id_in(base_url)); }
std::vector<ReceivedRequest> FaultServer::received() const { return server_->journal.received(); }
std::vector<ClientClose> FaultServer::closes() const { return server_->journal.closes(); }

std::optional<Request> FaultServer::last_request() const {
  auto all = received();
  if (all.empty()) return std::nullopt;
  return std::move(all.back().request);
}

bool FaultServer::wait_for_closes(std::size_t count, std::chrono::milliseconds limit) const {
  return server_->journal.wait_for_closes(count, limit);
}

void FaultServer::open(std::string_view base_url, std::size_t times) { server_->gates.open(id_in(base_url), times); }

int FaultServer::waiting(std::string_view base_url) const { return server_->gates.waiting(id_in(base_url)); }

void FaultServer::reset() {
  server_->journal.clear();
  server_->gates.clear();
}

}  // namespace kimistream::testing
