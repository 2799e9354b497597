/// @file client.hpp
/// @brief The client: where requests start.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "kimistream/limits.hpp"
#include "kimistream/prices.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "kimistream/stream.hpp"
#include "kimistream/transport.hpp"
#include "kimistream/written.hpp"

namespace kimistream {

struct ClientOptions {
  std::string provider{};   ///< name of a row; empty: the row whose address `base_url` is, else "moonshot"
  std::string base_url{};   ///< replaces the row's address
  std::string api_key{};    ///< empty: none is sent, which at the hosts of a provider that wants one is refused
  std::string model{};      ///< for requests that name none; empty: the row's default
  TimeoutOption timeout{};  ///< one duration is connect, first event and idle each; see timeout.hpp for the defaults
  int max_retries = 2;      ///< of attempts that failed before an answer began
  OnBreak on_break = OnBreak::raise;  ///< likewise the next two: for requests that do not say it
  int max_breaks = 3;                 ///< mended in one answer
  int continue_on_length = 0;         ///< how often an answer that max_tokens has cut is continued
  Headers default_headers{};
  std::size_t max_event_bytes = std::size_t{16} << 20;
  std::size_t max_body_bytes = std::size_t{256} << 20;
  TransportFactory transport{};  ///< empty: libcurl
  std::vector<Price> prices{};   ///< come before the library's own; see prices.hpp
  std::string key_origin{};      ///< where the key came from, e.g. a variable's name: said when the key is refused
  std::string models_call{};     ///< how its user lists the models: said when one is unknown; empty: as in C++
};

/// Whom a client asks.
struct Destination {
  const Provider* provider = nullptr;
  std::string base_url{};  ///< no slash at its end; `{account_id}` may still stand in it
};

/// Whom a client with these options would ask, for those who choose a key by it (see `key_may_go`). `provider` and
/// `base_url` of the options count, and nothing else. An address that is another spelling of a row's, see
/// `find_provider_by_address`, becomes that row's; any other stays as it is.
/// @throws Exception (invalid_request) for an unknown provider or an address that cannot be used
[[nodiscard]] Destination destination_of(const ClientOptions& options);

/// The outcome of one of many requests: exactly one of `message` and `error` is set.
struct Result {
  std::size_t index = 0;  ///< of its request, from 0
  std::optional<Message> message{};
  std::optional<Error> error{};
  int attempts = 0;              ///< requests that were sent for it; 0: it could not be sent
  double seconds = 0;            ///< from the first of them on, pauses included
  bool meets_every_row = false;  ///< an error that every other request meets as well: a key, a model that is refused
};

/// How many requests, answers and failures of a run there are at once.
struct RunOptions {
  std::size_t concurrency = 0;  ///< requests under way at once; 0: as many as the limits allow, else 100
  Limits limits{};              ///< the smaller concurrency counts; nothing given: found by the provider's refusals
  bool streams = false;         ///< answers are asked for in pieces; they are given whole all the same
};

/// A request to another resource of the provider than its chat.
struct ResourceRequest {
  std::string path{};  ///< behind the base URL, e.g. "/models"
  std::string method = "GET";
  std::shared_ptr<Body> body{};
  std::string content_type = "application/json";  ///< of the body
  TimeoutOption timeout{};                        ///< what is left open is the client's
  bool bytes = false;          ///< the answer may be anything, e.g. a file's content; else it must be a JSON object
  bool creates = false;        ///< makes something: repeated only where nothing of it can have been kept
  UploadProgress on_upload{};  ///< is told how far the body is; may be empty
};

/// How a stream gives what comes.
enum class Shape {
  events,  ///< typed events
  chunks,  ///< frames as they came
};

class Reactor;

/// A client for one provider and key. Safe to share between threads: each call and each stream uses a connection of
/// its own, and gives it back for the next. Not copyable; streams may outlive it.
class Client {
 public:
  /// @throws Exception (invalid_request) for options that cannot work: no key, a key with white space, a bad address
  explicit Client(ClientOptions options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Starts an answer; returns when the response head has come, after retries where they were needed.
  /// @throws Exception where that fails
  [[nodiscard]] Stream stream(const Request& request, Shape shape = Shape::events);

  /// The whole answer, asked for without streaming; where a proxy in between did not wait for it (504, 524), the next
  /// attempt asks for a stream and gathers it, with a Notice. @throws Exception where that fails
  [[nodiscard]] Message complete(const Request& request);

  /// Sends many requests from this thread and calls `on_result` for each as it ends, in order of completion.
  ///
  /// `next` gives one request after the other, or nothing at the end: each is asked for when there is a place for it,
  /// and sent before the next one is asked for, so a run holds no more requests than are under way (and up to 64 that
  /// wait for a time of their own). Both functions are called on this thread. `Result::index` counts what `next` gave.
  ///
  /// What cannot be sent is that result's error. A refusal for too much is no error: the request waits, with all that
  /// share the limits, and is sent again; other failures that may pass are tried again `max_retries` times.
  /// @throws what `next` or `on_result` throws: that ends the run, and what is under way is closed;
  ///         Exception (invalid_request) for limits below 1
  template <class Next>
  requires std::is_invocable_r_v<std::optional<Request>, Next&> void run_all(
      Next&& next, const std::function<void(Result)>& on_result, RunOptions options = {}) {
    pull_all(std::ref(next), on_result, options);
  }
  /// The same for requests that are there already.
  void run_all(std::span<const Request> requests, const std::function<void(Result)>& on_result,
               RunOptions options = {});

  /// Reads any other resource of the provider, e.g. "/models". @return the response's JSON
  /// @throws Exception where that fails
  [[nodiscard]] Json get(std::string_view path);
  /// The same with a method and a body.
  [[nodiscard]] Json send(const ResourceRequest& request);

  /// Takes in what the provider says of its models: a model that the library's table does not know is checked by it
  /// from now on (its window, pictures, clips, thinking, efforts). `get` and `send` do so by themselves with the
  /// provider's own list. A text that is no list is left alone. Any thread.
  void learn_models(const Json& list);

  /// Starts without waiting, for those who wait in a way of their own (see Stream::wait).
  /// @param written of the conversation that this request goes on with, see Written; null: nothing is kept
  [[nodiscard]] Stream start(const Request& request, bool stream, Shape shape, Written* written = nullptr);
  [[nodiscard]] Stream start(const ResourceRequest& request);

  /// What `start` would send, without sending it; for people: where a header holds a key, "[key]" stands in its place.
  /// @throws Exception as `start`
  [[nodiscard]] HttpRequest prepare(const Request& request, bool stream, Written* written = nullptr) const;

  /// Closes the kept connections. Streams under way go on.
  void close() noexcept;

  [[nodiscard]] const Provider& provider() const noexcept;
  [[nodiscard]] const std::string& base_url() const noexcept;
  [[nodiscard]] const std::string& model() const noexcept;
  /// What a model of the provider costs, or null where that is not known; lives as long as the client. Any thread.
  [[nodiscard]] const Price* price(std::string_view model) const noexcept;
  [[nodiscard]] const Timeout& timeout() const noexcept;

  class Impl;

 private:
  friend class BulkRun;
  friend class Reactor;
  void pull_all(const std::function<std::optional<Request>()>& next, const std::function<void(Result)>& on_result,
                const RunOptions& options);

  std::shared_ptr<Impl> impl_;
};

/// Many streams on one event loop: register `descriptor()` with the loop and call `pump()` when it is readable.
/// One thread at a time, its streams included. Only `Stream::close()` may be called from another: what it ends is
/// closed and named by the next `pump()`, for which `descriptor()` is readable at once.
class Reactor {
 public:
  /// The client's connections are not shared with a reactor: it keeps its own.
  explicit Reactor(const Client& client);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  [[nodiscard]] Stream start(const Request& request, bool stream, Shape shape, Written* written = nullptr);
  [[nodiscard]] Stream start(const ResourceRequest& request);

  /// Does what is ready without waiting (or waits up to `wait`).
  /// @return the tags of the streams that may have something new, see `Stream::set_tag`; null for one that has gone
  /// since
  std::span<void* const> pump(std::chrono::milliseconds wait = {});

  /// Readable when `pump()` has something to do; -1 where the platform has no such descriptor.
  [[nodiscard]] int descriptor() const noexcept;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace kimistream
