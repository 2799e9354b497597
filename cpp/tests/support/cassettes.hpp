// Cassettes in a folder of the test's own.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "kimistream/cassette.hpp"
#include "support/play.hpp"

namespace kimistream::testing {

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "kimistream-cassettes-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string file(std::string_view name = "a.jsonl") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

inline void write_file(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream file(content_of(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// A client that records what the script answers.
inline ClientOptions taped(const Offline& offline, const Cassette& cassette) {
  ClientOptions options = offline.options();
  options.transport = cassette.transport(options.transport);
  return options;
}

inline kimistream::Request asking(std::string prompt) { return {.messages = {user(std::move(prompt))}}; }

inline constexpr std::string_view header_line = "{\"kimistream_cassette\": 1}\n";

}  // namespace kimistream::testing
