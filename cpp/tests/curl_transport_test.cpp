// The libcurl transport by itself: bodies from sources, pauses, detaching, waking, proxies, connect timeouts.
#include "net/curl_transport.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fault_server/encoding.hpp"
#include "support/online.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::net::CurlTransport;
using ks::testing::Script;
using std::chrono::milliseconds;

namespace {

std::unique_ptr<CurlTransport> transport(ks::net::CurlOptions options = {}) {
  return std::make_unique<CurlTransport>(std::make_shared<const ks::net::CurlOptions>(std::move(options)));
}

struct Received final : ks::Receiver {
  void on_head(ks::ResponseHead given) override { head = std::move(given); }
  bool on_body(std::string_view block) override {
    if (refuse > 0) {
      --refuse;
      ++refused;
      return false;
    }
    body.append(block);
    if (on_block) on_block();
    return true;
  }
  void on_end(std::optional<ks::Error> given) override {
    ended = true;
    error = std::move(given);
  }

  ks::ResponseHead head;
  std::string body;
  std::optional<ks::Error> error;
  std::function<void()> on_block;
  int refuse = 0, refused = 0;
  bool ended = false;
};

void pump_until(ks::Transport& transport, const std::function<bool()>& done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done() && std::chrono::steady_clock::now() < give_up) transport.pump(milliseconds(100));
  REQUIRE(done());
}

Received fetch(ks::Transport& transport, ks::HttpRequest request) {
  Received received;
  const auto exchange = transport.start(std::move(request), received);
  pump_until(transport, [&] { return received.ended; });
  return received;
}

/// Gives `size` letters, a few at a time, or fewer than it says.
struct Letters final : ks::BodySource {
  Letters(std::size_t announced, std::size_t given) : announced(announced), given(given) {}
  [[nodiscard]] std::uint64_t size() const override { return announced; }
  bool rewind() override {
    at = 0;
    ++rewinds;
    return true;
  }
  std::size_t read(char* to, std::size_t capacity) override {
    if (fails) throw ks::Exception(ks::invalid_request("the clip has gone"));
    const std::size_t count = std::min({capacity, given - at, std::size_t{1000}});
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<char>('a' + (at + i) % 26);
    at += count;
    return count;
  }
  std::size_t announced, given, at = 0;
  int rewinds = 0;
  bool fails = false;
};

ks::HttpRequest post(const std::string& url, std::vector<ks::Body::Segment> segments) {
  ks::HttpRequest request{.url = url};
  request.body = std::make_shared<ks::Body>();
  request.body->segments = std::move(segments);
  return request;
}

/// Takes one connection, reads one request's head and gives one answer.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<::sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    ::getsockname(listener_, reinterpret_cast<::sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int connection = ::accept(listener_, nullptr, nullptr);
      char buffer[4096];
      while (head_.find("\r\n\r\n") == std::string::npos) {
        const auto count = ::read(connection, buffer, sizeof buffer);
        if (count <= 0) break;
        head_.append(buffer, static_cast<std::size_t>(count));
      }
      [[maybe_unused]] const auto written = ::write(connection, answer.data(), answer.size());
      ::close(connection);
    });
  }
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] std::string port() const { return std::to_string(port_); }
  /// What was asked, once it has been answered.
  const std::string& head() {
    thread_.join();
    return head_;
  }

 private:
  int listener_, port_ = 0;
  std::string head_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a body of texts and sources is sent whole, with its length") {
  FaultServer server;
  auto curl = transport();
  const auto source = std::make_shared<Letters>(300'000, 300'000);
  const Received received = fetch(*curl, post(server.base_url(Script().json(200, "{}")),
                                              {{.text = "{\"a\":\""}, {.source = source}, {.text = "\"}"}}));
  CHECK_FALSE(received.error);
  std::string expected = "{\"a\":\"";
  for (std::size_t i = 0; i < 300'000; ++i) expected += static_cast<char>('a' + i % 26);
  expected += "\"}";
  const auto request = server.last_request();
  REQUIRE(request);
  CHECK(request->header("content-length") == std::to_string(expected.size()));
  CHECK(request->body_bytes == expected.size());
  CHECK(request->body_crc32 == ks::testing::crc32(expected));
}

