// An exchange that was recorded, told once more: what its pieces amount to, and with which of them each event came.
#include <algorithm>

#include "common.hpp"

namespace kimistream::python {
namespace {

struct Recording {
  ResponseHead head{};
  std::vector<std::string> pieces{};
  std::optional<Error> error{};  ///< how its connection failed
  std::size_t told = 0;          ///< pieces
  std::string asked{};           ///< the text of the request's body
};

/// Plays one recording, a piece for each pump.
class Retelling final : public Transport {
 public:
  explicit Retelling(std::shared_ptr<Recording> recording) : recording_(std::move(recording)) {}

  std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) override {
    receiver_ = &receiver;
    if (request.body)
      for (const Body::Segment& segment : request.body->segments) recording_->asked += segment.text;
    return std::make_unique<Handle>(*this);
  }

  bool pump(std::chrono::milliseconds) override {
    if (!receiver_) return true;
    if (!std::exchange(head_is_told_, true) && recording_->head.status != 0)
      receiver_->on_head(recording_->head);
    else if (recording_->told < recording_->pieces.size())
      tell_piece();
    else
      std::exchange(receiver_, nullptr)->on_end(recording_->error);
    return true;
  }

  void wake() noexcept override {}
  [[nodiscard]] int descriptor() const noexcept override { return -1; }
  void set_alarm(std::chrono::steady_clock::time_point) override {}

 private:
  struct Handle final : Exchange {
    explicit Handle(Retelling& of) : transport(of) {}
    ~Handle() override { transport.receiver_ = nullptr; }
    void resume() override {}
    void detach() override { transport.receiver_ = nullptr; }
    Retelling& transport;
  };

  void tell_piece() {
    const std::size_t place = recording_->told++;
    if (!receiver_->on_body(recording_->pieces[place])) recording_->told = place;  // once more, when there is room
  }

  std::shared_ptr<Recording> recording_;
  Receiver* receiver_ = nullptr;
  bool head_is_told_ = false;
};

struct Told {
  std::vector<std::pair<std::size_t, Event>> events{};
  Message message{};
  std::optional<Error> error{};
};

Client client_for(const std::string& provider, std::shared_ptr<Recording> recording) {
  return Client{{.provider = provider,
                 .base_url = "https://recorded.invalid",
                 .api_key = "sk-recorded",
                 .max_retries = 0,
                 .transport = [recording = std::move(recording)] { return std::make_unique<Retelling>(recording); }}};
}

Told tell(const std::string& provider, const Request& request, std::shared_ptr<Recording> recording, bool events) {
  Client client = client_for(provider, recording);
  Stream stream = client.start(request, true, Shape::events);
  Told told;
  for (;;) {
    const Stream::State state = stream.wait(std::chrono::milliseconds(10));
    Event event;
    while (stream.take(event))
      if (events) told.events.emplace_back(recording->told - std::min<std::size_t>(recording->told, 1), event);
    if (state == Stream::State::ended || state == Stream::State::failed) break;
  }
  if (stream.error()) told.error = *stream.error();
  told.message = stream.snapshot();
  return told;
}

/// The exception itself, for those who only look at it.
py::object as_exception(const Error& error) {
  set_error(error);
  py::error_already_set raised;
  return raised.value();
}

}  // namespace

void register_retelling(py::module_& module) {
  module.def(
      "retell",
      [](const std::string& provider, const py::tuple& arguments, int status, const py::object& headers,
         const py::list& pieces, const py::object& failure, bool timed_out, bool events) {
        auto recording = std::make_shared<Recording>();
        recording->head = {status, to_headers(headers, "headers")};
        for (const py::handle piece : pieces) recording->pieces.push_back(py::cast<std::string>(piece));
        if (!failure.is_none()) {
          recording->error.emplace();
          recording->error->kind = timed_out ? ErrorKind::timeout : ErrorKind::connection;
          recording->error->message = from_str(failure, "failure");
        }
        const Request request = to_request(arguments, true);
        Told told;
        {
          const WithoutGil released;
          told = tell(provider, request, std::move(recording), events);
        }
        py::list listed;
        for (const auto& [place, event] : told.events) listed.append(py::make_tuple(place, steal(from_event(event))));
        return py::make_tuple(from_message(told.message), told.error ? as_exception(*told.error) : py::none(), listed);
      },
      py::arg("provider"), py::arg("arguments"), py::arg("status"), py::arg("headers"), py::arg("pieces"),
      py::arg("failure") = py::none(), py::arg("timed_out") = false, py::arg("events") = false,
      "Tells a recorded answer once more, without a network. Gives the message, the exception or None, and with "
      "`events` a list of (place of the piece that it came with, event).");
  module.def(
      "body_of",
      [](const std::string& provider, const py::tuple& arguments, bool stream) {
        auto recording = std::make_shared<Recording>();
        {
          Client client = client_for(provider, recording);
          client.start(to_request(arguments, stream), stream, Shape::events).close();
        }
        return text(recording->asked);
      },
      py::arg("provider"), py::arg("arguments"), py::arg("stream"),
      "The JSON that a request with these arguments sends, without sending it. What is read while it is sent, as a "
      "picture's bytes, is left out.");
}

}  // namespace kimistream::python
