#include "fault_server/http_request.hpp"

#include <algorithm>
#include <charconv>

#include "fault_server/encoding.hpp"

namespace kimistream::testing {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::size_t> read_size(std::string_view text, int base) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, base);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return size;
}

}  // namespace

std::string_view Request::header(std::string_view name) const noexcept {
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !same_name(line.substr(0, colon), name)) continue;
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return value;
  }
  return {};
}

bool RequestReader::fill() {
  char block[65536];
  const std::size_t size = socket_.receive(block, sizeof block);
  buffer_.append(block, size);
  return size > 0;
}

std::optional<Request> RequestReader::read_head() {
  std::size_t searched = 0;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n", searched)) == std::string::npos) {
    searched = buffer_.size() < 3 ? 0 : buffer_.size() - 3;
    if (buffer_.size() > max_request_head_bytes || !fill()) return std::nullopt;
  }
  Request request;
  request.head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  const auto first = request.head.find(' ');
  const auto second = first == std::string::npos ? first : request.head.find(' ', first + 1);
  if (second == std::string::npos) return std::nullopt;
  request.method = request.head.substr(0, first);
  request.target = request.head.substr(first + 1, second - first - 1);
  return request;
}

bool RequestReader::read_body(Request& request) {
  if (same_name(request.header("Expect"), "100-continue") && !socket_.send("HTTP/1.1 100 Continue\r\n\r\n"))
    return false;
  if (same_name(request.header("Transfer-Encoding"), "chunked")) return read_chunks(request);
  const auto length = request.header("Content-Length");
  if (length.empty()) return true;
  const auto size = read_size(length, 10);
  return size && take(request, *size);
}

bool RequestReader::take(Request& request, std::size_t size) {
  while (size > 0) {
    if (buffer_.empty() && !fill()) return false;
    const auto piece = std::string_view(buffer_).substr(0, size);
    request.body.append(piece.substr(0, kept_body_bytes - request.body.size()));
    request.body_crc32 = crc32(piece, request.body_crc32);
    request.body_bytes += piece.size();
    size -= piece.size();
    buffer_.erase(0, piece.size());
  }
  return true;
}

std::optional<std::string> RequestReader::read_line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos)
    if (buffer_.size() > max_request_head_bytes || !fill()) return std::nullopt;
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

bool RequestReader::read_chunks(Request& request) {
  while (true) {
    const auto line = read_line();
    const auto size = line ? read_size(*line, 16) : std::nullopt;
    if (!size) return false;
    if (*size == 0) break;
    if (!take(request, *size) || !read_line()) return false;
  }
  while (const auto trailer = read_line())
    if (trailer->empty()) return true;
  return false;
}

}  // namespace kimistream::testing
