#include "connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "response.hpp"

namespace kimistream::load {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t longest_wait_ms = 60'000;
constexpr std::uint64_t most_ticks = 1'000'000;

std::string stats_json(const Counters& counters, const CannedStream& canned) {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto microseconds =
      (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1'000'000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  std::string json = "{";
  const auto member = [&](std::string_view name, auto value) {
    json += json.size() > 1 ? ",\"" : "\"";
    json.append(name).append("\":").append(std::to_string(value));
  };
  member("connections", counters.connections);
  member("open", counters.open);
  member("requests", counters.requests);
  member("events", counters.events);
  member("body_bytes", counters.body_bytes);
  member("cpu_microseconds", microseconds);
  member("canned_events", canned.events);
  member("canned_bytes", canned.bytes.size());
  member("canned_content_characters", canned.content_characters);
  member("canned_reasoning_characters", canned.reasoning_characters);
  return json + "}";
}

}  // namespace

Connection::Connection(int descriptor, const CannedStream& canned, Counters& counters)
    : descriptor_(descriptor), canned_(canned), counters_(counters) {
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ++counters_.connections;
  ++counters_.open;
}

Connection::~Connection() {
  --counters_.open;
  ::close(descriptor_);
}

bool Connection::on_readable() {
  static char buffer[1 << 18];                // one thread
  for (int reads = 0; reads < 16; ++reads) {  // others want their turn
    const ssize_t received = ::recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (received == 0) return false;
    if (received < 0) {
      if (errno != EAGAIN && errno != EINTR) return false;
      break;
    }
    parser_.feed({buffer, static_cast<std::size_t>(received)});
    if (!busy() && !advance()) return false;
    if (static_cast<std::size_t>(received) < sizeof buffer) break;
  }
  return true;
}

bool Connection::on_due() {
  const std::uint64_t planned = *due_;
  due_.reset();
  if (ticks_left_ == 0) {
    out_ += later_;
    later_.clear();
    return advance();
  }
  ++counters_.events;
  out_ += stamped_chunk();
  if (--ticks_left_ > 0) {
    due_ = planned + period_;
  } else {
    if (!advance()) return false;  // the last event in a send of its own
    out_.append(closing_chunks()).append(last_chunk);
  }
  return advance();
}

bool Connection::busy() const noexcept { return !out_.empty() || sending_canned_ || due_.has_value(); }

bool Connection::advance() {
  blocked_ = false;
  while (true) {
    Push result = push(out_, out_position_);
    if (result == Push::done) {
      out_.clear();
      out_position_ = 0;
      if (sending_canned_) result = push_canned();
    }
    if (result == Push::failed) return false;
    blocked_ = result == Push::blocked;
    if (blocked_ || due_) return true;
    const auto request = parser_.next();
    if (request) {
      begin(*request);
    } else if (parser_.take_expectation()) {
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    } else {
      return !parser_.failed();
    }
  }
}

Connection::Push Connection::push(std::string_view bytes, std::size_t& position) {
  while (position < bytes.size()) {
    const ssize_t sent =
        ::send(descriptor_, bytes.data() + position, bytes.size() - position, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
      position += static_cast<std::size_t>(sent);
    else if (errno == EAGAIN)
      return Push::blocked;
    else if (errno != EINTR)
      return Push::failed;
  }
  return Push::done;
}

Connection::Push Connection::push_canned() {
  const std::string_view bytes = canned_.bytes;
  if (one_by_one_) {
    for (; piece_ < canned_.ends.size(); ++piece_)
      if (const auto result = push(bytes.substr(0, canned_.ends[piece_]), canned_position_); result != Push::done)
        return result;
  } else if (const auto result = push(bytes, canned_position_); result != Push::done) {
    return result;
  }
  sending_canned_ = false;
  counters_.events += canned_.events;
  return Push::done;
}

void Connection::begin_ticks(std::uint64_t period, std::uint64_t count, std::uint64_t phase) {
  out_ += stream_head;
  period_ = std::max<std::uint64_t>(period, 1000);
  ticks_left_ = std::clamp<std::uint64_t>(count, 1, most_ticks);
  due_ = monotonic_nanoseconds() + phase;
}

void Connection::begin(const Request& request) {
  static std::mt19937 random(11);
  ++counters_.requests;
  counters_.body_bytes += request.body_bytes;
  const Route route = route_of(request.target);
  const auto wait_for = [](std::uint64_t ms) {
    return monotonic_nanoseconds() + std::min(ms, longest_wait_ms) * 1'000'000;
  };
  using Kind = Route::Kind;
  if (route.kind == Kind::models) {
    out_ += json_response(models_json());
  } else if (route.kind == Kind::stats) {
    out_ += json_response(stats_json(counters_, canned_));
  } else if (route.kind == Kind::unknown) {
    out_ += json_response(R"({"error":{"message":"no such path","type":"not_found"}})", "404 Not Found");
  } else if (route.kind == Kind::delay) {
    later_ = json_response(completion_json());
    due_ = wait_for(route.first);
  } else if (route.kind == Kind::small || route.kind == Kind::sink || !request.streaming) {
    out_ += json_response(completion_json());
  } else if (route.kind == Kind::paced) {
    begin_ticks(route.first * 1000, route.second, route.first * 1000);
  } else if (route.kind == Kind::slow) {
    const std::uint64_t period = second / std::clamp<std::uint64_t>(route.first, 1, 1000);
    begin_ticks(period, route.first * route.second, random() % period);
  } else if (route.kind == Kind::late || route.kind == Kind::stall) {
    (out_ += stream_head) += stamped_chunk();
    later_ = route.kind == Kind::stall ? closing_chunks() : std::string();
    if (route.kind == Kind::late) out_ += closing_chunks();
    later_ += last_chunk;
    if (route.kind == Kind::late && route.first == 0)
      out_ += later_;
    else
      due_ = wait_for(route.first);
  } else {
    out_ += stream_head;
    sending_canned_ = true;
    one_by_one_ = route.kind == Kind::each;
    canned_position_ = 0;
    piece_ = 0;
  }
}

}  // namespace kimistream::load
