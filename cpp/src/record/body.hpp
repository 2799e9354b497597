// What a request's body is in a recording: its JSON, with large media named by the SHA-256 of their bytes, so that a
// recording of a film has the size of its question, and is the same whenever it is made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/transport.hpp"

namespace kimistream::record {

/// Media of more bytes than this are named by their hash.
inline constexpr std::size_t largest_inline = 65'536;
/// Stands where a medium has not gone out whole, so that nobody knows its hash. It equals any other.
inline constexpr std::string_view unsent_mark = "[not sent whole";

/// Follows a body as it is sent.
class SentBody {
 public:
  /// Puts a copy of the body into the request where it has sources, so that what is read of them is seen.
  explicit SentBody(HttpRequest& request);
  /// What has gone out, as text alone. Null for a request without a body.
  [[nodiscard]] std::shared_ptr<const Body> text() const;

 private:
  class Source;
  std::shared_ptr<const Body> body_;
  std::vector<std::shared_ptr<Source>> sources_;  // one for each segment that has one
};

/// Reads a body to its end, in the same form. The sources are taken back to their beginning afterwards.
/// @throws Exception when a source cannot be read, or only once
[[nodiscard]] std::shared_ptr<const Body> read_body(const HttpRequest& request);

/// The body as a JSON value: itself where it is JSON, else a string, or `{"base64": ...}` where it is no text; null
/// for none. A form's boundary is replaced by one that is always the same, in `headers` too.
[[nodiscard]] std::string body_as_json(const Body* body, Headers& headers);

/// Bytes as a JSON value: a string, or `{"base64": ...}` where they are no UTF-8.
void append_bytes(std::string& out, std::string_view bytes);

}  // namespace kimistream::record
