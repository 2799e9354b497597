// Many live streams of the library at once, read from C++: CPU and latency for each event, and memory for each stream.
//     kimistream_crowd BASE_URL STREAMS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "kimistream/kimistream.hpp"
#include "raw_http.hpp"
#include "report.hpp"

namespace ks = kimistream;

namespace {

double kilobytes(const char* name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return std::atof(line.c_str() + std::strlen(name) + 1);
  return 0;
}

void read_all(ks::Reactor& reactor, std::size_t streams, std::vector<double>& microseconds) {
  const ks::Request request{.messages = {ks::user("hi")}};
  std::vector<std::unique_ptr<ks::Stream>> open;
  while (open.size() < streams) {
    open.push_back(std::make_unique<ks::Stream>(reactor.start(request, true, ks::Shape::events)));
    open.back()->set_tag(open.back().get());
  }
  for (std::size_t left = streams; left > 0;) {
    for (void* tag : reactor.pump(std::chrono::seconds(10))) {
      if (!tag) continue;
      auto& stream = *static_cast<ks::Stream*>(tag);
      const auto now = ks::floors::monotonic_nanoseconds();
      while (const ks::Event* event = stream.peek()) {
        if (const auto* text = std::get_if<ks::Text>(event))
          microseconds.push_back(static_cast<double>(now - std::atoll(text->text.c_str())) / 1000);
        stream.pop();
      }
      if (stream.error()) throw ks::Exception(*stream.error());
      if (stream.state() == ks::Stream::State::ended) --left;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: kimistream_crowd BASE_URL STREAMS\n");
    return 2;
  }
  try {
    const auto streams = static_cast<std::size_t>(std::max(1, std::atoi(arguments[2])));
    const ks::Client client({.base_url = arguments[1], .api_key = "sk-test"});
    ks::Reactor reactor(client);
    std::vector<double> microseconds;
    read_all(reactor, 1, microseconds);
    microseconds.clear();
    const double before = kilobytes("VmRSS");
    const auto start = ks::floors::cpu_nanoseconds();
    read_all(reactor, streams, microseconds);
    const auto cpu = ks::floors::cpu_nanoseconds() - start;
    ks::floors::report(std::move(microseconds), cpu, (kilobytes("VmHWM") - before) / static_cast<double>(streams));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
