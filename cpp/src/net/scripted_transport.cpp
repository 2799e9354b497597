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
    auto exchange = std::make_unique<Playing>(*this, receiver);
    if (script_->responses.empty()) {
      exchange->response.error = Error{};
      exchange->response.error->kind = ErrorKind::connection;
      exchange->response.error->message = "the script has no more responses";
      exchange->response.status = 0;
    } else {
      exchange->response = std::move(script_->responses.front());
      script_->responses.pop_front();
    }
    playing_.push_back(exchange.get());
    return exchange;
  }

  bool pump(std::chrono::milliseconds wait) override {
    bool moved = false;
    const auto now_playing = playing_;
    for (Playing* exchange : now_playing)
      if (std::find(playing_.begin(), playing_.end(), exchange) != playing_.end()) moved = exchange->step() || moved;
    if (!moved) std::this_thread::sleep_for(std::min(wait, std::chrono::milliseconds(10)));
    return true;
  }

  void wake() noexcept override {}
  int descriptor() const noexcept override { return -1; }
  void set_alarm(std::chrono::steady_clock::time_point) override {}

 private:
  struct Playing final : Exchange {
    Playing(ScriptedTransport& owner, Receiver& to) : transport(&owner), receiver(&to) {}
    ~Playing() override { std::erase(transport->playing_, this); }
    void resume() override { paused = false; }
    void detach() override { receiver = nullptr; }

    bool step() {
      if (!receiver || paused) return false;
      if (!head_given && response.status != 0) {
        head_given = true;
        receiver->on_head({response.status, response.headers});
        return true;
      }
      if (next < response.blocks.size()) {
        const std::string block = response.blocks[next++];  // a receiver that has all it wants may drop this exchange
        if (receiver->on_body(block)) return true;
        --next;
        paused = true;
        return true;
      }
      if (response.never_ends) return false;
      Receiver* to = std::exchange(receiver, nullptr);
      to->on_end(response.error);
      return true;
    }

    ScriptedTransport* transport;
    Receiver* receiver;
    ScriptedResponse response;
    std::size_t next = 0;
    bool head_given = false, paused = false;
  };

  std::shared_ptr<Script> script_;
  std::vector<Playing*> playing_;
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
