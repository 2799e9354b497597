/// @file rows.hpp
/// @brief Rows of a file of JSON Lines on their way through a BulkRun, and back as lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kimistream/bulk_run.hpp"

namespace kimistream {

/// A field of a row: names and positions, as in `a.b[0]`. Empty: the row itself, which is then a text.
using RowField = std::vector<std::variant<std::string, std::size_t>>;

/// What the rows of a file have in common.
struct RowOptions {
  /// The prompt: texts, and fields that are put in between them. A text is put in as it is, any other value as JSON.
  std::vector<std::variant<std::string, RowField>> prompt{};
  std::optional<std::string> key{};             ///< the field that is a row's key; nothing: a hash of the row
  Request request{};                            ///< all of a row's request but its messages
  std::string constant{};                       ///< what the hash of each request begins with
  std::optional<std::int64_t> answer_tokens{};  ///< with the prompt's, what limits reckon with; nothing: 0 for both
  /// Whether somebody must look at a prompt first, who may know more of it. May be empty.
  std::function<bool(const std::string&)> is_odd{};
};

/// Reads rows, adds them to a run and writes what comes of them, without anybody who looks at them. A row that wants
/// one is left to the caller, line by line: it is no JSON on which all readers agree, lacks a field, or has a key that
/// is neither text nor integer. What is written is byte by byte what `kimistream.map` writes of such a row.
///
/// One thread at a time; the run must live as long.
class FileRows {
 public:
  /// A line as it stands, with its line break, which the last one may lack. `number` counts from 1.
  struct Line {
    std::size_t number = 0;
    std::string text{};
  };
  /// A row that was read.
  struct Read {
    std::string key{};     ///< as JSON in ASCII; "" where `RowOptions::key` is not set
    std::string hash{};    ///< of its request, 16 bytes
    std::string digest{};  ///< of its key, or else of the row, 16 bytes
  };
  /// A row that was answered.
  struct Done {
    std::size_t index = 0;
    std::string key{};   ///< as JSON in ASCII
    std::string hash{};  ///< of its request
    std::string line{};  ///< with its line break
    int attempts = 0;
    std::optional<Usage> usage{};
  };
  /// A row that is given back.
  struct Left {
    std::string key{};    ///< as JSON
    std::string input{};  ///< likewise
    std::string hash{};   ///< of its request
  };

  FileRows(BulkRun& run, RowOptions options);
  ~FileRows();
  FileRows(const FileRows&) = delete;
  FileRows& operator=(const FileRows&) = delete;

  /// The file goes on with this; "": that was all.
  void feed(std::string_view block);
  /// Whether more of the file is wanted before there is a next line.
  [[nodiscard]] bool wants_more();
  /// The next line that is not blank, whatever it is. Nothing where more of the file is wanted, and at its end.
  [[nodiscard]] std::optional<Line> next_line();

  /// Reads rows, `most` at most, up to one that is left to the caller or to the end of what there is. They are to be
  /// started, or forgotten, before the next call.
  [[nodiscard]] std::vector<Read> read(std::size_t most);
  /// The row itself, as JSON, of one of those that were read last and not started.
  [[nodiscard]] std::string input_at(std::size_t place) const;
  /// Adds one of those that were read last to the run.
  /// @param place among them
  /// @param key   of a row that has none: a text
  void start(std::size_t place, std::size_t index, std::string_view key = {});

  /// What an answer comes to. Nothing for what is not one of these rows' or no answer: such a row is given back.
  [[nodiscard]] std::optional<Done> done(const Result& result);
  /// Gives a row back that was started. Nothing for another.
  [[nodiscard]] std::optional<Left> leave(std::size_t index);

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace kimistream
