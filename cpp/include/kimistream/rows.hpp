/// @file rows.hpp
/// @brief Rows of a file of JSON Lines on their way through a BulkRun, and back as lines.
#pragma once

#include <array>
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

/// Texts, and fields that are put in between them. A text is put in as it is, any other value as JSON.
using RowTemplate = std::vector<std::variant<std::string, RowField>>;

/// What the rows of a file have in common.
struct RowOptions {
  /// Nothing: each row is a prompt itself, a text, messages, or an object with `messages`. Messages of a role and a
  /// text each, that is; others are left to the caller.
  std::optional<RowTemplate> prompt{};
  std::optional<std::string> key{};             ///< the field that is a row's key; nothing: a hash of the row
  Request request{};                            ///< all of a row's request but its messages
  std::string constant{};                       ///< what the hash of each request begins with
  std::optional<std::int64_t> answer_tokens{};  ///< with the prompt's, what limits reckon with; nothing: 0 for both
  /// Whether somebody must look at a prompt first, who may know more of it. May be empty.
  std::function<bool(const std::string&)> is_odd{};
};

/// SHA-256 of some bytes, 32 bytes itself. Keys, rows and requests are known by the first 16 of one.
[[nodiscard]] std::string sha256(std::string_view bytes);

/// A number for each of many keys, which are known by hashes of 16 bytes: 24 to 64 bytes of memory each. One thread at
/// a time.
class SeenKeys {
 public:
  /// Nothing for a key that was not put, and for what is no hash.
  [[nodiscard]] std::optional<std::uint64_t> find(std::string_view hash) const noexcept;
  /// @throws std::invalid_argument for what is no hash
  void put(std::string_view hash, std::uint64_t number);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// All of them, in the order of their hashes; none is left.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> take();

 private:
  struct Slot {
    std::array<char, 16> hash{};
    std::uint64_t number = 0;  // and one more; 0: empty
  };
  [[nodiscard]] std::size_t slot_of(std::string_view hash) const noexcept;
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most three quarters of them used
  std::size_t size_ = 0;
};

/// Reads rows, adds them to a run and writes what comes of them, without anybody who looks at them. A row that wants
/// one is left to the caller, line by line: it is no JSON on which all readers agree, lacks a field, or has a key that
/// is neither text nor integer. What is written is byte by byte what `kimistream.map` writes of such a row.
///
/// The order of calls, over and over until there is no next line and the run is empty:
///  1. `feed` while `wants_more`;
///  2. `begin` with as many rows as the run has room for; or, where each row is looked up first, `read`, then `start`
///     for those that are to be sent. Where neither gives a row the next one is the caller's: `next_line`;
///  3. `BulkRun::pump`, `BulkRun::take`, and of each result `done`; where that gives nothing it is an error
///     or another's row: `leave` tells which. Rows of the caller's own may be added to the run beside these, by other
///     indices.
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

  /// Rows that were begun.
  struct Begun {
    std::size_t count = 0;
    std::optional<std::uint64_t> first{};  ///< of the row behind them: which row has its key already
    std::string key{};                     ///< of that row, as JSON in ASCII
  };

  /// `read` and `start` in one, for rows of which nothing is known beforehand: the first is given `index`, the others
  /// those behind it. A row without a key of its own is known by its hash, and behind that the count of equal rows.
  /// @param seen the keys of the rows before, each with its row's index; those of hashes with how often each came
  [[nodiscard]] Begun begin(std::size_t most, std::size_t index, SeenKeys& seen);
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
