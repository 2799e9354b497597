#include "record/cassette_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json/tree.hpp"
#include "kimistream/error.hpp"
#include "kimistream/json.hpp"
#include "refuse.hpp"

namespace kimistream::record {
namespace {

constexpr std::string_view name_of_version = "kimistream_cassette";

std::string quoted(const std::string& path) { return "the cassette \"" + path + "\""; }

std::string reason(int code) { return std::generic_category().message(code); }

/// An open file; -1 where there is none.
class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

std::optional<std::string> content_of(const std::string& path) {
  const File file(path, O_RDONLY);
  if (file.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  std::string content;
  if (file.get() >= 0) {
    constexpr std::size_t block = std::size_t{64} << 10;
    for (;;) {
      const std::size_t size = content.size();
      content.resize(size + block);
      const ::ssize_t count = ::read(file.get(), content.data() + size, block);
      content.resize(size + static_cast<std::size_t>(std::max<::ssize_t>(count, 0)));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) break;
      // A device, or something large of somebody else's, is not read on: the first line would say that it is none.
      if (count == 0 || content.find(name_of_version) == std::string::npos) return content;
    }
  }
  refuse(quoted(path) + " cannot be read: " + reason(errno));
}

enum class First { exchange, header, neither };

/// @throws Exception for a header of a version that this library does not know
First look_at(const json::Tree& tree, const std::string& path) {
  const json::Tree* found = tree.find(name_of_version);
  if (!found || !found->is(json::Tree::Kind::number)) return tree.find("request") ? First::exchange : First::neither;
  int number = 0;
  const std::string& text = found->text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return First::neither;
  if (number > version)
    refuse(quoted(path) + " is of version " + text + ", and this library reads up to " + std::to_string(version) +
           ": install a newer kimistream, or record it anew under another name");
  return First::header;
}

}  // namespace

std::optional<std::vector<std::shared_ptr<const Line>>> CassetteFile::read(std::vector<std::string>& warnings) const {
  const auto content = content_of(path_);
  if (!content || content->empty()) return std::nullopt;
  std::vector<std::shared_ptr<const Line>> lines;
  std::string_view rest = *content;
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    const auto what = [&](std::string_view is) { return ": line " + std::to_string(number) + std::string(is); };
    if (number > 1 && text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    std::optional<json::Tree> tree;
    try {
      tree = json::Tree::parse(text);
    } catch (const json::Malformed&) {  // torn, or no JSON at all
    }
    const First is = tree ? look_at(*tree, path_) : First::neither;
    if (number == 1) {
      if (is != First::header)
        refuse("\"" + path_ + "\" is no cassette of kimistream: its first line is not {\"" +
               std::string(name_of_version) + "\": " + std::to_string(version) + "}; name another file");
      continue;
    }
    if (!tree) {
      warnings.push_back(quoted(path_) + what(" is torn and left out: its writer was stopped within it"));
      continue;
    }
    if (is == First::header) continue;  // two processes began the file at once
    auto line = is == First::exchange ? line_from(*tree) : std::nullopt;
    if (!line) refuse(quoted(path_) + what(" is no exchange: take the line out, or record the cassette anew"));
    lines.push_back(std::make_shared<const Line>(*std::move(line)));
  }
  return lines;
}

std::string CassetteFile::append(const std::string& line, bool anew) const {
  const auto lost = [&](const std::string& why) {
    return quoted(path_) + " could not be written, and the exchange is not recorded: " + why;
  };
  std::error_code ignored;
  const auto folder = std::filesystem::path(path_).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  const File file(path_, O_RDWR | O_CREAT | O_APPEND | (anew ? O_TRUNC : 0));
  struct ::stat state {};
  if (file.get() < 0 || ::fstat(file.get(), &state) != 0) return lost(reason(errno));
  std::string text;
  char last = '\n';
  if (state.st_size == 0)
    text = "{\"" + std::string(name_of_version) + "\": " + std::to_string(version) + "}\n";
  else if (::pread(file.get(), &last, 1, state.st_size - 1) == 1 && last != '\n')
    text = "\n";
  text += line;
  text += '\n';
  const ::ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written == static_cast<::ssize_t>(text.size())) return {};
  return lost(written < 0 ? reason(errno) : "no room is left");
}

}  // namespace kimistream::record
