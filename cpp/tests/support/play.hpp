// Frames as providers send them, and ways to play them through the library without a network.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/kimistream.hpp"
#include "wire/decoder.hpp"

namespace kimistream::testing {

/// The text as an SSE event: "data: ...", and a blank line.
std::string sse(std::string_view json);

/// A frame with one choice, whose delta has these fields (the inside of a JSON object).
std::string delta(std::string_view fields);
std::string text(std::string_view content);        ///< a delta of content; the text is written as JSON
std::string thinking(std::string_view reasoning);  ///< a delta of reasoning_content
std::string finish(std::string_view reason);       ///< an empty delta with a finish reason
std::string usage(int prompt, int completion);     ///< a frame of usage alone
inline constexpr std::string_view done = "data: [DONE]\n\n";

/// A whole stream: thinking, the text in two pieces, finish, usage and end marker.
std::string whole_stream(std::string_view content = "Hello");
/// A whole completion, as it comes without streaming.
std::string whole_body(std::string_view content = "Hello");

/// What a series of frames amounts to.
struct Decoded {
  std::vector<Event> events;
  Message message;
  wire::Decoder::State state = wire::Decoder::State::open;
  bool complete = false;    ///< a finish reason or an end marker came
  bool unreadable = false;  ///< a frame was not JSON
  std::string error_body;

  [[nodiscard]] bool warned(std::string_view code) const;
  [[nodiscard]] std::size_t count(std::string_view type) const;  ///< events of this type, e.g. "text"
};

/// The frames (data of events, without "data: ") through a decoder; then the connection ends cleanly.
/// @param offer what the request offered, see `offering`
using Offered = std::shared_ptr<const wire::Offer>;
Decoded decode(const std::vector<std::string>& frames, std::string_view provider = "moonshot", Offered offer = nullptr);
Decoded decode_body(std::string_view body, std::string_view provider = "moonshot", Offered offer = nullptr);

/// The offer of a request whose body has these tools, a JSON array; one function "f" that takes "a" where none are
/// given.
Offered offering(std::string_view tools = R"([{"type":"function","function":{"name":"f","parameters":)"
                                          R"({"type":"object","properties":{"a":{"type":"integer"}}}}}])");

/// The type of an event as Python names it: "text", "thinking", "tool_call_start", ...
std::string_view type_of(const Event& event);

/// All the texts of one kind, joined.
template <class Fragment>
std::string joined(const std::vector<Event>& events) {
  std::string all;
  for (const Event& event : events)
    if (const auto* fragment = std::get_if<Fragment>(&event)) all += fragment->text;
  return all;
}

/// What a reader of a stream saw.
struct Outcome {
  std::vector<Event> events;
  std::optional<Error> error;
  Message message;

  [[nodiscard]] bool warned(std::string_view code) const;
};

Outcome read_all(Stream& stream);

/// A client without a network; responses and requests are in the script.
struct Offline {
  std::shared_ptr<kimistream::Script> script = std::make_shared<kimistream::Script>();

  Offline& answer(std::vector<std::string> blocks, int status = 200,
                  Headers headers = {{"Content-Type", "text/event-stream"}});
  Offline& answer_json(std::string body, int status = 200, Headers headers = {});
  [[nodiscard]] ClientOptions options() const;  ///< provider moonshot, a key, no retries
  [[nodiscard]] Client client() const { return Client(options()); }
};

inline const kimistream::Request one_plus_one{.messages = {user("1+1?")}};

/// One stream that is answered with these blocks.
Outcome stream_of(std::vector<std::string> blocks, Headers headers = {{"Content-Type", "text/event-stream"}},
                  int status = 200);

/// A text cut into its bytes.
std::vector<std::string> bytes_of(std::string_view text);

/// A text cut at random places, empty pieces included.
std::vector<std::string> chopped(std::string_view text, std::mt19937& random, std::size_t longest = 12);

/// True when every byte belongs to a well-formed UTF-8 sequence.
bool is_utf8(std::string_view text);
/// The same for every text in the events.
bool is_utf8(const std::vector<Event>& events);

}  // namespace kimistream::testing
