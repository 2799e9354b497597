#include "request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace kimistream::load {
namespace {

constexpr std::size_t max_head_bytes = 65536;
constexpr std::size_t kept_body_bytes = 65536;  // where "stream": false is looked for

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Value of a header; `name` in small letters, with the line break before and the colon behind.
std::string_view header(std::string_view head, std::string_view name) {
  const auto found = std::search(head.begin(), head.end(), name.begin(), name.end(),
                                 [](char have, char want) { return lower(have) == want; });
  if (found == head.end()) return {};
  auto value = head.substr(static_cast<std::size_t>(found - head.begin()) + name.size());
  value = value.substr(0, value.find("\r\n"));
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

bool says_no_stream(std::string_view body) {
  for (auto at = body.find("\"stream\""); at != std::string_view::npos; at = body.find("\"stream\"", at + 1)) {
    const auto value = body.find_first_not_of(" :", at + 8);
    if (value != std::string_view::npos && body.substr(value, 5) == "false") return true;
  }
  return false;
}

}  // namespace

void RequestParser::feed(std::string_view bytes) {
  if (body_left_ > bytes.size() && buffer_.empty()) {  // a large upload: count, do not copy
    body_start_.append(bytes.substr(0, kept_body_bytes - body_start_.size()));
    body_left_ -= bytes.size();
    return;
  }
  buffer_.append(bytes);
}

bool RequestParser::take_expectation() noexcept { return std::exchange(expectation_, false); }

bool RequestParser::read_head() {
  const auto end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    failed_ = buffer_.size() > max_head_bytes;
    return false;
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  const auto first = head.find(' ');
  const auto second = first == std::string::npos ? first : head.find(' ', first + 1);
  if (second == std::string::npos || !header(head, "\r\ntransfer-encoding:").empty()) {
    failed_ = true;  // a chunked request body is not understood
    return false;
  }
  current_.emplace();
  current_->method = head.substr(0, first);
  current_->target = head.substr(first + 1, second - first - 1);
  const auto length = header(head, "\r\ncontent-length:");
  std::from_chars(length.data(), length.data() + length.size(), body_left_);
  current_->body_bytes = body_left_;
  expectation_ = body_left_ > buffer_.size() && !header(head, "\r\nexpect:").empty();
  return true;
}

std::optional<Request> RequestParser::next() {
  if (failed_ || (!current_ && !read_head())) return std::nullopt;
  const auto part = std::string_view(buffer_).substr(0, body_left_);
  body_start_.append(part.substr(0, kept_body_bytes - body_start_.size()));
  body_left_ -= part.size();
  buffer_.erase(0, part.size());
  if (body_left_ > 0) return std::nullopt;
  current_->streaming = !says_no_stream(std::exchange(body_start_, {}));
  return std::exchange(current_, std::nullopt);
}

}  // namespace kimistream::load
