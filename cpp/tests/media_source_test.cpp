// Files, memory, descriptors and functions as sources of bytes, and files that do not hold still.
#include "media/source.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/media.hpp"

using namespace kimistream::testing;
namespace media = kimistream::media;

namespace {

const media::StreamLimits limits{1'000'000, {}};

std::string all_of(media::Source& source) {
  std::string bytes(static_cast<std::size_t>(source.size()), '\0');
  source.read(0, bytes.data(), bytes.size());
  source.finish();
  return bytes;
}

std::string all_of(const media::Origin& origin) { return all_of(*media::open(origin)); }

int open_descriptors() {
  int count = 0;
  for (int number = 0; number < 1024; ++number) count += ::fcntl(number, F_GETFD) != -1;
  return count;
}

/// A descriptor that is closed at the end.
struct Opened {
  explicit Opened(const std::string& path) : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    REQUIRE(number >= 0);
  }
  explicit Opened(int given) : number(given) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() { ::close(number); }
  int number;
};

}  // namespace

TEST_CASE("a file is read at any place, with a name in any script") {
  const Scratch scratch;
  const std::string bytes = some_bytes(200'000);
  const std::string path = scratch.write("\xe5\x9b\xbe \"1\"\n.png", bytes);
  const auto origin = media::origin_of_path(path, limits);
  const auto source = media::open(origin);
  CHECK(source->size() == bytes.size());
  CHECK(source->memory().empty());
  std::string part(1000, '\0');
  for (const std::size_t offset : {0u, 1u, 199'000u, 77'777u}) {
    source->read(offset, part.data(), part.size());
    CHECK(part == bytes.substr(offset, part.size()));
  }
  CHECK(all_of(*source) == bytes);
  CHECK(all_of(*source) == bytes);  // finish() is not the end
}

TEST_CASE("a file takes a descriptor only while it is read") {
  const Scratch scratch;
  const std::string path = scratch.write("a", "abc");
  const int before = open_descriptors();
  const auto source = media::open(media::FileOrigin{path});
  CHECK(open_descriptors() == before);
  char byte = 0;
  source->read(1, &byte, 1);
  CHECK(byte == 'b');
  CHECK(open_descriptors() == before + 1);
  CHECK(::fcntl(before, F_GETFD) != 0);  // whichever it is, no child inherits it
  source->finish();
  CHECK(open_descriptors() == before);
  source->read(0, &byte, 1);
  CHECK(byte == 'a');
}

TEST_CASE("memory is handed out where it lies") {
  const auto origin = media::origin_of_bytes("picture");
  const auto source = media::open(origin);
  CHECK(source->memory() == "picture");
  CHECK(source->memory().data() == std::get<media::MemoryOrigin>(origin).bytes.data());
  CHECK(all_of(origin) == "picture");
  auto owner = std::make_shared<const std::string>("shared");
  std::unique_ptr<media::Source> shared = media::open(media::MemoryOrigin{owner, *owner});
  owner.reset();
  CHECK(all_of(*shared) == "shared");
}

TEST_CASE("an open file is read from where it is told, and its position stays") {
  const Scratch scratch;
  const Opened opened(scratch.write("a", "0123456789"));
  char two[2];
  REQUIRE(::read(opened.number, two, 2) == 2);
  const auto origin = media::origin_of_descriptor(opened.number, 2, limits);
  CHECK(all_of(origin) == "23456789");
  CHECK(::lseek(opened.number, 0, SEEK_CUR) == 2);
  CHECK(all_of(media::origin_of_descriptor(opened.number, 0, limits)) == "0123456789");
  CHECK(mentions(refusal([&] { (void)all_of(media::origin_of_descriptor(opened.number, 10, limits)); }), "to its end"));
}

TEST_CASE("an open file may be closed and removed by its owner") {
  const Scratch scratch;
  const std::string path = scratch.write("a", "still here");
  const int before = open_descriptors();
  {
    media::Origin origin;
    {
      const Opened opened(path);
      origin = media::origin_of_descriptor(opened.number, 0, limits);
    }
    std::filesystem::remove(path);
    CHECK(all_of(origin) == "still here");
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a function is asked until it has given all") {
  const std::string bytes = some_bytes(1000);
  const auto read =
      std::make_shared<const media::FunctionOrigin::Read>([&](std::uint64_t offset, char* to, std::size_t capacity) {
        return bytes.copy(to, std::min<std::size_t>(capacity, 7), static_cast<std::size_t>(offset));
      });
  CHECK(all_of(media::FunctionOrigin{read, bytes.size()}) == bytes);
  const auto too_long = media::open(media::FunctionOrigin{read, bytes.size() + 1});
  CHECK(mentions(refusal([&] { (void)all_of(*too_long); }), "ended before the size"));
  const auto too_much = std::make_shared<const media::FunctionOrigin::Read>(
      [](std::uint64_t, char*, std::size_t capacity) { return capacity + 1; });
  CHECK(mentions(refusal([&] { (void)all_of(media::FunctionOrigin{too_much, 5}); }), "more bytes than"));
  CHECK(mentions(refusal([&] { (void)media::open(media::FunctionOrigin{read, 0}); }), "nothing to send"));
  CHECK(mentions(refusal([&] { (void)media::open(media::FunctionOrigin{nullptr, 5}); }), "needs a function"));
}

TEST_CASE("what cannot be read is refused, and the message says why and what to do") {
  const Scratch scratch;
  const auto why = [](std::string path) {
    return refusal([&] { (void)media::open(media::origin_of_path(std::move(path), limits)); });
  };
  CHECK(mentions(why(scratch.path("none.png")), "there is no file \"" + scratch.path("none.png") + "\""));
  CHECK(mentions(why("no-such-dir/none.png"), "relative paths start at \"/"));
  CHECK(mentions(why("~/none.png"), "shell only"));
  CHECK(mentions(why("https://example.com/a.png"), "pass it as a URL"));
  CHECK(mentions(why("data:image/png;base64,AAAA"), "pass it as a URL"));
  CHECK(mentions(why(scratch.path("")), "is a directory"));
  CHECK(mentions(why(scratch.write("empty.png", "")), "is empty"));
  CHECK(mentions(why(scratch.write("a", "x") + "/b"), "there is no file"));
  CHECK(mentions(why(""), "path of the file is empty"));
  CHECK(mentions(why(std::string("a\0b", 3)), "zero byte"));
  CHECK(mentions(why(std::string(5000, 'a')), "cannot be read"));
  CHECK(why(std::string(100'000, 'a')).size() < 2000);
  CHECK(mentions(refusal([] { (void)media::open(media::origin_of_bytes("")); }), "are empty"));
  CHECK(mentions(refusal([] { (void)media::origin_of_descriptor(-1, 0, limits); }), "cannot be read"));
}

TEST_CASE("a file without permission is refused with advice") {
  if (::geteuid() == 0) {
    MESSAGE("skipped: root may read everything");
    return;
  }
  const Scratch scratch;
  const std::string path = scratch.write("a.png", "x");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  CHECK(mentions(refusal([&] { (void)media::origin_of_path(path, limits); }), "check the permissions"));
}

TEST_CASE("a file that changes while it is read is an error before its reading is finished") {
  const Scratch scratch;
  const std::string bytes = some_bytes(100'000);
  const std::string path = scratch.write("a", bytes);
  std::string buffer(bytes.size(), '\0');
  const auto begun = [&] {
    (void)scratch.write("a", bytes);
    auto source = media::open(media::FileOrigin{path});
    source->read(0, buffer.data(), 1000);
    return source;
  };
  SUBCASE("it shrinks") {
    const auto source = begun();
    std::filesystem::resize_file(path, 5000);
    CHECK(mentions(refusal([&] { source->read(1000, buffer.data(), 99'000); }), "became shorter"));
  }
  SUBCASE("it shrinks to nothing") {
    const auto source = begun();
    std::filesystem::resize_file(path, 0);
    CHECK(mentions(refusal([&] { source->read(1000, buffer.data(), 1); }), "became shorter"));
  }
  SUBCASE("it grows") {
    const auto source = begun();
    std::filesystem::resize_file(path, 100'001);
    source->read(1000, buffer.data(), 99'000);
    CHECK(mentions(refusal([&] { source->finish(); }), "became longer"));
  }
  SUBCASE("other bytes are written into it") {
    const auto source = begun();
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::milliseconds(1));
    source->read(1000, buffer.data(), 99'000);
    CHECK(mentions(refusal([&] { source->finish(); }), "was changed"));
  }
  SUBCASE("another file takes its name before the first byte is read") {
    const auto source = media::open(media::FileOrigin{path});
    std::filesystem::rename(scratch.write("b", bytes), path);
    CHECK(mentions(refusal([&] { source->read(0, buffer.data(), 1); }), "was changed"));
  }
  SUBCASE("another file takes its name while it is read: the first one is read to its end") {
    const auto source = begun();
    std::filesystem::rename(scratch.write("b", "other"), path);
    source->read(1000, buffer.data() + 1000, 99'000);
    CHECK(refusal([&] { source->finish(); }).empty());
    CHECK(buffer == bytes);
    CHECK(mentions(refusal([&] { source->read(0, buffer.data(), 1); }), "became shorter"));
  }
  SUBCASE("it goes away before the first byte is read") {
    const auto source = media::open(media::FileOrigin{path});
    std::filesystem::remove(path);
    CHECK(mentions(refusal([&] { source->read(0, buffer.data(), 1); }), "there is no file"));
  }
  SUBCASE("it becomes a directory") {
    const auto source = media::open(media::FileOrigin{path});
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    CHECK(mentions(refusal([&] { source->read(0, buffer.data(), 1); }), "is a directory"));
  }
}

TEST_CASE("a pipe is read into memory, up to a limit") {
  const Scratch scratch;
  const std::string bytes = some_bytes(300'000);
  const std::string path = scratch.path("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto write = [&] {
    const Opened out(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    for (std::size_t at = 0; at < bytes.size();) {
      const ::ssize_t sent = ::write(out.number, bytes.data() + at, bytes.size() - at);
      if (sent <= 0) break;  // the reader has had enough
      at += static_cast<std::size_t>(sent);
    }
  };
  struct NoPipeSignal {
    void (*before)(int) = ::signal(SIGPIPE, SIG_IGN);
    ~NoPipeSignal() { ::signal(SIGPIPE, before); }
  } const no_pipe_signal;
  SUBCASE("all of it") {
    std::thread writer(write);
    const auto origin = media::origin_of_path(path, limits);
    writer.join();
    CHECK(std::holds_alternative<media::MemoryOrigin>(origin));
    CHECK(all_of(origin) == bytes);
    CHECK(all_of(origin) == bytes);  // and again, for a retry
  }
  SUBCASE("exactly the limit") {
    std::thread writer(write);
    CHECK(all_of(media::origin_of_path(path, {bytes.size(), {}})) == bytes);
    writer.join();
  }
  SUBCASE("more than the limit") {
    std::thread writer(write);
    const std::string why = refusal([&] { (void)media::origin_of_path(path, {bytes.size() - 1, {}}); });
    writer.join();
    CHECK(mentions(why, "more than 299999 bytes"));
    CHECK(mentions(why, "write it to a file"));
  }
  SUBCASE("nothing") {
    std::thread writer([&] { const Opened out(::open(path.c_str(), O_WRONLY | O_CLOEXEC)); });
    CHECK(mentions(refusal([&] { (void)media::origin_of_path(path, limits); }), "without a byte"));
    writer.join();
  }
}

TEST_CASE("a device that never ends is refused at the limit") {
  CHECK(mentions(refusal([] { (void)media::origin_of_path("/dev/zero", limits); }), "more than 1000000 bytes"));
  CHECK(mentions(refusal([] { (void)media::origin_of_path("/dev/null", limits); }), "without a byte"));
}

TEST_CASE("an anonymous pipe is read by its descriptor") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Opened in(ends[0]);
  {
    const Opened out(ends[1]);
    REQUIRE(::write(out.number, "piped", 5) == 5);
  }
  CHECK(all_of(media::origin_of_descriptor(in.number, 0, limits)) == "piped");
}

TEST_CASE("a pipe that must not be waited for is refused instead of spinning") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Opened in(ends[0]), out(ends[1]);
  ::fcntl(in.number, F_SETFL, O_NONBLOCK);
  CHECK(mentions(refusal([&] { (void)media::origin_of_descriptor(in.number, 0, limits); }), "O_NONBLOCK"));
}

TEST_CASE("a signal while a pipe is read is told, and what that throws ends the reading") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Opened in(ends[0]), out(ends[1]);
  struct ::sigaction interrupt {
  }, before{};
  interrupt.sa_handler = [](int) {};  // without SA_RESTART: read() gives EINTR
  ::sigaction(SIGUSR1, &interrupt, &before);
  struct Stopped : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  std::atomic<bool> told = false;
  const ::pthread_t self = ::pthread_self();
  std::thread other([&] {
    while (!told) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const media::StreamLimits stopping{1000, [&] {
                                       told = true;
                                       throw Stopped("stopped");
                                     }};
  CHECK_THROWS_AS((void)media::origin_of_descriptor(in.number, 0, stopping), Stopped);
  other.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("a signal while a pipe is read changes nothing of what is read") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Opened in(ends[0]);
  struct ::sigaction interrupt {
  }, before{};
  interrupt.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &interrupt, &before);
  std::atomic<bool> told = false;
  const ::pthread_t self = ::pthread_self();
  std::thread other([&] {
    while (!told) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const Opened out(ends[1]);
    CHECK(::write(out.number, "piped", 5) == 5);
  });
  const auto origin = media::origin_of_descriptor(in.number, 0, {1000, [&] { told = true; }});
  other.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  CHECK(all_of(origin) == "piped");
}

TEST_CASE("origins are equal when they name the same bytes") {
  CHECK(media::Origin(media::FileOrigin{"a"}) == media::Origin(media::FileOrigin{"a"}));
  CHECK(media::Origin(media::FileOrigin{"a"}) != media::Origin(media::FileOrigin{"b"}));
  CHECK(media::origin_of_bytes("x") == media::origin_of_bytes("x"));
  CHECK(media::origin_of_bytes("x") != media::origin_of_bytes("y"));
}
