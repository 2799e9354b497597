/// @file transport.hpp
/// @brief How bytes get to a server and back: an interface, so that everything above it can be tried without a network.
///
/// A transport has no thread of its own: exchanges make progress only inside `pump()`, on the thread that calls it. The
/// library's own is the libcurl reactor; `ScriptedTransport` (scripted_transport.hpp) plays recorded answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/error.hpp"
#include "kimistream/headers.hpp"

namespace kimistream {

/// A piece of a request body that is produced while it is sent.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Bytes that it will give in all.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Goes back to the beginning; a body may be sent again after a retry. @return false when that cannot be done
  virtual bool rewind() = 0;
  /// Fills up to `capacity` bytes. @return bytes filled, 0 at the end @throws Exception when it cannot go on
  virtual std::size_t read(char* to, std::size_t capacity) = 0;
};

/// A request body: text, and places where a source is read. Its length is known before it is sent.
struct Body {
  struct Segment {
    std::string text{};
    std::shared_ptr<BodySource> source{};  ///< when set, it counts and `text` does not
  };
  std::vector<Segment> segments{};

  [[nodiscard]] std::uint64_t size() const;
};

/// Is told how far a request's body is: bytes that the network has taken, and bytes in all. Both count what goes over
/// the wire, so a file's bytes and a third more. Called on the thread that drives the request, not more than about 20
/// times a second and once more when the last byte is on its way; a request that is repeated starts again from the
/// beginning. Must not throw. It may close the request.
using UploadProgress = std::function<void(std::uint64_t sent, std::uint64_t total)>;

struct HttpRequest {
  std::string method = "POST";
  std::string url{};
  Headers headers{};
  std::shared_ptr<Body> body{};                      ///< shared: a retry sends it again; null for none
  std::chrono::milliseconds connect_timeout{60000};  ///< name, TCP, the handshakes of proxy and TLS
  bool compressed = false;     ///< ask for a compressed response: never for a stream, a compressor holds tokens back
  UploadProgress on_upload{};  ///< may be empty
  /// On a connection of its own: what is sent on a kept one that ends without an answer, libcurl sends once more.
  bool fresh_connection = false;
};

/// The status line and the header fields of a response.
struct ResponseHead {
  int status = 0;
  Headers headers{};
};

/// Is told what comes over one exchange. Called inside `Transport::pump` or `start`, on their thread; must not throw.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void on_head(ResponseHead head) = 0;
  /// @return false to be given these bytes again after `Exchange::resume`: nothing more is read until then
  virtual bool on_body(std::string_view block) = 0;
  /// The last call. No error: the response came to its end as HTTP defines it. One of a clock of the receiver's own
  /// (`Error::clock`) comes from a recording: it ran out there.
  virtual void on_end(std::optional<Error> error) = 0;
};

/// One request under way. Destroying it closes its connection, unless it has ended or was detached.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Reading goes on after a receiver refused bytes.
  virtual void resume() = 0;
  /// The receiver has all that it wants. What still comes is thrown away for a short time, so that the connection can
  /// be used again; the receiver is not called any more.
  virtual void detach() = 0;
  /// One of the receiver's own clocks has run out, `why.clock` says which, and it is about to let go. For those who
  /// write down why an exchange ended; to others it is all the same.
  virtual void run_out(const Error& /*why*/) noexcept {}
  /// True for an exchange that is only played again: what would be waited for before the next one is not.
  [[nodiscard]] virtual bool is_replay() const noexcept { return false; }
  /// When the connection stood and the request could go out; nothing as long as it does not. A transport that has no
  /// connections need not say: the request went out as it was started.
  [[nodiscard]] virtual std::optional<std::chrono::steady_clock::time_point> connected() const {
    return std::chrono::steady_clock::time_point{};
  }
};

/// A set of exchanges and the connections that they share. One thread at a time, except for `wake()`.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Starts an exchange. The receiver must outlive the returned object; the request need not, but for its body.
  [[nodiscard]] virtual std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) = 0;
  /// Sends what was started, as far as that goes without a look at what comes. For a caller that is away next, at less
  /// than a `pump()` takes.
  virtual void flush() { (void)pump({}); }
  /// Does what is ready; when nothing is, waits up to `wait` for it.
  /// @return false when a signal or `wake()` ended the wait
  virtual bool pump(std::chrono::milliseconds wait) = 0;
  /// Ends the wait of a `pump()`, from any thread.
  virtual void wake() noexcept = 0;
  /// Nothing is under way, and it is not known for how long: lets go of what only many exchanges at once need.
  virtual void rest() noexcept {}
  /// A file descriptor that is readable when `pump()` has something to do, or -1 where there is none.
  [[nodiscard]] virtual int descriptor() const noexcept = 0;
  /// Makes `descriptor()` readable at that time at the latest. Later calls replace earlier ones.
  virtual void set_alarm(std::chrono::steady_clock::time_point when) = 0;
};

using TransportFactory = std::function<std::unique_ptr<Transport>()>;

/// The library's own: libcurl. Proxies and trusted certificates are those of the environment, read now.
[[nodiscard]] TransportFactory network_transport();

}  // namespace kimistream
