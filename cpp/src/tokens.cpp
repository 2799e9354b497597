#include "kimistream/tokens.hpp"

#include <cmath>
#include <utility>

#include "json/tree.hpp"
#include "kimistream/error.hpp"
#include "wire/encode.hpp"

namespace kimistream {
namespace {

// In twelfths of a token, so that sums are exact.
constexpr std::int64_t token = 12;
constexpr std::int64_t cjk = 8, plain_ascii = 3, other = 6, beyond = 24;
constexpr std::int64_t message_overhead = 4 * token, image = 1024 * token, video = 8192 * token;

bool is_cjk(char32_t c) {
  return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFF00 && c <= 0xFFEF) || (c >= 0x20000 && c <= 0x3FFFF);
}

bool is_plain(unsigned char c) {
  return c == ' ' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Counts characters by their first bytes; what is not UTF-8 counts as something.
std::int64_t weigh(std::string_view text) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      sum += is_plain(first) ? plain_ascii : other;
      continue;
    }
    if (first < 0xC0) continue;  // the rest of a character
    char32_t c = first & (first < 0xE0 ? 0x1F : first < 0xF0 ? 0x0F : 0x07);
    for (int rest = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3; rest > 0 && i + 1 < text.size(); --rest)
      c = (c << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F);
    sum += is_cjk(c) ? cjk : c >= 0x10000 ? beyond : other;
  }
  return sum;
}

/// A part that is passed through as JSON: its texts count, its addresses and encoded data do not.
class PartWeight : public json::Visitor {
 public:
  void on_string(std::string_view text) override {
    if (depth_ == 1 && key_ == "type")
      media_ = text.starts_with("image") ? image : text.starts_with("video") ? video : 0;
    else if (key_ == "text" || key_ == "content")
      sum_ += weigh(text);
  }
  void on_array_begin() override { ++depth_; }
  void on_array_end() override { --depth_; }
  void on_object_begin() override { ++depth_; }
  void on_key(std::string_view text) override { key_.assign(text); }
  void on_object_end() override { --depth_; }
  [[nodiscard]] std::int64_t sum() const { return sum_ + media_; }

 private:
  int depth_ = 0;
  std::string key_;
  std::int64_t sum_ = 0;
  std::int64_t media_ = 0;
};

std::int64_t weigh_part(const Part& part) {
  switch (part.kind) {
    case Part::Kind::text: return weigh(part.value);
    case Part::Kind::image_url: return image;
    case Part::Kind::video_url: return video;
    default: break;
  }
  PartWeight weight;
  try {
    json::visit(part.value, weight);
  } catch (const json::Malformed&) {
    return weigh(part.value);
  }
  return weight.sum();
}

std::int64_t weigh_message(const Message& message) {
  std::int64_t sum = message_overhead;
  if (message.parts.empty()) sum += weigh(message.content.value_or(""));
  for (const Part& part : message.parts) sum += weigh_part(part);
  sum += weigh(message.reasoning.value_or(""));
  for (const ToolCall& call : message.tool_calls) sum += weigh(call.name) + weigh(call.arguments) + message_overhead;
  return sum;
}

std::int64_t whole(std::int64_t twelfths) { return (twelfths + token - 1) / token; }

/// A 404 may also be about the model: "Not found the model X or Permission denied".
bool has_no_such_resource(const Error& error) {
  if (error.kind != ErrorKind::status) return false;
  const int status = error.status_code.value_or(0);
  return status == 405 || status == 501 || (status == 404 && error.message.find("model") == std::string::npos);
}

}  // namespace

ResourceRequest token_count_request(const Client& client, const Request& request) {
  const Provider& row = client.provider();
  if (row.tokens_path.empty()) throw Exception(invalid_request("the provider \"" + row.name + "\" counts no tokens"));
  Request counted;
  counted.messages = request.messages;
  counted.system = request.system;
  const std::string& model = request.model.empty() ? client.model() : request.model;
  return {.path = row.tokens_path,
          .method = "POST",
          .body = wire::encode(row, counted, model, false).body,
          .timeout = request.timeout};
}

std::int64_t read_token_count(const Json& answer) {
  try {
    const json::Tree tree = json::Tree::parse(answer.text);
    const json::Tree* data = tree.find("data");
    const auto count = data ? data->number_of("total_tokens") : std::nullopt;
    constexpr double most = 1e15;
    if (count && *count >= 0 && *count <= most) return static_cast<std::int64_t>(std::llround(*count));
  } catch (const json::Malformed&) {
  }
  Error error;
  error.message = "the answer to a token count has no data.total_tokens";
  error.body = answer.text.substr(0, 65536);
  throw Exception(std::move(error));
}

std::int64_t estimate_tool_tokens(const Request& request) {
  std::int64_t sum = 0;
  for (const Tool& tool : request.tools)
    sum +=
        message_overhead + (tool.raw.empty() ? weigh(tool.name) + weigh(tool.description) + weigh(tool.parameters.text)
                                             : weigh(tool.raw.text));
  return whole(sum);
}

std::int64_t estimate_tokens(const Request& request) {
  std::int64_t sum = request.system.empty() ? 0 : message_overhead + weigh(request.system);
  for (const Message& message : request.messages) sum += weigh_message(message);
  return whole(sum) + estimate_tool_tokens(request);
}

TokenCount count_tokens(Client& client, const Request& request) {
  if (client.provider().tokens_path.empty()) return {estimate_tokens(request), true};
  try {
    const std::int64_t counted = read_token_count(client.send(token_count_request(client, request)));
    return {counted + estimate_tool_tokens(request), !request.tools.empty()};
  } catch (const Exception& exception) {
    if (!has_no_such_resource(exception.error())) throw;
    return {estimate_tokens(request), true};
  }
}

}  // namespace kimistream
