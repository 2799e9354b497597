// What a stream or an upload costs at least, in C++. Prints one JSON line.
//
//     kimistream_floor blast|paced|crowd PORT PATH STREAMS
//     kimistream_floor upload PORT PATH BYTES
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "decode.hpp"
#include "raw_http.hpp"
#include "report.hpp"

namespace {

using namespace kimistream::floors;

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

template <class Number>
Number median(std::vector<Number> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Client {
 public:
  explicit Client(const char* port) : http_(port) {}

  template <class Take>
  void stream(std::string_view path, Take&& take) {
    decoder_.restart();
    http_.post(path);
    for (bool ended = false; !ended;) {
      ended = dechunker_.feed(http_.receive(), [this](std::string_view payload) { decoder_.append(payload); });
      decoder_.parse(take);
    }
    if (!decoder_.done()) std::exit(1);
  }

  [[nodiscard]] std::size_t events() const { return decoder_.events(); }

 private:
  RawHttp http_;
  Dechunker dechunker_;
  Decoder decoder_;
};

void blast(const char* port, const char* path, int streams) {
  Client client(port);
  std::size_t content = 0;
  std::size_t reasoning = 0;
  client.stream(path, [&](const Decoder::Fields& fields) {
    content += characters(fields.content);
    reasoning += characters(fields.reasoning);
  });
  std::vector<double> cpu;
  std::vector<double> wall;
  std::size_t bytes = 0;
  for (int i = 0; i < streams; ++i) {
    const auto wall_start = monotonic_nanoseconds();
    const auto cpu_start = cpu_nanoseconds();
    client.stream(path, [&](const Decoder::Fields& fields) {
      bytes += fields.content.size() + fields.reasoning.size() + fields.finish_reason.size();
    });
    const auto events = static_cast<double>(client.events());
    cpu.push_back(static_cast<double>(cpu_nanoseconds() - cpu_start) / events);
    wall.push_back(static_cast<double>(monotonic_nanoseconds() - wall_start) / events);
  }
  std::printf("{\"cpu_ns\": %.1f, \"wall_ns\": %.1f, \"content\": %zu, \"reasoning\": %zu, \"bytes\": %zu}\n",
              *std::min_element(cpu.begin(), cpu.end()), *std::min_element(wall.begin(), wall.end()), content,
              reasoning, bytes);
}

/// Nothing but recv() and the digits: no JSON, no lines.
void paced(const char* port, const char* path, int streams) {
  RawHttp http(port);
  std::vector<double> microseconds;
  const auto start = cpu_nanoseconds();
  for (int i = 0; i < streams; ++i) {
    Dechunker dechunker;
    http.post(path);
    for (bool ended = false; !ended;) {
      const auto bytes = http.receive();
      const auto now = monotonic_nanoseconds();
      const auto at = bytes.find("\"content\":\"");
      if (at != std::string_view::npos)
        microseconds.push_back(static_cast<double>(now - std::atoll(bytes.data() + at + 11)) / 1000);
      ended = dechunker.feed(bytes, [](std::string_view) {});
    }
  }
  report(std::move(microseconds), cpu_nanoseconds() - start);
}

/// Many streams at once on one epoll descriptor, each as in `paced`.
void crowd(const char* port, const char* path, int streams) {
  struct Open {
    explicit Open(const char* to) : http(to) {}
    RawHttp http;
    Dechunker dechunker;
  };
  std::vector<std::unique_ptr<Open>> all;
  const int epoll = ::epoll_create1(0);
  std::vector<double> microseconds;
  const auto start = cpu_nanoseconds();
  for (int i = 0; i < streams; ++i) {
    Open& open = *all.emplace_back(std::make_unique<Open>(port));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &open;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, open.http.descriptor(), &event);
    open.http.post(path);
  }
  std::array<epoll_event, 256> events{};
  for (int left = streams; left > 0;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto& open = *static_cast<Open*>(events[static_cast<std::size_t>(i)].data.ptr);
      const auto bytes = open.http.receive();
      const auto now = monotonic_nanoseconds();
      if (const auto at = bytes.find("\"content\":\""); at != std::string_view::npos)
        microseconds.push_back(static_cast<double>(now - std::atoll(bytes.data() + at + 11)) / 1000);
      if (!open.dechunker.feed(bytes, [](std::string_view) {})) continue;
      ::epoll_ctl(epoll, EPOLL_CTL_DEL, open.http.descriptor(), nullptr);
      --left;
    }
  }
  report(std::move(microseconds), cpu_nanoseconds() - start);
}

/// Nothing but send(): the bytes are made before, and they are the same for every block.
void upload(const char* port, const char* path, int bytes) {
  RawHttp http(port);
  std::vector<double> cpu;
  std::vector<double> wall;
  for (int i = 0; i < 6; ++i) {
    const auto wall_start = monotonic_nanoseconds();
    const auto cpu_start = cpu_nanoseconds();
    http.upload(path, static_cast<std::size_t>(bytes));
    if (http.receive().find(" 200 ") == std::string_view::npos) std::exit(1);
    if (i == 0) continue;
    cpu.push_back(static_cast<double>(cpu_nanoseconds() - cpu_start) / 1e6);
    wall.push_back(static_cast<double>(monotonic_nanoseconds() - wall_start) / 1e6);
  }
  std::printf("{\"cpu_ms\": %.3f, \"wall_ms\": %.3f}\n", median(cpu), median(wall));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: kimistream_floor blast|paced|crowd|upload PORT PATH STREAMS|BYTES\n");
    return 2;
  }
  const int number = std::max(1, std::atoi(arguments[4]));
  const auto is = [&](const char* name) { return std::strcmp(arguments[1], name) == 0; };
  (is("paced") ? paced : is("crowd") ? crowd : is("upload") ? upload : blast)(arguments[2], arguments[3], number);
}
