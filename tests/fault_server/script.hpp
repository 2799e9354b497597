/// @file script.hpp
/// @brief What the fault server shall do with a connection, as a value that can be written as text and read
/// back.
///
/// The text has one step a line; `---` begins what is played for the next request of the same script, and the
/// last part repeats. Empty lines and lines that begin with `#` mean nothing.
///
///     send <base64>            drip <ms> <base64>       split <n> <ms> <base64>     repeat <n> <base64>
///     sleep <ms>               reset                    close                       half-close
///     stall                    wait-close               keep                        read-nothing
///     gate
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kimistream::testing {

struct Step {
  enum class Kind {
    send,          ///< write the bytes, `count` at a time with a pause between (0: all at once)
    repeat,        ///< write the bytes `count` times
    sleep,         ///< wait; ends at once when the client goes away
    gate,          ///< wait until the test opens it, 30 s at most; ends at once when the client goes away
    stall,         ///< hold the connection open till the client goes away, 30 s at most
    wait_close,    ///< the same; says that the client's close is what the test is about
    half_close,    ///< FIN, and go on with the next step
    close,         ///< FIN
    reset,         ///< RST; on Linux the client can still read what had arrived, elsewhere it may be lost
    keep,          ///< the response is done: read the next request on this connection
    read_nothing,  ///< first step only: answer without having read the request body
  };
  Kind kind = Kind::send;
  std::string bytes{};
  std::size_t count = 0;
  double milliseconds = 0;
};

/// Composes a script: `Script().head(200, {{"Content-Type", "text/event-stream"}}, true).chunk("data:
/// 1\n\n").reset()`. A script that ends with neither keep, close, reset nor stall ends with close.
class Script {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  using Attempt = std::vector<Step>;

  Script& send(std::string_view bytes);
  Script& drip(double ms, std::string_view bytes);
  Script& split(std::size_t size, double ms, std::string_view bytes);
  Script& repeat(std::size_t times, std::string_view bytes);
  Script& sleep(double ms);
  Script& gate();
  Script& stall();
  Script& wait_close();
  Script& half_close();
  Script& close();
  Script& reset();
  Script& keep();
  Script& read_nothing();
  Script& attempt();  ///< what follows answers the next request

  /// Status line and headers. Without `chunked` and without a Content-Length in `headers` the body ends with
  /// the connection.
  Script& head(int status, const Headers& headers = {}, bool chunked = false);
  Script& chunk(std::string_view bytes);
  Script& repeat_chunk(std::size_t times, std::string_view bytes);  ///< one HTTP chunk of `times` copies
  Script& last_chunk();

  /// A whole response with a Content-Length; the connection is kept.
  Script& respond(int status, std::string_view content_type, std::string_view body, const Headers& headers = {});
  Script& json(int status, std::string_view body, const Headers& headers = {});

  /// A chunked event stream, one HTTP chunk for each frame (given with its blank line). The chunk that ends
  /// the body comes with the last frame, or `late_ms` after it; the connection is kept.
  Script& event_stream(const std::vector<std::string>& frames, double late_ms = 0);

  /// The same frames as one gzip body in chunks of `chunk_size` bytes.
  Script& gzip_event_stream(const std::vector<std::string>& frames, std::size_t chunk_size = 1024);

  [[nodiscard]] static std::string as_chunk(std::string_view bytes);

  /// The part for the n-th request (from 0); the last part repeats.
  [[nodiscard]] const Attempt& attempt_at(std::size_t n) const noexcept;

  [[nodiscard]] std::string text() const;
  /// @throws std::invalid_argument naming the line
  [[nodiscard]] static Script parse(std::string_view text);

 private:
  Script& add(Step step);

  std::vector<Attempt> attempts_{1};
};

}  // namespace kimistream::testing
