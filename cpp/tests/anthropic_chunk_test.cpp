// Frames of the messages protocol as chunks.
#include "wire/anthropic_chunk.hpp"

#include <doctest/doctest.h>

#include <string>

#include "wire/anthropic_frame.hpp"
#include "wire/frame.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;

namespace {

/// The chunks of an answer; each is read back, as a client of the other protocol would.
struct Chunks {
  std::string of(std::string_view event) {
    reader.read(ks::json::Reader::local(), event, "message", frame);
    return wire::chunk_json(frame, "m1", "k", 7);
  }
  wire::AnthropicReader reader;
  wire::Frame frame;
};

const std::string head = R"({"id":"m1","object":"chat.completion.chunk","created":7,"model":"k","choices":[)";

}  // namespace

TEST_CASE("each event becomes the chunk that the chat protocol has for it") {
  Chunks chunks;
  CHECK(
      chunks.of(
          R"({"type":"message_start","message":{"id":"m1","model":"k","usage":{"input_tokens":4,"output_tokens":0}}})") ==
      head + R"({"index":0,"delta":{"role":"assistant"},"finish_reason":null}]})");
  CHECK(chunks.of(R"({"type":"ping"})").empty());
  CHECK(chunks.of(R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a\"b"}})") ==
        head + R"({"index":0,"delta":{"reasoning_content":"a\"b"},"finish_reason":null}]})");
  CHECK(chunks.of(R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}})")
            .empty());
  CHECK(chunks.of(R"({"type":"content_block_stop","index":0})").empty());
  CHECK(chunks.of(R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"c"}})") ==
        head + R"({"index":0,"delta":{"content":"c"},"finish_reason":null}]})");
  CHECK(
      chunks.of(
          R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}})") ==
      head +
          R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]})");
  CHECK(
      chunks.of(
          R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\""}})") ==
      head +
          R"({"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]},"finish_reason":null}]})");
  CHECK(
      chunks.of(
          R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"cache_read_input_tokens":8,"output_tokens":3}})") ==
      head +
          R"({"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":12,"completion_tokens":3,)"
          R"("total_tokens":15,"prompt_tokens_details":{"cached_tokens":8}}})");
  CHECK(chunks.of(R"({"type":"message_stop"})").empty());
}

TEST_CASE("usage that comes alone is a chunk without choices") {
  Chunks chunks;
  CHECK(
      chunks.of(
          R"({"type":"message_delta","delta":{},"usage":{"output_tokens":3,"output_tokens_details":{"thinking_tokens":2}}})") ==
      head + R"(],"usage":{"completion_tokens":3,"completion_tokens_details":{"reasoning_tokens":2}}})");
}

TEST_CASE("a chunk reads back as the frame that it was made of") {
  Chunks chunks;
  const std::string chunk =
      chunks.of(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\u00e4\n"}})");
  wire::Frame again;
  wire::read_frame(ks::json::Reader::local(), chunk, {}, again);
  CHECK_FALSE(again.malformed);
  CHECK(again.id == "m1");
  CHECK(again.choice.content == "\xC3\xA4\n");
}

TEST_CASE("a whole message becomes a completion") {
  Chunks chunks;
  chunks.of(
      R"({"type":"message","content":[{"type":"thinking","thinking":"r"},{"type":"tool_use","id":"t","name":"f","input":{"x":1}}],)"
      R"("stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}})");
  CHECK(
      wire::completion_json(chunks.frame, "m1", "k", 7) ==
      R"({"id":"m1","object":"chat.completion","created":7,"model":"k","choices":[{"index":0,"message":{"role":"assistant",)"
      R"("content":null,"reasoning_content":"r","tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f",)"
      R"("arguments":"{\"x\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");
  chunks.of(R"({"type":"message","content":[{"type":"text","text":""}]})");
  CHECK(
      wire::completion_json(chunks.frame, "", "") ==
      R"({"id":"","object":"chat.completion","created":0,"model":"","choices":[{"index":0,"message":{"role":"assistant",)"
      R"("content":""},"finish_reason":null}]})");
}
