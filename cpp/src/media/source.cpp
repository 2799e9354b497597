#include "media/source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kimistream/error.hpp"
#include "refuse.hpp"

namespace kimistream::media {
namespace {

std::string in_quotes(const std::string& path) { return '"' + path + '"'; }

/// Why a file could not be opened or read, and what to do.
[[noreturn]] void refuse_file(const std::string& path, int code) {
  std::string advice;
  if (code == ENOENT || code == ENOTDIR) {
    if (path.find("://") != std::string::npos) {
      advice = "; this looks like an address, not like a path: pass it as a URL";
    } else if (path.starts_with("data:")) {
      advice = "; this is a data URI, not a path: pass it as a URL";
    } else if (path.starts_with('~')) {
      advice = "; \"~\" means the home directory to a shell only: write the directory out";
    } else if (!path.starts_with('/')) {
      std::string here(4096, '\0');
      if (::getcwd(here.data(), here.size())) advice = "; relative paths start at " + in_quotes(here.c_str());
    }
    refuse("there is no file " + in_quotes(path.substr(0, 1000)) + advice);
  }
  if (code == EACCES || code == EPERM) advice = "; check the permissions of the file and of the directories above it";
  if (code == EMFILE || code == ENFILE) advice = "; close files, or raise the limit of open files (ulimit -n)";
  refuse(in_quotes(path.substr(0, 1000)) + " cannot be read: " + std::system_category().message(code) + advice);
}

class Descriptor {
 public:
  /// @param on_signal called when a signal interrupts the wait for the other end of a pipe
  explicit Descriptor(const std::string& path, const std::function<void()>& on_signal = {}) {
    if (path.empty()) refuse("the path of the file is empty");
    if (path.find('\0') != std::string::npos) refuse("the path of the file holds a zero byte");
    while ((number_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0 && errno == EINTR)
      if (on_signal) on_signal();
    if (number_ < 0) refuse_file(path, errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_ = -1;
};

struct ::stat look_at(int descriptor, const std::string& name) {
  struct ::stat status {};
  if (::fstat(descriptor, &status) != 0) refuse_file(name, errno);
  if (S_ISDIR(status.st_mode)) refuse(in_quotes(name) + " is a directory; pass the path of one file in it");
  return status;
}

/// What tells one state of a file from another.
struct Stamp {
  ::dev_t device{};
  ::ino_t number{};
  ::off_t size{};
  std::int64_t seconds{};
  std::int64_t nanoseconds{};

  explicit Stamp(const struct ::stat& status)
      : device(status.st_dev),
        number(status.st_ino),
        size(status.st_size),
#ifdef __APPLE__
        seconds(status.st_mtimespec.tv_sec),
        nanoseconds(status.st_mtimespec.tv_nsec) {
  }
#else
        seconds(status.st_mtim.tv_sec),
        nanoseconds(status.st_mtim.tv_nsec) {
  }
#endif
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// A regular file, by its path or by a descriptor that somebody else holds.
class FileSource final : public Source {
 public:
  explicit FileSource(std::string path) : name_(std::move(path)) {
    const Descriptor opened(name_);
    look(opened.number());
  }
  FileSource(std::shared_ptr<const int> descriptor, std::uint64_t begin)
      : name_("the open file"), held_(std::move(descriptor)), begin_(begin) {
    look(*held_);
  }

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }

  void read(std::uint64_t offset, char* to, std::size_t count) override {
    const int descriptor = current();
    for (std::size_t done = 0; done < count;) {
      const ::ssize_t got = ::pread(descriptor, to + done, count - done, static_cast<::off_t>(begin_ + offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) refuse_file(name_, errno);
      if (got == 0) refuse_changed("became shorter");
      done += static_cast<std::size_t>(got);
    }
  }

  void finish() override {
    check(current());
    opened_.reset();
  }

 private:
  void look(int descriptor) {
    const struct ::stat status = look_at(descriptor, name_);
    if (!S_ISREG(status.st_mode)) refuse(in_quotes(name_) + " is not a regular file any more");
    stamp_.emplace(status);
    const auto whole = static_cast<std::uint64_t>(status.st_size);
    if (whole == 0) refuse(in_quotes(name_) + " is empty");
    if (begin_ >= whole) refuse(name_ + " has been read to its end; go back to its beginning first");
    size_ = whole - begin_;
  }

  int current() {
    if (held_) return *held_;
    if (!opened_) {
      opened_.emplace(name_);
      check(opened_->number());
    }
    return opened_->number();
  }

  void check(int descriptor) {
    const Stamp now(look_at(descriptor, name_));
    if (now == *stamp_) return;
    refuse_changed(now.size < stamp_->size   ? "became shorter"
                   : now.size > stamp_->size ? "became longer"
                                             : "was changed");
  }

  [[noreturn]] void refuse_changed(const char* how) {
    opened_.reset();
    refuse((held_ ? name_ : in_quotes(name_)) + " " + how +
           " while it was being sent; send it again when nothing writes to it any more");
  }

  std::string name_;
  std::shared_ptr<const int> held_;
  std::uint64_t begin_ = 0, size_ = 0;
  std::optional<Stamp> stamp_;
  std::optional<Descriptor> opened_;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(MemoryOrigin origin) : origin_(std::move(origin)) {
    if (origin_.bytes.empty()) refuse("the bytes of the picture, video or file are empty");
  }
  [[nodiscard]] std::uint64_t size() const noexcept override { return origin_.bytes.size(); }
  [[nodiscard]] std::string_view memory() const noexcept override { return origin_.bytes; }
  void read(std::uint64_t offset, char* to, std::size_t count) override {
    std::memcpy(to, origin_.bytes.data() + offset, count);
  }

 private:
  MemoryOrigin origin_;
};

class FunctionSource final : public Source {
 public:
  explicit FunctionSource(FunctionOrigin origin) : origin_(std::move(origin)) {
    if (!origin_.read || !*origin_.read) refuse("a reader needs a function to read with");
    if (origin_.size == 0) refuse("the reader's size is 0: there is nothing to send");
  }
  [[nodiscard]] std::uint64_t size() const noexcept override { return origin_.size; }
  void read(std::uint64_t offset, char* to, std::size_t count) override {
    for (std::size_t done = 0; done < count;) {
      const std::size_t got = (*origin_.read)(offset + done, to + done, count - done);
      if (got == 0) refuse("the reader ended before the size that it announced");
      if (got > count - done) refuse("the reader gave more bytes than there was room for");
      done += got;
    }
  }

 private:
  FunctionOrigin origin_;
};

/// Everything that comes, for what has no size and no second time.
std::string read_all(int descriptor, const std::string& name, const StreamLimits& limits) {
  constexpr std::size_t block = 64 * 1024;
  std::string bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + block);
    const ::ssize_t got = ::read(descriptor, bytes.data() + before, block);
    const int code = errno;
    bytes.resize(before + static_cast<std::size_t>(std::max<::ssize_t>(got, 0)));
    if (got == 0) break;
    if (got < 0 && code == EAGAIN) refuse(name + " is set not to wait (O_NONBLOCK); read it first and pass its bytes");
    if (got < 0 && code != EINTR) refuse_file(name, code);
    if (got < 0 && limits.on_signal) limits.on_signal();
    if (bytes.size() > limits.max_bytes)
      refuse(name + " gave more than " + std::to_string(limits.max_bytes) +
             " bytes; what can be read only once is held in memory, up to that limit: write it to a file and pass its "
             "path");
  }
  if (bytes.empty()) refuse(name + " ended without a byte");
  return bytes;
}

}  // namespace

std::unique_ptr<Source> open(const Origin& origin) {
  struct Opener {
    std::unique_ptr<Source> operator()(const FileOrigin& it) const { return std::make_unique<FileSource>(it.path); }
    std::unique_ptr<Source> operator()(const MemoryOrigin& it) const { return std::make_unique<MemorySource>(it); }
    std::unique_ptr<Source> operator()(const DescriptorOrigin& it) const {
      return std::make_unique<FileSource>(it.descriptor, it.begin);
    }
    std::unique_ptr<Source> operator()(const FunctionOrigin& it) const { return std::make_unique<FunctionSource>(it); }
  };
  return std::visit(Opener{}, origin);
}

Origin origin_of_path(std::string path, const StreamLimits& limits) {
  const Descriptor opened(path, limits.on_signal);
  if (S_ISREG(look_at(opened.number(), path).st_mode)) return FileOrigin{std::move(path)};
  return origin_of_bytes(read_all(opened.number(), in_quotes(path), limits));
}

Origin origin_of_descriptor(int descriptor, std::uint64_t begin, const StreamLimits& limits) {
  const std::string name = "the open file";
  if (!S_ISREG(look_at(descriptor, name).st_mode)) return origin_of_bytes(read_all(descriptor, name, limits));
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) refuse_file(name, errno);
  const auto close_it = [](const int* number) {
    ::close(*number);
    delete number;
  };
  return DescriptorOrigin{std::shared_ptr<const int>(new int(copy), close_it), begin};
}

Origin origin_of_bytes(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  return MemoryOrigin{std::move(owner), view};
}

}  // namespace kimistream::media
