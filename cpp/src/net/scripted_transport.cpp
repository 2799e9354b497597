#include "kimistream/scripted_transport.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace kimistream {
namespace {

class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  std::unique_ptr<Exchange> start(const HttpRequest& request, Receiver& receiver) override {
    script_->requests.push_back(request);
    auto playing = std::make_shared<Playing>();
    playing->receiver = &receiver;
    if (script_->responses.empty()) {
      playing->response.error = Error{};
      playing->response.error->kind = ErrorKind::connection;
      playing->response.error->message = "the script has no more responses";
      playing->response.status = 0;
    } else {
      playing->response = std::move(script_->responses.front());
      script_->responses.pop_front();
    }
    playing_.push_back(playing);
    return std::make_unique<Handle>(std::move(playing));
  }

  bool pump(std::chrono::milliseconds wait) override {
    bool moved = false;
    const auto now_playing = playing_;  // a receiver may let go of its exchange, and start another
    for (const auto& playing : now_playing) moved = playing->step() || moved;
    std::erase_if(playing_, [](const auto& playing) { return !playing->receiver; });
    if (!moved) std::this_thread::sleep_for(std::min(wait, std::chrono::milliseconds(10)));
    return true;
  }

  void wake() noexcept override {}
  int descriptor() const noexcept override { return -1; }
  void set_alarm(std::chrono::steady_clock::time_point) override {}

 private:
  struct Playing {
    bool step() {
      if (!receiver || paused) return false;
      if (!head_given && response.status != 0) {
        head_given = true;
        receiver->on_head({response.status, response.headers});
        return true;
      }
      if (next < response.blocks.size()) {
        if (receiver->on_body(response.blocks[next]))
          ++next;
        else
          paused = true;
        return true;
      }
      if (response.never_ends) return false;
      Receiver* to = std::exchange(receiver, nullptr);
      to->on_end(response.error);
      return true;
    }

    Receiver* receiver = nullptr;  // null: over, or let go of
    ScriptedResponse response;
    std::size_t next = 0;
    bool head_given = false, paused = false;
  };

  struct Handle final : Exchange {
    explicit Handle(std::shared_ptr<Playing> what) : playing(std::move(what)) {}
    ~Handle() override { playing->receiver = nullptr; }
    void resume() override { playing->paused = false; }
    void detach() override { playing->receiver = nullptr; }
    std::shared_ptr<Playing> playing;
  };

  std::shared_ptr<Script> script_;
  std::vector<std::shared_ptr<Playing>> playing_;
};

}  // namespace

TransportFactory scripted_transport(std::shared_ptr<Script> script) {
  return [script = std::move(script)] { return std::make_unique<ScriptedTransport>(script); };
}

std::uint64_t Body::size() const {
  std::uint64_t total = 0;
  for (const auto& segment : segments) total += segment.source ? segment.source->size() : segment.text.size();
  return total;
}

}  // namespace kimistream