TEST_CASE("a source that fails ends the request with its own words") {
  FaultServer server;
  auto curl = transport();
  const auto source = std::make_shared<Letters>(300'000, 300'000);
  source->fails = true;
  const Received received = fetch(*curl, post(server.base_url(Script().json(200, "{}")), {{.source = source}}));
  REQUIRE(received.error);
  CHECK(received.error->kind == ks::ErrorKind::invalid_request);
  CHECK(received.error->message == "the clip has gone");
}

TEST_CASE("a source that gives less than it announced ends the request instead of hanging") {
  FaultServer server;
  auto curl = transport();
  const Received received = fetch(
      *curl, post(server.base_url(Script().json(200, "{}")), {{.source = std::make_shared<Letters>(300'000, 1000)}}));
  REQUIRE(received.error);
  CHECK(received.error->kind == ks::ErrorKind::invalid_request);
  CHECK_FALSE(received.error->retryable);
}

TEST_CASE("a source that gives more than it announced ends the request before the server has a whole body") {
  FaultServer server;
  auto curl = transport();
  const Received received = fetch(*curl, post(server.base_url(Script().json(200, "{}")),
                                              {{.source = std::make_shared<Letters>(300'000, 300'001)}}));
  REQUIRE(received.error);
  CHECK(received.error->kind == ks::ErrorKind::invalid_request);
  REQUIRE(server.wait_for_closes(1));
  CHECK(server.closes().front().during == "request");
}

TEST_CASE("a body goes out again, from its beginning, when the kept connection had died") {
  FaultServer server;
  auto curl = transport();
  const std::string url =
      server.base_url(Script().json(200, "{}").attempt().close().attempt().json(200, "{\"again\":1}"));
  CHECK_FALSE(fetch(*curl, post(url, {{.text = "x"}})).error);
  const auto source = std::make_shared<Letters>(300'000, 300'000);
  const Received received = fetch(*curl, post(url, {{.text = "<"}, {.source = source}, {.text = ">"}}));
  CHECK_FALSE(received.error);
  CHECK(received.body == "{\"again\":1}");
  CHECK(source->rewinds == 1);
  const auto requests = server.received();
  REQUIRE(requests.size() == 3);
  CHECK(requests[2].request.body_bytes == 300'002);
  CHECK(requests[1].request.body_crc32 == requests[2].request.body_crc32);
}

TEST_CASE("connections that have died one after the other fail no request, however many") {
  FaultServer server;
  auto curl = transport();
  for (int turn = 0; turn < 10; ++turn) {
    const std::string url = server.base_url(Script().json(200, "{}").attempt().close().attempt().json(200, "{}"));
    CHECK_FALSE(fetch(*curl, post(url, {{.text = "x"}})).error);
    CHECK_FALSE(fetch(*curl, post(url, {{.text = "y"}})).error);
  }
  CHECK(server.received().size() == 30);
}

TEST_CASE("how far a body is gets told to its end, and whoever is told may let go of the exchange") {
  for (const bool let_go : {false, true}) {
    FaultServer server;
    auto curl = transport();
    Received received;
    std::unique_ptr<ks::Exchange> exchange;
    std::vector<std::uint64_t> told;
    ks::HttpRequest request = post(server.base_url(Script().json(200, "{}")),
                                   {{.text = "<"}, {.source = std::make_shared<Letters>(3'000'000, 3'000'000)}});
    request.on_upload = [&](std::uint64_t sent, std::uint64_t total) {
      CHECK_FALSE(received.ended);
      CHECK(total == 3'000'001);
      told.push_back(sent);
      if (let_go) exchange.reset();
    };
    exchange = curl->start(request, received);
    pump_until(*curl, [&] { return received.ended || (let_go && !told.empty()); });
    CHECK(std::is_sorted(told.begin(), told.end()));
    if (let_go) {
      for (int i = 0; i < 10; ++i) curl->pump(milliseconds(1));
      CHECK(told.size() == 1);
      CHECK_FALSE(received.ended);
    } else {
      CHECK(told.back() == 3'000'001);
    }
  }
}

TEST_CASE("methods do not leak from one request to the next on the same connection") {
  FaultServer server;
  auto curl = transport();
  const std::string url = server.base_url(Script().json(200, "{}"));
  CHECK_FALSE(fetch(*curl, post(url, {{.source = std::make_shared<Letters>(10, 10)}})).error);
  CHECK_FALSE(fetch(*curl, {.method = "GET", .url = url}).error);
  CHECK_FALSE(fetch(*curl, post(url, {{.text = "x"}})).error);
  ks::HttpRequest remove{.method = "DELETE", .url = url};
  CHECK_FALSE(fetch(*curl, std::move(remove)).error);
  CHECK_FALSE(fetch(*curl, post(url, {})).error);
  const auto received = server.received();
  REQUIRE(received.size() == 5);
  std::vector<std::string> seen;
  for (const auto& each : received) seen.push_back(each.request.method + " " + std::to_string(each.request.body_bytes));
  CHECK(seen == std::vector<std::string>{"POST 10", "GET 0", "POST 1", "DELETE 0", "POST 0"});
  CHECK(server.connections() == 1);
}

TEST_CASE("what a burst has opened is kept for the next one, of few and of more than one of libcurl's handles takes") {
  for (const int many : {12, 150}) {
    FaultServer server;
    auto curl = transport();
    const std::string url = server.base_url(Script().gate().json(200, "{}"));
    const auto ended = [](const Received& each) { return each.ended; };
    for (int burst = 0; burst < 2; ++burst) {
      std::vector<Received> received(static_cast<std::size_t>(many));
      std::vector<std::unique_ptr<ks::Exchange>> exchanges;
      for (Received& each : received) exchanges.push_back(curl->start({.method = "GET", .url = url}, each));
      pump_until(*curl, [&] { return server.waiting(url) == many; });
      for (int over = 1; over <= many; ++over) {  // one at a time, until few are left under way
        server.open(url);
        pump_until(*curl, [&] { return std::count_if(received.begin(), received.end(), ended) == over; });
      }
      for (const Received& each : received) CHECK(each.body == "{}");
    }
    CHECK(server.connections() == many);
  }
}

TEST_CASE("of many that are started together no more than 64 begin between two looks at what has come") {
  FaultServer server;
  auto curl = transport();
  const std::string url = server.base_url(Script().json(200, "{}"));
  std::vector<Received> received(300);
  std::vector<std::unique_ptr<ks::Exchange>> exchanges;
  for (Received& each : received) exchanges.push_back(curl->start({.method = "GET", .url = url}, each));
  exchanges[250].reset();  // before its turn
  for (int begun = 64; begun < 300; begun += 64) {
    curl->pump(milliseconds(0));
    CHECK(server.connections() <= begun);
  }
  pump_until(*curl, [&] {
    return std::count_if(received.begin(), received.end(), [](const Received& each) { return each.ended; }) == 299;
  });
  CHECK(server.received().size() == 299);
}

TEST_CASE("a flush sends what was started, on a new connection and on a kept one, though nobody looks at what comes") {
  FaultServer server;
  auto curl = transport();
  for (int turn = 0; turn < 2; ++turn) {
    const std::string url = server.base_url(Script().gate().json(200, "{}"));
    Received received;
    const auto exchange = curl->start({.method = "GET", .url = url}, received);
    curl->flush();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (server.waiting(url) == 0 && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(milliseconds(1));
    REQUIRE(server.waiting(url) == 1);
    server.open(url);
    pump_until(*curl, [&] { return received.ended; });
    CHECK(received.body == "{}");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("headers are sent as given, an empty one too") {
  FaultServer server;
  auto curl = transport();
  ks::HttpRequest request{
      .method = "GET",
      .url = server.base_url(Script().json(200, "{}", {{"X-Answer", " padded "}, {"x-twice", "1"}, {"X-Twice", "2"}}))};
  request.headers = {{"X-One", "1: 2; 3"}, {"X-Empty", ""}};
  const Received received = fetch(*curl, std::move(request));
  CHECK(server.last_request()->header("x-one") == "1: 2; 3");
  CHECK(server.last_request()->head.find("X-Empty:") != std::string::npos);
  CHECK(received.head.status == 200);
  CHECK(received.head.headers.find("x-answer") == "padded");
  CHECK(std::count_if(received.head.headers.begin(), received.head.headers.end(),
                      [](const auto& field) { return ks::equal_ignoring_case(field.first, "x-twice"); }) == 2);
}

TEST_CASE("refused bytes are given again, and nothing is lost") {
  FaultServer server;
  auto curl = transport();
  std::string body;
  for (int i = 0; i < 200'000; ++i) body += static_cast<char>('a' + i % 26);
  Received received;
  received.refuse = 1;
  const auto exchange =
      curl->start({.method = "GET", .url = server.base_url(Script().respond(200, "text/plain", body))}, received);
  pump_until(*curl, [&] { return received.refused == 1; });
  curl->pump(milliseconds(20));
  CHECK(received.body.empty());
  CHECK_FALSE(received.ended);
  received.refuse = 1;
  exchange->resume();  // refused once more, inside resume
  CHECK(received.refused == 2);
  exchange->resume();
  pump_until(*curl, [&] { return received.ended; });
  CHECK(received.body == body);
}

TEST_CASE("an exchange may be dropped or detached by its own receiver") {
  for (const bool detach : {true, false}) {
    FaultServer server;
    auto curl = transport();
    Received received;
    std::unique_ptr<ks::Exchange> exchange;
    received.on_block = [&] {
      if (detach && exchange) exchange->detach();
      exchange.reset();
    };
    const std::string url = server.base_url(stream_head().chunk("a").gate().last_chunk().keep());
    exchange = curl->start({.method = "GET", .url = url}, received);
    pump_until(*curl, [&] { return exchange == nullptr; });
    if (detach) {
      const auto before = server.bytes_sent(url);
      server.open(url);
      pump_until(*curl, [&] { return server.bytes_sent(url) > before; });
    } else {
      pump_until(*curl, [&] { return server.wait_for_closes(1, milliseconds(0)); });
    }
    for (int i = 0; i < 5; ++i) curl->pump(milliseconds(1));
    CHECK(received.body == "a");
    CHECK_FALSE(received.ended);
    CHECK_FALSE(fetch(*curl, {.method = "GET", .url = server.base_url(Script().json(200, "{}"))}).error);
    CHECK(server.connections() == (detach ? 1 : 2));
  }
}

TEST_CASE("a detached exchange that goes on for long is given up") {
  FaultServer server;
  auto curl = transport();
  Received received;
  std::unique_ptr<ks::Exchange> exchange;
  received.on_block = [&] {
    if (exchange) exchange->detach();
    exchange.reset();
  };
  exchange = curl->start(
      {.method = "GET", .url = server.base_url(stream_head().repeat_chunk(2000, std::string(1000, 'x')).wait_close())},
      received);
  pump_until(*curl, [&] { return exchange == nullptr; });
  pump_until(*curl, [&] { return server.wait_for_closes(1, milliseconds(0)); });
}

TEST_CASE("a wake from another thread ends a pump") {
  auto curl = transport();
  std::thread other([&] { curl->wake(); });
  CHECK_FALSE(curl->pump(milliseconds(20'000)));
  other.join();
}

TEST_CASE("a transport may go before its exchanges") {
  FaultServer server;
  auto curl = transport();
  Received received;
  auto exchange = curl->start({.method = "GET", .url = server.base_url(Script().stall())}, received);
  for (int i = 0; i < 5; ++i) curl->pump(milliseconds(1));
  curl.reset();
  CHECK_NOTHROW(exchange->resume());
  CHECK_NOTHROW(exchange.reset());
}

TEST_CASE("a host that takes no connection runs into the connect timeout") {
  // A listener whose queue is full answers no further handshake.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<::sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  ::getsockname(listener, reinterpret_cast<::sockaddr*>(&address), &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(fillers.back(), reinterpret_cast<::sockaddr*>(&address), size);
  }
  auto curl = transport();
  ks::HttpRequest request{.method = "GET",
                          .url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/v1"};
  request.connect_timeout = milliseconds(200);
  const Received received = fetch(*curl, std::move(request));
  REQUIRE(received.error);
  CHECK(received.error->kind == ks::ErrorKind::timeout);
  CHECK(received.error->retryable);
  for (const int filler : fillers) ::close(filler);
  ::close(listener);
}

TEST_CASE("a request goes through the proxy that the environment names, and this machine is reached past it") {
  OneAnswer proxy("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  ks::net::CurlOptions options;
  options.proxies.http = {"http_proxy", "http://me:secret@127.0.0.1:" + proxy.port()};
  auto curl = transport(options);
  const Received through = fetch(*curl, {.method = "GET", .url = "http://api.example.invalid/v1/models"});
  CHECK_FALSE(through.error);
  CHECK(through.body == "{}");
  const std::string head = proxy.head();
  CHECK(head.starts_with("GET http://api.example.invalid/v1/models HTTP/1.1\r\n"));
  CHECK(head.find("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n") != std::string::npos);
  FaultServer server;
  CHECK_FALSE(fetch(*curl, {.method = "GET", .url = server.base_url(Script().json(200, "{}"))}).error);
}

TEST_CASE("a proxy that asks for credentials is at fault, not the server, with and without a tunnel") {
  for (const std::string scheme : {"http", "https"}) {
    CAPTURE(scheme);
    OneAnswer proxy("HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\nProxy-Authenticate: Basic\r\n\r\n");
    ks::net::CurlOptions options;
    options.proxies.all = {"all_proxy", "127.0.0.1:" + proxy.port()};
    const Received refused =
        fetch(*transport(options), {.method = "GET", .url = scheme + "://api.example.invalid/v1/models"});
    CHECK(proxy.head().find("api.example.invalid") != std::string::npos);
    REQUIRE(refused.error);
    CHECK(refused.head.status == 0);
    CHECK_FALSE(refused.error->retryable);
    CHECK(refused.error->message.find("through the proxy 127.0.0.1:" + proxy.port() +
                                      " (all_proxy): the proxy asks for a user name") != std::string::npos);
  }
}

TEST_CASE("a proxy that cannot be one is refused before anything is sent, and for the addresses that it is for") {
  ks::net::CurlOptions options;
  options.proxies.http = {"HTTP_PROXY", "gopher://user:secret@127.0.0.1:70"};
  auto curl = transport(options);
  Received received;
  try {
    (void)curl->start({.method = "GET", .url = "http://api.example.invalid/v1"}, received);
    FAIL("it was taken");
  } catch (const ks::Exception& exception) {
    const ks::Error& error = exception.error();
    CHECK(error.kind == ks::ErrorKind::connection);
    CHECK_FALSE(error.retryable);
    CHECK(error.message.find("127.0.0.1:70 (HTTP_PROXY)") != std::string::npos);
    CHECK(error.message.find("secret") == std::string::npos);
  }
  FaultServer server;
  CHECK_FALSE(fetch(*transport(options), {.method = "GET", .url = server.base_url(Script().json(200, "{}"))}).error);
}
