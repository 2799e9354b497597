#include <algorithm>
#include <unordered_map>
#include <utility>

#include "kimistream/rows.hpp"
#include "kimistream/tokens.hpp"
#include "rows/answer.hpp"
#include "rows/asked.hpp"
#include "rows/form.hpp"

namespace kimistream {

class FileRows::Impl {
 public:
  Impl(BulkRun& run, RowOptions options) : run_(run), options_(std::move(options)) {}

  void feed(std::string_view block) {
    ended_ = ended_ || block.empty();
    searched_ -= std::min(searched_, at_);
    text_.erase(0, std::exchange(at_, 0));
    text_ += block;
  }

  /// The next line that is not blank; "": more is wanted, or there is none.
  [[nodiscard]] std::string_view peek() {
    while (true) {
      const std::size_t end = text_.find('\n', std::max(at_, searched_));
      searched_ = end == std::string::npos ? text_.size() : end;
      if (end == std::string::npos && !(ended_ && at_ < text_.size())) return {};
      const std::string_view line = std::string_view(text_).substr(at_, end == std::string::npos ? end : end + 1 - at_);
      if (line.find_first_not_of(" \t\n\r\v\f") != std::string_view::npos) return line;
      pass(line);
    }
  }
  [[nodiscard]] bool wants_more() { return !ended_ && peek().empty(); }

  [[nodiscard]] std::optional<Line> next_line() {
    const std::string_view line = peek();
    if (line.empty()) return std::nullopt;
    Line next{.number = number_ + 1, .text = std::string(line)};
    pass(line);
    return next;
  }

  [[nodiscard]] std::vector<Read> read(std::size_t most) {
    std::vector<Read> all;
    read_.clear();
    while (read_.size() < most) {
      auto asked = next();
      if (!asked) break;
      all.push_back({.key = asked->ascii_key, .hash = asked->hash, .digest = std::move(asked->digest)});
      read_.push_back(std::move(*asked));
    }
    return all;
  }

  [[nodiscard]] Begun begin(std::size_t most, std::size_t index, SeenKeys& seen) {
    Begun begun;
    while (begun.count < most) {
      auto asked = next();
      if (!asked) break;
      const auto before = seen.find(asked->digest);
      if (before && options_.key) {
        begun.first = before;
        begun.key = std::move(asked->ascii_key);
        break;
      }
      const std::size_t own = index + begun.count++, count = before.value_or(0) + 1;
      seen.put(asked->digest, options_.key ? own : count);
      const std::string key = options_.key ? std::string() : rows::hash_key(asked->digest, count);
      start(std::move(*asked), own, key);
    }
    return begun;
  }
  [[nodiscard]] const rows::Asked& read_at(std::size_t place) const { return read_.at(place); }

  void start(std::size_t place, std::size_t index, std::string_view key) {
    start(std::move(read_.at(place)), index, key);
  }

  void start(rows::Asked row, std::size_t index, std::string_view key) {
    if (!options_.key) {
      rows::append_string(row.key, key, rows::Form::line);
      rows::append_string(row.ascii_key, key, rows::Form::canonical);
    }
    Request request = options_.request;
    request.messages = std::exchange(row.messages, {});
    const std::int64_t tokens = options_.answer_tokens ? estimate_tokens(request) + *options_.answer_tokens : 0;
    run_.add(index, std::move(request), tokens);
    started_.insert_or_assign(index, std::move(row));
  }

  [[nodiscard]] std::optional<Done> done(const Result& result) {
    const auto found = started_.find(result.index);
    if (found == started_.end() || !result.message) return std::nullopt;
    const rows::Asked& row = found->second;
    auto line = rows::line_of(row.key, result.index, row.input, *result.message, result.attempts);
    if (!line) return std::nullopt;
    Done done{.index = result.index,
              .key = std::move(found->second.ascii_key),
              .hash = std::move(found->second.hash),
              .line = std::move(*line),
              .attempts = result.attempts,
              .usage = result.message->usage};
    started_.erase(found);
    return done;
  }

  [[nodiscard]] std::optional<Left> leave(std::size_t index) {
    auto row = started_.extract(index);
    if (row.empty()) return std::nullopt;
    rows::Asked& asked = row.mapped();
    return Left{.key = std::move(asked.key), .input = std::move(asked.input), .hash = std::move(asked.hash)};
  }

 private:
  /// The next row; nothing where it is left to the caller, or not here.
  [[nodiscard]] std::optional<rows::Asked> next() {
    const std::string_view line = peek();
    if (line.empty()) return std::nullopt;
    auto asked = rows::ask(line, options_);
    if (asked) pass(line);
    return asked;
  }
  void pass(std::string_view line) {
    at_ += line.size();
    ++number_;
  }

  BulkRun& run_;
  RowOptions options_;
  std::string text_;          // of the file, as far as it is here
  std::size_t at_ = 0;        // where its next line begins
  std::size_t searched_ = 0;  // no line ends between that and this
  std::size_t number_ = 0;    // of the line before it
  bool ended_ = false;
  std::vector<rows::Asked> read_;
  std::unordered_map<std::size_t, rows::Asked> started_;
};

FileRows::FileRows(BulkRun& run, RowOptions options) : impl_(std::make_unique<Impl>(run, std::move(options))) {}
FileRows::~FileRows() = default;

void FileRows::feed(std::string_view block) { impl_->feed(block); }
bool FileRows::wants_more() { return impl_->wants_more(); }
std::optional<FileRows::Line> FileRows::next_line() { return impl_->next_line(); }
std::vector<FileRows::Read> FileRows::read(std::size_t most) { return impl_->read(most); }
FileRows::Begun FileRows::begin(std::size_t most, std::size_t index, SeenKeys& seen) {
  return impl_->begin(most, index, seen);
}
std::string FileRows::input_at(std::size_t place) const { return impl_->read_at(place).input; }
void FileRows::start(std::size_t place, std::size_t index, std::string_view key) { impl_->start(place, index, key); }
std::optional<FileRows::Done> FileRows::done(const Result& result) { return impl_->done(result); }
std::optional<FileRows::Left> FileRows::leave(std::size_t index) { return impl_->leave(index); }

}  // namespace kimistream
