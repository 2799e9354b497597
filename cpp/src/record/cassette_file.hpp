// The file of a cassette: what is in it, and one more line.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "record/line.hpp"

namespace kimistream::record {

/// Any number of processes may read a file, and append to it.
class CassetteFile {
 public:
  explicit CassetteFile(std::string path) : path_(std::move(path)) {}

  /// The exchanges, in order; nothing where there is no file, or an empty one.
  /// @param warnings lines that are torn are told there
  /// @throws Exception (invalid_request) for a file that is no cassette, is of a newer version or cannot be read
  [[nodiscard]] std::optional<std::vector<std::shared_ptr<const Line>>> read(std::vector<std::string>& warnings) const;

  /// Appends a line in one write, on a new line whatever stands before it; the first of a file brings the header.
  /// @param anew what the file holds is thrown away first
  /// @return what went wrong, "" where it was written
  [[nodiscard]] std::string append(const std::string& line, bool anew) const;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace kimistream::record
