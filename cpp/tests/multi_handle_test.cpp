// Many exchanges over several of libcurl's handles: which one each goes to.
#include "net/multi_handle.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::net::Clock;
using ks::net::EasyHandle;
using ks::net::MultiHandle;
using ks::net::MultiHandles;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

std::size_t ignored(char*, std::size_t, std::size_t size, void*) { return size; }

/// Exchanges with one address, each in a handle.
class Crowd {
 public:
  explicit Crowd(std::string url) : url_(std::move(url)) {}
  ~Crowd() {
    for (auto& [easy, multi] : under_way_) multi->remove(*easy);
  }

  MultiHandle* begin() {
    auto easy = std::make_unique<EasyHandle>(options_, parts_);
    easy->prepare({.method = "GET", .url = url_}, {});
    easy->set(CURLOPT_WRITEFUNCTION, &ignored);
    MultiHandle* const multi = &multis_.next(*easy);
    REQUIRE(multi->add(*easy));
    under_way_.emplace(std::move(easy), multi);
    return multi;
  }
  /// How many are in each handle, the fullest last.
  std::multiset<std::size_t> sizes() const {
    std::map<const MultiHandle*, std::size_t> counts;
    for (const auto& [easy, multi] : under_way_) ++counts[multi];
    std::multiset<std::size_t> all;
    for (const auto& [multi, count] : counts) {
      CHECK(multi->busy() == count);
      all.insert(count);
    }
    return all;
  }
  /// Until that is so. Those that are over are taken away.
  void wait(const std::function<bool()>& done) {
    const auto give_up = Clock::now() + std::chrono::seconds(60);
    while (!done() && Clock::now() < give_up) {
      poller_.wait(multis_.deadline() == Clock::time_point::max() ? milliseconds(100) : milliseconds(1), ready_);
      for (const auto& ready : ready_) static_cast<MultiHandle*>(ready.owner)->act(ready.descriptor, 0);
      multis_.act(Clock::now());
      while (const CURLMsg* message = multis_.next_over()) {
        CHECK(message->data.result == CURLE_OK);
        for (auto at = under_way_.begin(); at != under_way_.end(); ++at) {
          if (at->first->get() != message->easy_handle) continue;
          at->second->remove(*at->first);
          left_ = at->second;
          under_way_.erase(at);
          break;
        }
      }
    }
    REQUIRE(done());
  }
  std::size_t size() const { return under_way_.size(); }
  /// The handle of which one was over last.
  MultiHandle* left() const { return left_; }

 private:
  std::string url_;
  ks::net::CurlOptions options_;
  ks::net::RequestParts parts_;
  ks::net::Poller poller_;
  MultiHandles multis_{poller_};
  std::map<std::unique_ptr<EasyHandle>, MultiHandle*> under_way_;
  MultiHandle* left_ = nullptr;
  std::vector<ks::net::Poller::Ready> ready_;
};

}  // namespace

TEST_CASE("few exchanges share a handle, more of them fill others, and with TLS crowds are larger") {
  Crowd plain("http://127.0.0.1:9/");
  for (int i = 0; i < 32; ++i) plain.begin();
  CHECK(plain.sizes() == std::multiset<std::size_t>{32});
  for (int i = 0; i < 40; ++i) plain.begin();
  CHECK(plain.sizes() == std::multiset<std::size_t>{8, 32, 32});
  Crowd tls("HTTPS://127.0.0.1:9/");
  for (int i = 0; i < 257; ++i) tls.begin();
  CHECK(tls.sizes() == std::multiset<std::size_t>{1, 256});
}

TEST_CASE("there are no more than eight handles: from there on each takes its share") {
  Crowd crowd("http://127.0.0.1:9/");
  for (int i = 0; i < 8 * 64 + 16; ++i) crowd.begin();
  CHECK(crowd.sizes() == std::multiset<std::size_t>{66, 66, 66, 66, 66, 66, 66, 66});
}

TEST_CASE("an exchange goes where a connection waits, though there is room elsewhere") {
  FaultServer server;
  const std::string url = server.base_url(Script().gate().json(200, "{}"));
  Crowd crowd(url);
  for (int i = 0; i < 70; ++i) crowd.begin();
  crowd.wait([&] { return server.waiting(url) == 70; });
  for (int i = 0; i < 30; ++i) {
    server.open(url);
    crowd.wait([&] { return crowd.size() == 69; });
    MultiHandle* const left = crowd.left();
    CHECK(left->has_idle());
    CHECK(crowd.begin() == left);
    CHECK_FALSE(left->has_idle());
    crowd.wait([&] { return server.waiting(url) == 70; });
  }
  CHECK(server.connections() == 70);
}
