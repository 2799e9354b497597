// The file of a cassette: what is in it, and one more line.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record/line.hpp"

namespace kimistream::record {

/// Any number of processes may read a file, and append to it.
class CassetteFile {
 public:
  /// @param warn is told of lines that are torn and of lines that could not be written
  CassetteFile(std::string path, std::function<void(const std::string&)> warn);

  /// The exchanges, in order; nothing where there is no file, or an empty one.
  /// @throws Exception (invalid_request) for a file that is no cassette, is of a newer version or cannot be read
  [[nodiscard]] std::optional<std::vector<std::shared_ptr<const Line>>> read() const;

  /// Appends a line in one write, on a new line whatever stands before it; the first of a file brings the header.
  /// @param anew what the file holds is thrown away first @return false when it could not be written
  bool append(const std::string& line, bool anew) const noexcept;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  void warn(const std::string& what) const noexcept;
  std::string path_;
  std::function<void(const std::string&)> warn_;
};

}  // namespace kimistream::record
