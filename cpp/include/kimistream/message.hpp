/// @file message.hpp
/// @brief What is said: messages, their parts, tool calls, usage and notices. Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/json.hpp"

namespace kimistream {

/// Something that the client met, repaired or left out, and that the caller may want to know.
/// Notices travel as events and are kept in `Message::warnings`.
struct Notice {
  std::string code{};     ///< a stable word, e.g. "missing_end_marker"
  std::string message{};  ///< a sentence for people

  friend bool operator==(const Notice&, const Notice&) = default;
};

/// Tokens as the provider counted them. A field that the provider did not give is empty, which is not zero.
struct Usage {
  std::optional<std::int64_t> prompt_tokens{};      ///< the whole input, cached part included
  std::optional<std::int64_t> completion_tokens{};  ///< the whole output, reasoning included
  std::optional<std::int64_t> total_tokens{};
  std::optional<std::int64_t> cached_tokens{};     ///< the part of the input that came from a cache
  std::optional<std::int64_t> reasoning_tokens{};  ///< the part of the output that was reasoning
  std::optional<double> cost{};                    ///< in the provider's currency, where it is told or a price is known
  /// The part of the input that was written to a cache, which some providers bill, whatever its lifetime.
  std::optional<std::int64_t> cache_write_tokens{};
  std::optional<std::int64_t> cache_write_1h_tokens{};  ///< the part of that which is kept for an hour
  /// Where the cost is from: `told`, or "prices of 2026-09-20", see prices.hpp. "" where it is not known.
  std::string cost_source{};
  std::string currency{};  ///< of the cost, e.g. "CNY"; "" where it is not known. It follows from the cost's source

  static constexpr std::string_view told = "provider";

  /// Takes each counter that `later` knows. Counters are cumulative, so the larger one counts: gateways send
  /// usage twice and sometimes zero it the second time (dialects: quirk Q11).
  void merge(const Usage& later) noexcept;
  /// Adds what another request cost, counter by counter; one that either does not know counts as far as the other does.
  void add(const Usage& another) noexcept;
  [[nodiscard]] bool empty() const noexcept;

  /// What the provider has said is compared: a cost that was worked out by a price follows from the counters.
  friend bool operator==(const Usage& one, const Usage& other) noexcept;

 private:
  [[nodiscard]] bool worked_out() const noexcept { return !cost_source.empty() && cost_source != told; }
};

/// A call that the model wants made.
struct ToolCall {
  int index = 0;            ///< place among the calls of its message, from 0
  std::string id{};         ///< opaque; to be sent back as it came
  std::string name{};       ///< of the function
  std::string arguments{};  ///< JSON text of an object; raw text as far as it came when `complete` is false
  std::string type = "function";
  bool complete = true;  ///< false for a call that a broken stream cut off: do not run it

  friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

class Media;  // media.hpp

/// One part of a message's content. media.hpp has functions that make them.
struct Part {
  enum class Kind {
    text,
    image_url,  ///< `value` is a data URI, an http(s) address or an ms:// id
    video_url,  ///< the same
    raw,        ///< `value` is the JSON text of a part that is passed through as it is
  };
  Kind kind = Kind::text;
  std::string value{};
  std::shared_ptr<const Media> media{};  ///< a picture or video to send within the request; `value` is empty then

  friend bool operator==(const Part& a, const Part& b);  ///< media are compared by what they are
};

/// One message of a conversation: what the caller says, or what the model answered.
struct Message {
  std::string role = "user";             ///< "system", "user", "assistant" or "tool"
  std::optional<std::string> content{};  ///< nothing (no content came) is not ""
  std::vector<Part> parts{};             ///< instead of `content`, for content of several parts
  std::optional<std::string> reasoning{};
  Json reasoning_details{};  ///< the provider's opaque form of it, a JSON array; goes back as it came
  std::string signature{};   ///< opaque, of the reasoning; goes back as it came
  std::vector<ToolCall> tool_calls{};
  std::string tool_call_id{};  ///< role "tool": the call that this answers
  std::string name{};          ///< optional name of the speaker or, for role "tool", of the function

  std::optional<std::string> finish_reason{};  ///< "stop", "length", "tool_calls", ...; nothing when it broke off
  std::optional<Usage> usage{};
  std::vector<Notice> warnings{};
  std::string id{};          ///< the provider's id of the answer
  std::string model{};       ///< the model that the provider says has answered
  std::string request_id{};  ///< to quote to the provider's support
  int resumed = 0;           ///< breaks that were mended, by a continuation or a restart

  Json extra{};  ///< further fields to send with the message, as a JSON object; merged last

  /// The content's text, "" where there is none.
  [[nodiscard]] std::string_view text() const noexcept {
    return content ? std::string_view(*content) : std::string_view();
  }

  friend bool operator==(const Message&, const Message&) = default;
};

[[nodiscard]] Message system(std::string content);
[[nodiscard]] Message user(std::string content);
[[nodiscard]] Message user(std::vector<Part> parts);
[[nodiscard]] Message assistant(std::string content);
/// The answer to a tool call.
[[nodiscard]] Message tool_result(std::string tool_call_id, std::string content);

/// A message to keep: a JSON object of its fields by their names, tool calls and parts as they are on the wire. It has
/// no line break, so that a line of a file can be one. Pictures and videos that the message holds go in as data URIs.
/// @throws Exception (invalid_request) for a file that cannot be read any more
[[nodiscard]] Json to_json(const Message& message);

/// The message that such an object was made of; fields may be missing. Equal to it, but that media are data URIs.
/// @throws Exception (invalid_request) for text that is no such object; a key that is no field is named
[[nodiscard]] Message message_from_json(const Json& json);

}  // namespace kimistream
