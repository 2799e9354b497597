// Decoding in memory: nanoseconds of CPU for each frame of a canned stream, read from standard input in 16 KiB slices.
//
// memchr: the blank lines are found and nothing else. decode: the library's parser and decoder, to typed events.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "kimistream/provider.hpp"
#include "kimistream/sse.hpp"
#include "wire/decoder.hpp"

namespace ks = kimistream;

namespace {

constexpr std::size_t slice_bytes = 16 * 1024;
constexpr int rounds = 31;

double cpu_ns() {
  ::timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// The best of several rounds, for each frame.
template <class Round>
double measure(Round&& round) {
  double best = 0;
  for (int i = 0; i < rounds; ++i) {
    const double before = cpu_ns();
    const std::size_t frames = round();
    const double each = (cpu_ns() - before) / static_cast<double>(frames);
    best = i == 0 ? each : std::min(best, each);
  }
  return best;
}

template <class OnSlice>
void for_each_slice(const std::string& body, OnSlice&& on_slice) {
  for (std::size_t at = 0; at < body.size(); at += slice_bytes)
    on_slice(std::string_view(body).substr(at, std::min(slice_bytes, body.size() - at)));
}

std::size_t split(const std::string& body) {
  std::size_t lines = 0;
  std::string carry;
  for_each_slice(body, [&](std::string_view slice) {
    carry.append(slice);
    const char* at = carry.data();
    const char* const end = at + carry.size();
    while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
      const char* const line_end = static_cast<const char*>(found);
      lines += line_end != at;
      at = line_end + 1;
    }
    carry.erase(0, static_cast<std::size_t>(at - carry.data()));
  });
  return lines;
}

std::size_t decode(const std::string& body, std::size_t& characters) {
  ks::sse::Parser parser;
  ks::wire::Decoder decoder(*ks::find_provider(ks::providers().front()->name));
  std::vector<ks::Event> events;
  std::size_t frames = 0;
  characters = 0;
  for_each_slice(body, [&](std::string_view slice) {
    parser.feed(slice);
    while (const auto event = parser.next()) {
      decoder.feed(event->data, event->type, events);
      ++frames;
    }
    for (const auto& event : events) {
      if (const auto* text = std::get_if<ks::Text>(&event))
        characters += text->text.size();
      else if (const auto* thinking = std::get_if<ks::Thinking>(&event))
        characters += thinking->text.size();
    }
    events.clear();
  });
  return frames;
}

}  // namespace

int main() {
  const std::string body{std::istreambuf_iterator<char>(std::cin), {}};
  std::size_t bytes = 0;
  const double split_ns = measure([&] { return split(body); });
  const double decode_ns = measure([&] { return decode(body, bytes); });
  std::printf("{\"memchr_ns\": %.1f, \"decode_ns\": %.1f, \"bytes\": %zu}\n", split_ns, decode_ns, bytes);
}
