#include "support/play.hpp"

#include <algorithm>

#include "json/text.hpp"
#include "json/tree.hpp"

namespace kimistream::testing {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

bool has(const std::vector<Notice>& notices, std::string_view code) {
  return std::any_of(notices.begin(), notices.end(), [&](const Notice& notice) { return notice.code == code; });
}

}  // namespace

std::string sse(std::string_view json) { return "data: " + std::string(json) + "\n\n"; }

std::string delta(std::string_view fields) {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"kimi-k2.6","choices":[{"index":0,"delta":{)" +
         std::string(fields) + R"(},"finish_reason":null}]})";
}

std::string text(std::string_view content) { return delta("\"content\":" + as_json(content)); }
std::string thinking(std::string_view reasoning) { return delta("\"reasoning_content\":" + as_json(reasoning)); }

std::string finish(std::string_view reason) {
  return R"({"id":"chatcmpl-1","model":"kimi-k2.6","choices":[{"index":0,"delta":{},"finish_reason":)" +
         as_json(reason) + "}]}";
}

std::string usage(int prompt, int completion) {
  return R"({"id":"chatcmpl-1","model":"kimi-k2.6","choices":[],"usage":{"prompt_tokens":)" + std::to_string(prompt) +
         R"(,"completion_tokens":)" + std::to_string(completion) + R"(,"total_tokens":)" +
         std::to_string(prompt + completion) + "}}";
}

std::string whole_stream(std::string_view content) {
  const std::size_t half = content.size() / 2;
  return sse(thinking("Well.")) + sse(text(content.substr(0, half))) + sse(text(content.substr(half))) +
         sse(finish("stop")) + sse(usage(3, 4)) + std::string(done);
}

std::string whole_body(std::string_view content) {
  return R"({"id":"chatcmpl-1","object":"chat.completion","model":"kimi-k2.6","choices":[{"index":0,"message":)"
         R"({"role":"assistant","reasoning_content":"Well.","content":)" +
         as_json(content) +
         R"(},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})";
}

bool Decoded::warned(std::string_view code) const { return has(message.warnings, code); }
bool Outcome::warned(std::string_view code) const { return has(message.warnings, code); }

std::size_t Decoded::count(std::string_view type) const {
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(), [&](const Event& event) { return type_of(event) == type; }));
}

namespace {
Decoded summary(wire::Decoder& decoder, Decoded decoded) {
  Accumulator accumulator;
  for (const Event& event : decoded.events) accumulator.add(event);
  decoded.message = accumulator.message();
  decoded.unreadable = decoder.unreadable();
  decoded.error_body = decoder.error_body();
  return decoded;
}
}  // namespace

Decoded decode(const std::vector<std::string>& frames, std::string_view provider, Offered offer) {
  wire::Decoder decoder(*find_provider(provider), true, std::move(offer));
  Decoded decoded;
  for (const std::string& frame : frames) {
    decoded.state = decoder.feed(frame, "message", decoded.events);
    if (decoded.state != wire::Decoder::State::open) break;
  }
  if (decoded.state == wire::Decoder::State::open) decoded.complete = decoder.finish(decoded.events);
  if (decoded.state == wire::Decoder::State::ended) decoded.complete = decoder.finished();
  return summary(decoder, std::move(decoded));
}

Offered offering(std::string_view tools) { return std::make_shared<wire::Offer>(json::Tree::parse(tools)); }

Decoded decode_body(std::string_view body, std::string_view provider, Offered offer) {
  wire::Decoder decoder(*find_provider(provider), true, std::move(offer));
  Decoded decoded;
  decoded.state = decoder.feed_body(body, decoded.events);
  decoded.complete = decoder.finished();
  return summary(decoder, std::move(decoded));
}

std::string_view type_of(const Event& event) {
  constexpr std::string_view names[] = {"text",  "thinking", "tool_call_start", "tool_call_delta", "tool_call",
                                        "usage", "finish",   "notice",          "restarted"};
  return names[event.index()];
}

Outcome read_all(Stream& stream) {
  Outcome outcome;
  try {
    while (auto event = stream.next()) outcome.events.push_back(std::move(*event));
  } catch (const Exception& exception) {
    outcome.error = exception.error();
  }
  outcome.message = stream.partial();
  return outcome;
}

Offline& Offline::answer(std::vector<std::string> blocks, int status, Headers headers) {
  ScriptedResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.blocks = std::move(blocks);
  script->responses.push_back(std::move(response));
  return *this;
}

Offline& Offline::answer_json(std::string body, int status, Headers headers) {
  headers.add("Content-Type", "application/json");
  return answer({std::move(body)}, status, std::move(headers));
}

ClientOptions Offline::options() const {
  return {.provider = "moonshot",
          .api_key = "sk-test-0123456789",
          .max_retries = 0,
          .transport = scripted_transport(script)};
}

Outcome stream_of(std::vector<std::string> blocks, Headers headers, int status) {
  Offline offline;
  offline.answer(std::move(blocks), status, std::move(headers));
  Client client = offline.client();
  Stream stream = client.start(one_plus_one, true, Shape::events);
  return read_all(stream);
}

std::vector<std::string> bytes_of(std::string_view text) {
  std::vector<std::string> bytes;
  for (const char byte : text) bytes.emplace_back(1, byte);
  return bytes;
}

std::vector<std::string> chopped(std::string_view text, std::mt19937& random, std::size_t longest) {
  std::vector<std::string> pieces;
  std::uniform_int_distribution<std::size_t> length(0, longest);
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, length(random));
    pieces.emplace_back(piece);
    text.remove_prefix(piece.size());
  }
  return pieces;
}

bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  for (std::size_t at = 0; at < text.size();) {
    const unsigned lead = byte(at);
    const std::size_t more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 9;
    if (more == 9) return false;
    unsigned code = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
      if ((byte(at + i) & 0xC0U) != 0x80U) return false;
      code = code << 6 | (byte(at + i) & 0x3FU);
    }
    constexpr unsigned least[] = {0, 0x80, 0x800, 0x10000};
    if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    at += more + 1;
  }
  return true;
}

bool is_utf8(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (const auto* text = std::get_if<Text>(&event); text && !is_utf8(text->text)) return false;
    if (const auto* thinking = std::get_if<Thinking>(&event); thinking && !is_utf8(thinking->text)) return false;
    if (const auto* piece = std::get_if<ToolCallDelta>(&event); piece && !is_utf8(piece->arguments)) return false;
    if (const auto* start = std::get_if<ToolCallStart>(&event); start && !(is_utf8(start->id) && is_utf8(start->name)))
      return false;
    if (const auto* call = std::get_if<ToolCall>(&event))
      if (!is_utf8(call->id) || !is_utf8(call->name) || !is_utf8(call->arguments) || !is_utf8(call->type)) return false;
    if (const auto* end = std::get_if<Finish>(&event); end && !is_utf8(end->reason)) return false;
    if (const auto* notice = std::get_if<Notice>(&event); notice && !is_utf8(notice->message)) return false;
  }
  return true;
}

}  // namespace kimistream::testing
