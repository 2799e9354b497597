// Media in memory, no network: base64 on each path of this processor, and data URIs as libcurl would read them, as
// ratios to memcpy and to reading the same file. One round of each after the other, the median of the ratios.
//
//     kimistream_encode_memory [megabytes, default 100]
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/base64.hpp"
#include "media/data_uri.hpp"
#include "media/source.hpp"

namespace media = kimistream::media;

namespace {

constexpr std::size_t upload_buffer_bytes = 256 * 1024;
constexpr int rounds = 15;

double cpu_seconds() {
  ::timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Subject {
  std::string name;
  std::function<void()> run;
};

/// Prints each subject's speed, and its time as a multiple of the first one's.
void compare(const char* title, std::size_t bytes, const std::vector<Subject>& subjects) {
  std::vector<std::vector<double>> seconds(subjects.size()), ratios(subjects.size());
  for (const auto& subject : subjects) subject.run();
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      const double before = cpu_seconds();
      subjects[i].run();
      seconds[i].push_back(cpu_seconds() - before);
      ratios[i].push_back(seconds[i].back() / seconds[0].back());
    }
  std::printf("\n%s\n%-28s %10s %10s\n", title, "", "GB/s", "x floor");
  for (std::size_t i = 0; i < subjects.size(); ++i)
    std::printf("%-28s %10.1f %10.2f\n", subjects[i].name.c_str(),
                static_cast<double>(bytes) / median(seconds[i]) / 1e9, median(ratios[i]));
}

void drain(kimistream::BodySource& source, std::string& buffer) {
  while (source.read(buffer.data(), buffer.size()) != 0) {
  }
  source.rewind();
}

long peak_kilobytes() {
  ::rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t bytes = (count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 100) * 1'000'000;
  std::string buffer(upload_buffer_bytes, '\0');

  char path[] = "/tmp/kimistream-media-XXXXXX";
  const int descriptor = ::mkstemp(path);
  if (descriptor < 0) return std::perror("mkstemp"), 1;
  for (std::size_t written = 0; written < bytes;) {
    for (char& byte : buffer)
      byte = static_cast<char>((written + static_cast<std::size_t>(&byte - buffer.data())) * 31);
    const ::ssize_t size = ::write(descriptor, buffer.data(), std::min(buffer.size(), bytes - written));
    if (size <= 0) return std::perror("write"), 1;
    written += static_cast<std::size_t>(size);
  }

  // The file first: what it takes of memory is seen before the other subjects take theirs.
  media::Base64Source from_file(media::open(media::FileOrigin{path}), "video/mp4");
  const long before = peak_kilobytes();
  drain(from_file, buffer);
  const long after = peak_kilobytes();
  compare("a file, by 256 KiB buffers", bytes,
          {{"pread",
            [&] {
              for (std::size_t at = 0; at < bytes;) {
                const ::ssize_t size = ::pread(descriptor, buffer.data(), 48 * 1024, static_cast<::off_t>(at));
                if (size <= 0) break;
                at += static_cast<std::size_t>(size);
              }
            }},
           {"data URI of a file", [&] { drain(from_file, buffer); }}});
  std::printf("memory that grew with it: %ld kB of %zu\n", after - before, bytes / 1000);
  ::close(descriptor);
  ::unlink(path);

  const std::string block(48 * 1024, 'x');
  const std::size_t blocks = std::max<std::size_t>(1, bytes / block.size());
  std::vector<Subject> in_cache = {{"memcpy to 4/3 of it", [&] {
                                      for (std::size_t i = 0; i < blocks; ++i) {
                                        std::memcpy(buffer.data(), block.data(), block.size());
                                        std::memcpy(buffer.data() + block.size(), block.data(), block.size() / 3);
                                        asm volatile("" : : "r"(buffer.data()) : "memory");
                                      }
                                    }}};
  for (const auto& way : media::base64::paths())
    in_cache.push_back({"base64 " + std::string(way.name), [&] {
                          for (std::size_t i = 0; i < blocks; ++i)
                            way.encode(block.data(), block.size(), buffer.data());
                        }});
  compare("48 KiB blocks, in cache", blocks * block.size(), in_cache);

  const auto picture = std::make_shared<const std::string>(bytes, 'x');
  media::Base64Source from_memory(media::open(media::MemoryOrigin{picture, *picture}), "video/mp4");
  std::string target(bytes / 3 * 4 + 4, '\0');
  std::vector<Subject> at_once = {{"memcpy to 4/3 of it", [&] {
                                     std::memcpy(target.data(), picture->data(), bytes);
                                     std::memcpy(target.data() + bytes, picture->data(), bytes / 3);
                                     asm volatile("" : : "r"(target.data()) : "memory");
                                   }}};
  for (const auto& way : media::base64::paths())
    at_once.push_back(
        {"base64 " + std::string(way.name), [&] { way.encode(picture->data(), picture->size(), target.data()); }});
  at_once.push_back({"data URI of memory, 256 KiB", [&] { drain(from_memory, buffer); }});
  compare("all at once, in memory", bytes, at_once);
}
