#include "rows/answer.hpp"

#include <cmath>
#include <cstdint>

#include "json/text.hpp"
#include "rows/form.hpp"

namespace kimistream::rows {
namespace {

class Line {
 public:
  explicit Line(std::size_t about) { out_.reserve(about); }

  void add(std::string_view name, std::string_view json) {
    begin(name);
    out_ += json;
  }
  void add_number(std::string_view name, std::int64_t number) { add(name, std::to_string(number)); }
  void add_count(std::string_view name, const std::optional<std::int64_t>& count) {
    count ? add_number(name, *count) : add(name, "null");
  }
  void add_double(std::string_view name, const std::optional<double>& number) {
    if (!number) return add(name, "null");
    is_whole_ = is_whole_ && std::isfinite(*number);
    begin(name);
    if (is_whole_) append_double(out_, *number);
  }
  void add_text(std::string_view name, std::string_view text) {
    begin(name);
    is_whole_ = is_whole_ && json::utf8_prefix(text) == text.size();
    if (is_whole_) append_string(out_, text, Form::line);
  }
  /// null for "".
  void add_told(std::string_view name, std::string_view text) {
    text.empty() ? add(name, "null") : add_text(name, text);
  }
  void add_text(std::string_view name, const std::optional<std::string>& text) {
    text ? add_text(name, std::string_view(*text)) : add(name, "null");
  }
  void open(std::string_view name, char bracket) {
    begin(name);
    out_ += bracket;
  }
  void open(char bracket) {
    comma();
    out_ += bracket;
  }
  void close(char bracket) { out_ += bracket; }

  std::optional<std::string> take() {
    if (!is_whole_) return std::nullopt;
    out_ += '\n';
    return std::move(out_);
  }

 private:
  void comma() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[') out_ += ',';
  }
  void begin(std::string_view name) {
    comma();
    (out_ += '"') += name;
    out_ += "\":";
  }

  std::string out_;
  bool is_whole_ = true;
};

void add_calls(Line& line, const std::vector<ToolCall>& calls) {
  line.open("tool_calls", '[');
  int place = 0;
  for (const ToolCall& call : calls) {
    line.open('{');
    line.add_text("id", std::string_view(call.id));
    line.add_text("type", std::string_view(call.type));
    line.open("function", '{');
    line.add_text("name", std::string_view(call.name));
    line.add_text("arguments", std::string_view(call.arguments));
    line.close('}');
    if (call.index != place++) line.add_number("index", call.index);
    if (!call.complete) line.add("complete", "false");
    line.close('}');
  }
  line.close(']');
}

void add_usage(Line& line, const Usage& usage) {
  line.open("usage", '{');
  line.add_count("prompt_tokens", usage.prompt_tokens);
  line.add_count("completion_tokens", usage.completion_tokens);
  line.add_count("total_tokens", usage.total_tokens);
  line.add_count("cached_tokens", usage.cached_tokens);
  line.add_count("reasoning_tokens", usage.reasoning_tokens);
  line.add_count("cache_write_tokens", usage.cache_write_tokens);
  line.add_count("cache_write_1h_tokens", usage.cache_write_1h_tokens);
  line.add_told("cost_source", usage.cost_source);
  line.close('}');
}

}  // namespace

std::optional<std::string> line_of(std::string_view key, std::size_t index, std::string_view input,
                                   const Message& message, int attempts) {
  const Usage usage = message.usage.value_or(Usage{});
  constexpr std::size_t names = 600;  // and numbers
  Line line(names + input.size() + message.text().size() + (message.reasoning ? message.reasoning->size() : 0));
  line.open('{');
  line.add("key", key);
  line.add_number("index", static_cast<std::int64_t>(index));
  line.add("input", input);
  line.add_text("text", message.text());
  line.add_text("reasoning", message.reasoning);
  add_calls(line, message.tool_calls);
  line.add("parsed", "null");
  line.add_text("finish_reason", message.finish_reason);
  add_usage(line, usage);
  line.add_double("cost", usage.cost);
  line.add_told("model", message.model);
  line.add_told("request_id", message.request_id);
  line.add_number("attempts", attempts);
  line.open("warnings", '[');
  for (const Notice& warning : message.warnings) {
    line.open('{');
    line.add_text("code", std::string_view(warning.code));
    line.add_text("message", std::string_view(warning.message));
    line.close('}');
  }
  line.close(']');
  line.add("error", "null");
  line.close('}');
  return line.take();
}

}  // namespace kimistream::rows
