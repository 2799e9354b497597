// What a request's body is in a recording.
#include "record/body.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "kimistream/json.hpp"
#include "media/base64.hpp"
#include "record/sha256.hpp"

namespace ks = kimistream;
namespace base64 = ks::media::base64;
using namespace ks::record;

namespace {

/// Gives a text in blocks of a few bytes.
class Source final : public ks::BodySource {
 public:
  explicit Source(std::string text, std::size_t step = 1000, bool once = false)
      : text_(std::move(text)), step_(step), once_(once) {}
  [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
  bool rewind() override {
    if (once_) return false;
    at_ = 0;
    return true;
  }
  std::size_t read(char* to, std::size_t capacity) override {
    const std::string block = text_.substr(at_, std::min(capacity, step_));
    std::copy(block.begin(), block.end(), to);
    at_ += block.size();
    return block.size();
  }

 private:
  std::string text_;
  std::size_t step_, at_ = 0;
  bool once_;
};

std::string encoded(const std::string& bytes) {
  std::string text(base64::encoded_size(bytes.size()), '\0');
  base64::encode(bytes.data(), bytes.size(), text.data());
  return text;
}

std::string hash_of(const std::string& bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

/// `{"url": "<the source's text>"}`
ks::HttpRequest with_source(std::shared_ptr<ks::BodySource> source, std::string type = "application/json") {
  auto body = std::make_shared<ks::Body>();
  body->segments.push_back({.text = R"({"url":")"});
  body->segments.push_back({.source = std::move(source)});
  body->segments.push_back({.text = R"("})"});
  return {.headers = {{"Content-Type", std::move(type)}}, .body = std::move(body)};
}

std::size_t drained(const ks::Body& body, std::size_t most = std::string::npos) {
  std::array<char, 700> block;
  std::size_t all = 0;
  for (const auto& segment : body.segments)
    while (segment.source && all < most) {
      const std::size_t size = segment.source->read(block.data(), block.size());
      if (size == 0) break;
      all += size;
    }
  return all;
}

std::string json_of(const ks::Body* body, ks::Headers headers = {}) { return body_as_json(body, headers); }

std::string url_after(const std::string& text, std::string type = "application/json") {
  ks::HttpRequest request = with_source(std::make_shared<Source>(text), std::move(type));
  const SentBody sent(request);
  drained(*request.body);
  return ks::json::text_at(json_of(sent.text().get()), "/url").value_or("(nothing)");
}

std::string body_of(std::string text, ks::Headers headers = {}) {
  ks::Body body;
  body.segments.push_back({.text = std::move(text)});
  return body_as_json(&body, headers);
}

}  // namespace

TEST_CASE("media up to 65,536 bytes stay, larger ones are named by the SHA-256 of their bytes") {
  const std::string small(largest_inline, '\xF0'), large(largest_inline + 1, '\xF0');
  for (const std::string prefix : {"data:image/png;base64,", ""}) {
    CAPTURE(prefix);
    const auto written = [&](const std::string& bytes) {  // by the caller, into the JSON
      return ks::json::text_at(body_of(R"({"url":")" + prefix + encoded(bytes) + R"("})"), "/url").value_or("");
    };
    const bool small_stays = url_after(prefix + encoded(small)) == prefix + encoded(small);  // too long to be shown
    CHECK(small_stays);
    CHECK(written(small).size() == (prefix + encoded(small)).size());
    CHECK(url_after(prefix + encoded(large)).substr(0, 200) == prefix + "sha256:" + hash_of(large));
    CHECK(written(large).substr(0, 200) == prefix + "sha256:" + hash_of(large));
  }
  CHECK(url_after(large, "application/octet-stream") == "sha256:" + hash_of(large));
}

TEST_CASE("a long text is no medium") {
  const std::string text(200'000, ' ');
  CHECK(body_of("{\"a\":\"" + text + "\"}") == "{\"a\":\"" + text + "\"}");
  std::string dna;  // good base64
  while (dna.size() < 200'000) dna += "ACGT";
  for (const char* key : {"content", "text", "arguments"}) {
    const std::string body = "{\"" + std::string(key) + "\":\"" + dna + "\"}";
    const bool stays = body_of(body) == body;  // too long to be shown
    CHECK(stays);
  }
}

TEST_CASE("a medium that did not go out whole has no name; sent again it has") {
  const std::string bytes(100'000, 'x');
  ks::HttpRequest request = with_source(std::make_shared<Source>(encoded(bytes)));
  const auto before = request.body;
  const SentBody sent(request);
  CHECK(before != request.body);
  drained(*request.body, 5000);
  CHECK(json_of(sent.text().get()).find(unsent_mark) != std::string::npos);
  CHECK(request.body->segments[1].source->rewind());
  drained(*request.body);
  CHECK(json_of(sent.text().get()) == R"({"url":"sha256:)" + hash_of(bytes) + R"("})");
}

TEST_CASE("a body that is read for comparison is the same, and stands at its beginning again") {
  const std::string bytes(100'000, 'x');
  const ks::HttpRequest request = with_source(std::make_shared<Source>(encoded(bytes)));
  CHECK(json_of(read_body(request).get()) == R"({"url":"sha256:)" + hash_of(bytes) + R"("})");
  CHECK(drained(*request.body) == encoded(bytes).size());
  CHECK_THROWS_AS((void)read_body(with_source(std::make_shared<Source>("AAAA", 4, true))), ks::Exception);
}

TEST_CASE("a body without sources is not copied") {
  auto body = std::make_shared<ks::Body>();
  body->segments.push_back({.text = "{}"});
  ks::HttpRequest request{.body = body};
  const SentBody sent(request);
  CHECK(request.body == body);
  CHECK(sent.text() == body);
  CHECK(read_body(request) == body);
}

TEST_CASE("a body is its JSON, else a text, else base64; none is null") {
  CHECK(json_of(nullptr) == "null");
  CHECK(body_of("") == "null");
  CHECK(body_of("{ \"b\": 1.0,\n \"a\": [null] }") == R"({"b":1.0,"a":[null]})");
  CHECK(body_of("a=1&b=\"2\"") == R"("a=1&b=\"2\"")");
  CHECK(body_of("\xFF\xFE") == R"({"base64":"//4="})");
}

TEST_CASE("a form's boundary is always the same") {
  for (const char* quote : {"", "\""}) {
    ks::Headers headers{{"content-type", std::string("multipart/form-data; boundary=") + quote + "abc123" + quote}};
    ks::Body body;
    body.segments.push_back({.text = "--abc123\r\n\r\nx\r\n--abc123--\r\n"});
    CHECK(body_as_json(&body, headers) == R"("--kimistream-boundary\r\n\r\nx\r\n--kimistream-boundary--\r\n")");
    CHECK(headers.find("Content-Type") ==
          std::string("multipart/form-data; boundary=") + quote + "kimistream-boundary" + quote);
  }
}
