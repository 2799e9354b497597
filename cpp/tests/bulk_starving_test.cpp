// One request that is always refused holds nobody up.
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kimistream/kimistream.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

/// Refuses what holds one word as long as it shall, and answers the rest at once.
class Refusing final : public ks::Transport {
 public:
  struct Rule {
    bool refuses = true;
    int refused = 0, answered = 0;
    std::string retry_after = {};
    std::vector<std::chrono::steady_clock::time_point> came = {};  // those that were refused
  };
  explicit Refusing(std::shared_ptr<Rule> rule) : rule_(std::move(rule)) {}

  std::unique_ptr<ks::Exchange> start(const ks::HttpRequest& request, ks::Receiver& receiver) override {
    const std::string& body = request.body->segments.front().text;
    const bool refused = rule_->refuses && body.find("unlucky") != std::string::npos;
    ++(refused ? rule_->refused : rule_->answered);
    if (refused) rule_->came.push_back(std::chrono::steady_clock::now());
    auto exchange = std::make_unique<Exchange>(*this);
    due_.push_back({exchange.get(), &receiver, refused});
    return exchange;
  }
  bool pump(std::chrono::milliseconds wait) override {
    if (due_.empty()) return inner_->pump(wait);
    while (!due_.empty()) {
      const auto [exchange, receiver, refused] = due_.back();
      due_.pop_back();
      ks::ResponseHead head{.status = refused ? 429 : 200, .headers = {{"Content-Type", "application/json"}}};
      if (refused && !rule_->retry_after.empty()) head.headers.add("Retry-After", rule_->retry_after);
      receiver->on_head(std::move(head));
      receiver->on_body(refused ? R"({"error":{"message":"overloaded","type":"engine_overloaded_error"}})"
                                : whole_body());
      receiver->on_end({});
    }
    return true;
  }
  void wake() noexcept override { inner_->wake(); }
  [[nodiscard]] int descriptor() const noexcept override { return inner_->descriptor(); }
  void set_alarm(std::chrono::steady_clock::time_point when) override { inner_->set_alarm(when); }

 private:
  class Exchange final : public ks::Exchange {
   public:
    explicit Exchange(Refusing& transport) : transport_(transport) {}
    ~Exchange() override {
      std::erase_if(transport_.due_, [&](const Due& due) { return due.exchange == this; });
    }
    void resume() override {}
    void detach() override {}

   private:
    Refusing& transport_;
  };
  struct Due {
    Exchange* exchange;
    ks::Receiver* receiver;
    bool refused;
  };

  std::shared_ptr<Rule> rule_;
  std::unique_ptr<ks::Transport> inner_ = ks::scripted_transport(std::make_shared<ks::Script>())();
  std::vector<Due> due_;
};

ks::Client client_of(std::shared_ptr<Refusing::Rule> rule) {
  return ks::Client{
      {.provider = "moonshot", .base_url = "https://example.invalid/v1", .api_key = "sk-x", .transport = [rule] {
         return std::make_unique<Refusing>(rule);
       }}};
}

}  // namespace

TEST_CASE("the last one left waits for the pause that the server asks for, or for one that grows") {
  struct Case {
    const char* retry_after;
    std::vector<double> gaps;  // seconds between its requests, at least, from the second refusal on
  };
  for (const auto& [retry_after, gaps] : {Case{"0.3", {0.3, 0.3, 0.3, 0.3}}, Case{"", {1}}}) {
    CAPTURE(retry_after);
    const auto rule = std::make_shared<Refusing::Rule>();
    rule->retry_after = retry_after;
    ks::Client client = client_of(rule);
    ks::BulkRun run(client, {.concurrency = 3});
    for (std::size_t index = 0; index < 3; ++index)
      run.add(index, {.messages = {ks::user(index == 0 ? "unlucky" : "fine")}});
    run.no_more();
    for (std::size_t answered = 0; run.size() > 0;) {
      run.pump(std::chrono::milliseconds(100));
      answered += run.take().size();
      if (answered == 2 && rule->refused == static_cast<int>(gaps.size()) + 2) rule->refuses = false;
      REQUIRE(rule->refused < 20);
    }
    REQUIRE(rule->came.size() == gaps.size() + 2);
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      const std::chrono::duration<double> gap = rule->came[i + 2] - rule->came[i + 1];
      CHECK(gap.count() >= gaps[i] - 0.01);
    }
  }
}

TEST_CASE("one request that is always refused holds nobody up, whatever the concurrency") {
  for (const std::size_t concurrency : {1, 8}) {
    CAPTURE(concurrency);
    const auto rule = std::make_shared<Refusing::Rule>();
    ks::Client client = client_of(rule);
    int asked = 0, answered = 0;
    client.run_all(
        [&]() -> std::optional<ks::Request> {
          if (++asked > 100) return std::nullopt;
          return ks::Request{.messages = {ks::user(asked == 1 ? "unlucky" : "fine")}};
        },
        [&](const ks::Result& result) {
          if (++answered == 99) rule->refuses = false;  // all others are done
          CHECK(result.message);
          CHECK((result.index == 0) == (answered == 100));
        },
        {.concurrency = concurrency});
    CHECK(answered == 100);
    CHECK(rule->refused >= 2);
    CHECK(rule->refused <= 10);
  }
}
