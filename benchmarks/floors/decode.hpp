/// @file decode.hpp
/// @brief Payload bytes to text: lines, simdjson, content, reasoning and finish reason; nothing is kept or
/// checked.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace kimistream::floors {

class Decoder {
 public:
  struct Fields {
    std::string_view content, reasoning, finish_reason;
  };

  Decoder() : buffer_(1 << 16) {}

  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  [[nodiscard]] bool done() const noexcept { return done_; }

  void restart() noexcept { events_ = used_ = 0, done_ = false; }

  /// Adds payload; lines are parsed where they lie by `parse`.
  void append(std::string_view payload) {
    if (used_ + payload.size() + simdjson::SIMDJSON_PADDING > buffer_.size()) buffer_.resize(buffer_.size() * 2);
    std::memcpy(buffer_.data() + used_, payload.data(), payload.size());
    used_ += payload.size();
  }

  /// Calls `take(Fields)` for each whole line that holds an event.
  template <class Take>
  void parse(Take&& take) {
    std::size_t start = 0;
    while (const void* found = std::memchr(buffer_.data() + start, '\n', used_ - start)) {
      const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
      if (end - start > 6) on_data(start + 6, end, take);  // "data: "; other fields do not come here
      start = end + 1;
    }
    used_ -= start;
    std::memmove(buffer_.data(), buffer_.data() + start, used_);
  }

 private:
  template <class Take>
  void on_data(std::size_t start, std::size_t end, Take&& take) {
    namespace json = simdjson::ondemand;
    if (buffer_[start] == '[') {
      done_ = true;
      return;
    }
    json::document document;
    json::array choices;
    if (parser_.iterate(buffer_.data() + start, end - start, buffer_.size() - start).get(document) ||
        document.find_field("choices").get(choices))
      return;
    Fields fields;
    for (json::object choice : choices) {
      json::object delta = choice.find_field("delta");
      for (auto field : delta) {
        const json::raw_json_string key = field.key();
        if (key == "content")
          fields.content = text(field.value());
        else if (key == "reasoning_content")
          fields.reasoning = text(field.value());
      }
      fields.finish_reason = text(choice.find_field("finish_reason"));
    }
    ++events_;
    take(fields);
  }

  static std::string_view text(simdjson::simdjson_result<simdjson::ondemand::value> value) {
    std::string_view text;
    if (value.get_string().get(text)) return {};  // null
    return text;
  }

  simdjson::ondemand::parser parser_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::size_t events_ = 0;
  bool done_ = false;
};

}  // namespace kimistream::floors
