#include "raw_http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace kimistream::floors {
namespace {

long long read_clock(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

long long cpu_nanoseconds() noexcept { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
long long monotonic_nanoseconds() noexcept { return read_clock(CLOCK_MONOTONIC); }

RawHttp::RawHttp(const char* port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<unsigned short>(std::atoi(port)));
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("connect");
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawHttp::~RawHttp() { ::close(descriptor_); }

void RawHttp::post(std::string_view path) {
  constexpr std::string_view body = R"({"model":"kimi-k2.6","messages":[{"role":"user","content":"q"}],"stream":true})";
  std::string request = "POST ";
  request.append(path).append(
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer sk-x\r\nContent-Type: "
      "application/json\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  if (::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    give_up("send");
}

void RawHttp::upload(std::string_view path, std::size_t bytes) {
  static const std::string block(upload_bytes, 'A');
  std::string head = "POST ";
  head.append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ");
  head.append(std::to_string(bytes)).append("\r\n\r\n");
  if (::send(descriptor_, head.data(), head.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(head.size())) give_up("send");
  while (bytes > 0) {
    const ssize_t sent = ::send(descriptor_, block.data(), bytes < block.size() ? bytes : block.size(), MSG_NOSIGNAL);
    if (sent <= 0) give_up("send");
    bytes -= static_cast<std::size_t>(sent);
  }
}

std::string_view RawHttp::receive() {
  const ssize_t size = ::recv(descriptor_, buffer_, sizeof buffer_, 0);
  if (size <= 0) give_up("recv");
  return {buffer_, static_cast<std::size_t>(size)};
}

}  // namespace kimistream::floors
