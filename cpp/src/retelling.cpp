#include "kimistream/retelling.hpp"

#include <algorithm>
#include <memory>

#include "json/tree.hpp"
#include "record/line.hpp"

namespace kimistream {
namespace {

struct Kept {
  record::Line line{};
  std::size_t told = 0;  // pieces
  std::string asked{};   // the text of the request's body
};

/// Plays one recording, a piece for each pump.
class Retelling final : public Transport {
 public:
  explicit Retelling(std::shared_ptr<Kept> recording) : recording_(std::move(recording)) {}

  std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) override {
    receiver_ = &receiver;
    if (request.body)
      for (const Body::Segment& segment : request.body->segments) recording_->asked += segment.text;
    return std::make_unique<Handle>(*this);
  }

  bool pump(std::chrono::milliseconds) override {
    if (!receiver_) return true;
    const record::Line& line = recording_->line;
    if (!std::exchange(head_is_told_, true) && line.head)
      receiver_->on_head(*line.head);
    else if (recording_->told < line.pieces.size())
      tell_piece();
    else
      std::exchange(receiver_, nullptr)->on_end(failure());
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
    if (!receiver_->on_body(recording_->line.pieces[place].bytes)) recording_->told = place;  // again, with more room
  }

  [[nodiscard]] std::optional<Error> failure() const {
    const record::Line& line = recording_->line;
    if (line.end == record::End::clean) return std::nullopt;
    Error error;
    error.kind = line.end == record::End::timeout ? ErrorKind::timeout : ErrorKind::connection;
    error.clock = line.clock;
    if (line.failure)
      error.message = line.failure->message;
    else if (line.end == record::End::timeout)
      error.message = "the time was up (" + line.clock + ")";
    else
      error.message = line.head ? "the connection broke" : "the server could not be reached";
    return error;
  }

  std::shared_ptr<Kept> recording_;
  Receiver* receiver_ = nullptr;
  bool head_is_told_ = false;
};

Client client_for(std::string_view provider, std::shared_ptr<Kept> recording) {
  return Client{{.provider = std::string(provider),
                 .base_url = "https://recorded.invalid",
                 .api_key = "sk-recorded",
                 .max_retries = 0,
                 .transport = [recording = std::move(recording)] { return std::make_unique<Retelling>(recording); }}};
}

record::Line read(std::string_view line) {
  try {
    if (auto known = record::line_from(json::Tree::parse(line))) return *std::move(known);
  } catch (const json::Malformed&) {  // said below
  }
  throw Exception(invalid_request("this is no exchange as a recording has it"));
}

}  // namespace

Retold retell(std::string_view provider, std::string_view line, bool events) {
  auto recording = std::make_shared<Kept>(Kept{.line = read(line)});
  Client client = client_for(provider, recording);
  // The body as it was stands in the place of an empty question's: what was offered decides how an answer is read.
  const Request asked{.messages = {user("")}, .check = Check::off, .extra_body = {recording->line.body}};
  Stream stream = client.start(asked, true, Shape::events);
  Retold retold;
  for (;;) {
    const Stream::State state = stream.wait(std::chrono::milliseconds(10));
    Event event;
    while (stream.take(event)) {
      if (!events) continue;
      const std::size_t told = std::max<std::size_t>(recording->told, 1) - 1;
      const auto& pieces = recording->line.pieces;
      retold.events.emplace_back(told < pieces.size() ? pieces[told].seconds : 0.0, std::move(event));
    }
    if (state == Stream::State::ended || state == Stream::State::failed) break;
  }
  if (stream.error() && recording->line.end != record::End::left) retold.error = *stream.error();
  retold.message = stream.snapshot();
  return retold;
}

std::string without_pieces(std::string_view line) {
  record::Line known = read(line);
  known.pieces.clear();
  return record::write(known);
}

std::string body_of(std::string_view provider, const Request& request, bool stream) {
  auto recording = std::make_shared<Kept>();
  Client client = client_for(provider, recording);
  client.start(request, stream, Shape::events).close();
  return recording->asked;
}

}  // namespace kimistream
