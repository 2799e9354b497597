#include "record/line.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>

#include "json/text.hpp"
#include "media/base64_decode.hpp"
#include "record/body.hpp"

namespace kimistream::record {
namespace {

using json::Tree;

constexpr std::pair<End, std::string_view> ends[] = {{End::clean, "clean"},
                                                     {End::reset, "reset"},
                                                     {End::timeout, "timeout"},
                                                     {End::left, "left"},
                                                     {End::refused, "refused"}};

std::string_view name_of(End end) {
  return std::find_if(std::begin(ends), std::end(ends), [&](const auto& row) { return row.first == end; })->second;
}

std::optional<End> end_named(std::string_view name) {
  const auto found =
      std::find_if(std::begin(ends), std::end(ends), [&](const auto& row) { return row.second == name; });
  return found == std::end(ends) ? std::nullopt : std::optional(found->first);
}

Headers headers_from(const Tree* tree) {
  Headers headers;
  if (tree)
    for (const auto& [name, value] : tree->fields()) headers.add(name, value.text());
  return headers;
}

std::optional<Piece> piece_from(const Tree& tree) {
  if (tree.items().size() != 2) return std::nullopt;
  const Tree& bytes = tree.items()[1];
  Piece piece{.seconds = tree.items()[0].as_number().value_or(0)};
  if (bytes.is(Tree::Kind::string)) {
    piece.bytes = bytes.text();
  } else {
    auto decoded = bytes.find("base64") ? media::base64::decode(bytes.text_of("base64")) : std::nullopt;
    if (!decoded) return std::nullopt;
    piece.bytes = *std::move(decoded);
  }
  return piece;
}

/// To the microsecond; whatever the locale, JSON has a point.
void append_seconds(std::string& out, double seconds) {
  const auto all = static_cast<long long>(std::llround(std::max(seconds, 0.0) * 1e6));
  std::string fraction = std::to_string(all % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  out += std::to_string(all / 1'000'000) + '.' + fraction;
}

/// Fields of one name are joined, which is the same to whoever reads them (RFC 9110, 5.3).
void append_headers(std::string& out, const Headers& headers) {
  out += '{';
  std::vector<Headers::Field> joined;
  for (const auto& [name, value] : headers) {
    const auto before = std::find_if(joined.begin(), joined.end(), [&name = name](const Headers::Field& field) {
      return equal_ignoring_case(field.first, name);
    });
    if (before == joined.end())
      joined.emplace_back(name, value);
    else
      before->second += ", " + value;
  }
  for (const auto& [name, value] : joined) {
    if (out.back() != '{') out += ',';
    json::append_string(out, name);
    out += ':';
    json::append_string(out, value);
  }
  out += '}';
}

/// A character that was cut by the network comes whole in the piece that has its end: a text stays one.
void append_pieces(std::string& out, const std::vector<Piece>& pieces) {
  out += '[';
  std::string carried;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::string bytes = std::move(carried) + pieces[i].bytes;
    carried.clear();
    if (i + 1 < pieces.size()) {
      const std::size_t whole = json::utf8_prefix(bytes);
      if (json::is_cut_utf8(std::string_view(bytes).substr(whole))) {
        carried = bytes.substr(whole);
        bytes.resize(whole);
      }
      if (bytes.empty()) continue;
    }
    if (out.back() != '[') out += ',';
    out += '[';
    append_seconds(out, pieces[i].seconds);
    out += ',';
    append_bytes(out, bytes);
    out += ']';
  }
  out += ']';
}

/// Readers that split lines at what Unicode calls a line break shall find one line. All of these stand in strings.
void escape_line_breaks(std::string& line) {
  for (const auto& [bytes, escape] : {std::pair<std::string_view, std::string_view>("\xC2\x85", "\\u0085"),
                                      {"\xE2\x80\xA8", "\\u2028"},
                                      {"\xE2\x80\xA9", "\\u2029"}})
    for (std::size_t at = line.find(bytes); at != std::string::npos; at = line.find(bytes, at + escape.size()))
      line.replace(at, bytes.size(), escape);
}

}  // namespace

std::optional<Line> line_from(const Tree& tree) {
  const Tree *request = tree.find("request"), *response = tree.find("response"), *pieces = tree.find("pieces"),
             *body = request ? request->find("body") : nullptr;
  const auto end = end_named(tree.text_of("end"));
  if (!request || !pieces || !pieces->is(Tree::Kind::array) || !end) return std::nullopt;
  Line line{.method = request->text_of("method"),
            .path = request->text_of("path"),
            .headers = headers_from(request->find("headers")),
            .end = *end,
            .clock = tree.text_of("clock")};
  if (line.method.empty() || line.path.empty()) return std::nullopt;
  (body ? *body : Tree()).write(line.body);
  if (response && response->is(Tree::Kind::object))
    line.head = ResponseHead{static_cast<int>(response->number_of("status").value_or(0)),
                             headers_from(response->find("headers"))};
  if (line.head && (line.head->status < 100 || line.head->status > 999)) return std::nullopt;
  for (const Tree& item : pieces->items()) {
    auto piece = piece_from(item);
    if (!piece || !line.head) return std::nullopt;
    line.pieces.push_back(*std::move(piece));
  }
  if (const Tree* error = tree.find("error")) {
    const Tree* retryable = error->find("retryable");
    line.failure = Failure{error->text_of("message"), retryable && retryable->text() == "true"};
  }
  return line;
}

std::string_view path_of(std::string_view url) noexcept {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t at = url.find_first_of("/?");
  return at == std::string_view::npos ? "/" : url.substr(at);
}

Line line_of(const Capture& capture) {
  const Secrets secrets(capture.headers);
  Line line{.method = capture.method,
            .path = std::string(path_of(capture.url)),
            .headers = secrets.hide(capture.headers),
            .pieces = capture.pieces,
            .end = capture.end,
            .clock = capture.clock,
            .failure = capture.failure};
  line.body = body_as_json(capture.body.get(), line.headers);
  secrets.hide(line.path);
  secrets.hide(line.body);
  secrets.hide(line.pieces);
  if (capture.head) line.head = ResponseHead{capture.head->status, secrets.hide(capture.head->headers)};
  if (line.failure) secrets.hide(line.failure->message);
  return line;
}

std::string write(const Line& line) {
  std::string out = R"({"request":{"method":)";
  json::append_string(out, line.method);
  out += R"(,"path":)";
  json::append_string(out, line.path);
  out += R"(,"headers":)";
  append_headers(out, line.headers);
  out += R"(,"body":)" + line.body + R"(},"response":)";
  if (line.head) {
    out += R"({"status":)" + std::to_string(line.head->status) + R"(,"headers":)";
    append_headers(out, line.head->headers);
    out += '}';
  } else {
    out += "null";
  }
  out += R"(,"pieces":)";
  append_pieces(out, line.pieces);
  out += R"(,"end":)";
  json::append_string(out, name_of(line.end));
  out += R"(,"clock":)";
  if (line.clock.empty())
    out += "null";
  else
    json::append_string(out, line.clock);
  if (line.failure) {
    out += R"(,"error":{"message":)";
    json::append_string(out, line.failure->message);
    out += std::string(R"(,"retryable":)") + (line.failure->retryable ? "true" : "false") + '}';
  }
  out += '}';
  escape_line_breaks(out);
  return out;
}

}  // namespace kimistream::record
