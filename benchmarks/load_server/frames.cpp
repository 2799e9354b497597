#include "frames.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <random>

namespace kimistream::load {
namespace {

constexpr std::string_view opening =
    R"({"id":"chatcmpl-6a1f0c9be4d24f0f9d1a3b7c","object":"chat.completion.chunk","created":1779980001,)"
    R"("model":"kimi-k2.6","choices":[{"index":0,"delta":{)";
constexpr std::string_view ending =
    R"(},"logprobs":null,"finish_reason":null}],"system_fingerprint":"fpv0_3f9c61b2a7","service_tier":"default","usage":null})";
constexpr std::string_view finish =
    R"(},"logprobs":null,"finish_reason":"stop"}],"system_fingerprint":"fpv0_3f9c61b2a7","service_tier":"default",)"
    R"("usage":{"prompt_tokens":123,"completion_tokens":10000,"total_tokens":10123,)"
    R"("prompt_tokens_details":{"cached_tokens":64}}})";

/// A token as it stands in the JSON text, and how many characters it means.
struct Token {
  std::string_view json;
  std::size_t characters;
};

constexpr std::array<Token, 30> tokens_of_text = {{
    {" the answer", 11}, {" model", 6}, {" shows", 6},       {"ning", 4},    {" step", 5},    {" because", 8},
    {" is a", 5},        {"模型", 2},   {" \\\"yes\\\"", 6}, {".\\n\\n", 3}, {" code", 5},    {"```py\\n", 6},
    {" return", 7},      {" x = 1", 6}, {"，因此", 3},       {"我们", 2},    {"首先", 2},     {"可以", 2},
    {"模型的", 3},       {"答案是", 3}, {" 因此", 3},        {"。\\n", 2},   {"（注意）", 4}, {"🙂 ", 2},
    {" and", 4},         {" data", 5},  {"\\t\\\\frac", 6},  {" don't", 6},  {"C++ ", 4},     {"\\u6211\\u4eec", 2},
}};

std::string as_chunk(std::string_view json) {
  std::string event;
  event.append("data: ").append(json).append("\n\n");
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", event.size());
  return size + event + "\r\n";
}

std::string text_chunk(std::string_view field, std::string_view text) {
  std::string json(opening);
  json.append("\"").append(field).append("\":\"").append(text).append("\"").append(ending);
  return as_chunk(json);
}

void add(CannedStream& stream, const std::string& piece) {
  stream.bytes += piece;
  stream.ends.push_back(stream.bytes.size());
}

}  // namespace

CannedStream make_canned_stream(std::size_t tokens) {
  CannedStream stream;
  std::mt19937 random(7);
  for (std::size_t i = 0; i < tokens; ++i) {
    const Token& token = tokens_of_text[random() % tokens_of_text.size()];
    const bool reasoning = i < tokens * 3 / 10;
    (reasoning ? stream.reasoning_characters : stream.content_characters) += token.characters;
    add(stream, text_chunk(reasoning ? "reasoning_content" : "content", token.json));
  }
  stream.events = tokens + 1;
  add(stream, closing_chunks());
  stream.bytes += last_chunk;
  stream.ends.back() = stream.bytes.size();
  return stream;
}

std::uint64_t monotonic_nanoseconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

std::string stamped_chunk() {
  // Everything is laid out first, with a time of the right width: reading the clock is the last thing before
  // send().
  std::string chunk = text_chunk("content", "00000000000000000000");
  char time[24];
  const auto at = chunk.find("00000000000000000000");
  std::snprintf(time, sizeof time, "%020llu", static_cast<unsigned long long>(monotonic_nanoseconds()));
  return chunk.replace(at, 20, time);
}

std::string closing_chunks() {
  std::string json(opening);
  json.append(finish);
  return as_chunk(json) + as_chunk("[DONE]");
}

std::string_view completion_json() noexcept {
  return R"({"id":"chatcmpl-6a1f0c9be4d24f0f9d1a3b7c","object":"chat.completion","created":1779980001,)"
         R"("model":"kimi-k2.6","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},)"
         R"("finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}})";
}

std::string_view models_json() noexcept {
  return R"({"object":"list","data":[{"id":"kimi-k2.6","object":"model","created":1779980001,"owned_by":"moonshot"}]})";
}

}  // namespace kimistream::load
