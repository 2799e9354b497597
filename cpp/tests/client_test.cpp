// The client's options, secrets, retries and other resources, without a network.
#include "kimistream/client.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

using Texts = std::vector<std::string>;

constexpr const char* key = "sk-secret-abcdefghijklmnop";

/// The message of the refusal, "" where there is none.
std::string refusal(ks::ClientOptions options) {
  if (options.api_key.empty()) options.api_key = key;
  try {
    const ks::Client client(std::move(options));
    return "";
  } catch (const ks::Exception& exception) {
    CHECK(exception.error().kind == ks::ErrorKind::invalid_request);
    CHECK(exception.error().message.find(key) == std::string::npos);
    return exception.error().message;
  }
}

std::optional<ks::Error> error_of(const std::function<void()>& act) {
  try {
    act();
    return std::nullopt;
  } catch (const ks::Exception& exception) {
    return exception.error();
  }
}

/// Everything that an error shows, in one text.
std::string all_of(const ks::Error& error) {
  std::string all = error.message + "|" + error.type + "|" + error.code + "|" + error.param + "|" + error.body + "|" +
                    error.request_id;
  for (const auto& [name, value] : error.headers) all += "|" + name + ":" + value;
  if (error.partial)
    for (const ks::Notice& notice : error.partial->warnings) all += "|" + notice.message;
  return all;
}

ks::ClientOptions with_key(const Offline& offline) {
  ks::ClientOptions options = offline.options();
  options.api_key = key;
  return options;
}

}  // namespace

TEST_CASE("addresses that cannot be used are refused") {
  for (const std::string url : Texts{"api.moonshot.ai/v1",
                                     "//host/v1",
                                     "ftp://host/v1",
                                     "file:///etc/passwd",
                                     "https://",
                                     "https:///v1",
                                     "http://:8080/v1",
                                     "https://host:port/v1",
                                     "https://host:99999/v1",
                                     "https://host:-1/v1",
                                     "https://host:/v1",
                                     "https://user:pw@host/v1",
                                     "https://user@host/v1",
                                     "https://ho st/v1",
                                     "https://host/v1\n",
                                     " https://host/v1",
                                     "https://host/v1?x=1",
                                     "https://host/v1#x",
                                     "https://host/v1/chat/completions",
                                     "https://host\t/v1",
                                     "javascript://x",
                                     "https//host",
                                     "http:/host",
                                     "https://[::1/v1",
                                     "https://host\x7F/v1"}) {
    CAPTURE(url);
    CHECK(refusal({.base_url = url}).find("base_url") != std::string::npos);
  }
  CHECK(refusal({.base_url = "https://user:hunter2@host/v1"}).find("hunter2") == std::string::npos);
}

TEST_CASE("addresses that can be used are, without a slash at the end") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"https://host/v1", "https://host/v1"},
      {"https://host/v1///", "https://host/v1"},
      {"http://localhost:8000/v1", "http://localhost:8000/v1"},
      {"HTTPS://Host/v1", "HTTPS://Host/v1"},
      {"HTTPS://API.Moonshot.AI/v1", "https://api.moonshot.ai/v1"},
      {"http://127.0.0.1:1", "http://127.0.0.1:1"},
      {"http://[::1]:8000/v1", "http://[::1]:8000/v1"},
      {"https://host:65535/a/b", "https://host:65535/a/b"}};
  for (const auto& [given, used] : table) {
    const auto& row = given;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    CHECK(ks::Client({.base_url = given, .api_key = key}).base_url() == used);
  }
}

TEST_CASE("keys that no server could read are refused, and not shown") {
  for (const std::string bad :
       Texts{"sk-abc\n", "sk abc", " sk-abc", "sk-abc\r\n", "sk-\tabc", "sk-äbc", "sk-abc\x7F"}) {
    const std::string message = refusal({.api_key = bad});
    CHECK_FALSE(message.empty());
    CHECK(message.find("abc") == std::string::npos);
  }
  const auto missing = error_of([] { const ks::Client client({.provider = "moonshot"}); });
  REQUIRE(missing);
  CHECK(missing->message == "no API key for provider \"moonshot\": set ClientOptions::api_key");
  CHECK_FALSE(error_of([] { const ks::Client client({.provider = "vllm"}); }));
}

TEST_CASE("whether a host that is not the provider's wants a key is not known") {
  CHECK_FALSE(error_of([] { const ks::Client client({.base_url = "https://gateway.example/v1"}); }));
  CHECK(error_of([] { const ks::Client client({.base_url = "https://api.moonshot.ai:443"}); }));
}

TEST_CASE("a key that travels in the clear is told, with each answer") {
  const auto codes_at = [](std::string base_url, std::string api_key, ks::Check check, ks::Headers extra = {}) {
    Offline offline;
    offline.answer_json(whole_body());
    ks::ClientOptions options = offline.options();
    options.base_url = std::move(base_url);
    options.api_key = std::move(api_key);
    ks::Client client(std::move(options));
    ks::Request request = one_plus_one;
    request.check = check;
    request.extra_headers = std::move(extra);
    try {
      std::string codes;
      for (const ks::Notice& notice : client.complete(request).warnings) codes += notice.code + ": " + notice.message;
      return codes;
    } catch (const ks::Exception& exception) {
      CHECK(offline.script->requests.empty());
      return "refused: " + exception.error().message;
    }
  };
  const std::string said =
      "the key travels unencrypted to gpu-7.example: use https, or pass api_key=\"\" if the server wants none";
  const std::string url = "http://gpu-7.example:8000/v1";
  CHECK(codes_at(url, key, ks::Check::warn) == "key_in_clear: " + said);
  CHECK(codes_at(url, key, ks::Check::fix) == "key_in_clear: " + said);
  CHECK(codes_at(url, key, ks::Check::error) == "refused: " + said + " [key_in_clear]");
  CHECK(codes_at(url, key, ks::Check::off) == "");
  CHECK(codes_at(url, "", ks::Check::error) == "");
  CHECK(codes_at(url, "", ks::Check::warn, {{"Authorization", "Bearer other"}}) == "key_in_clear: " + said);
  CHECK(codes_at("https://gpu-7.example/v1", key, ks::Check::error) == "");
  CHECK(codes_at("http://127.0.0.1:1/v1", key, ks::Check::error) == "");
}

TEST_CASE("resources have no notices: that their key travels in the clear is logged, once a client") {
  const auto lines = [](std::string base_url, std::string api_key) {
    Offline offline;
    for (int i = 0; i < 2; ++i) offline.answer_json("{}");
    ks::ClientOptions options = offline.options();
    options.base_url = std::move(base_url);
    options.api_key = std::move(api_key);
    ks::Client client(std::move(options));
    std::vector<std::string> all;
    for (int i = 0; i < 2; ++i) {
      ks::Stream stream = client.start({.path = "/models"});
      (void)stream.next_chunk();
      for (std::string& line : stream.take_log()) all.push_back(std::move(line));
    }
    return all;
  };
  CHECK(lines("http://gpu-7.example:8000/v1", key) ==
        std::vector<std::string>{"the key travels unencrypted to gpu-7.example: use https, or pass api_key=\"\" if the "
                                 "server wants none"});
  CHECK(lines("http://gpu-7.example:8000/v1", "").empty());
  CHECK(lines("https://gpu-7.example/v1", key).empty());
  CHECK(lines("http://127.0.0.1:1/v1", key).empty());
}

TEST_CASE("headers with line breaks are refused before anything is sent") {
  CHECK_FALSE(refusal({.default_headers = {{"X-A", "1\r\nX-B: 2"}}}).empty());
  CHECK_FALSE(refusal({.default_headers = {{"X-A\n", "1"}}}).empty());
  CHECK_FALSE(refusal({.default_headers = {{"", "1"}}}).empty());
  Offline offline;
  ks::Client client = offline.client();
  ks::Request request = one_plus_one;
  request.extra_headers.add("X-A", "1\n2");
  CHECK(error_of([&] { (void)client.complete(request); }));
  CHECK(offline.script->requests.empty());
}

TEST_CASE("the provider is the named row, else the row of the address, else Moonshot") {
  CHECK(ks::Client({.api_key = key}).provider().name == "moonshot");
  CHECK(ks::Client({.base_url = "https://api.moonshot.cn/v1/", .api_key = key}).provider().name == "moonshot-cn");
  CHECK(ks::Client({.base_url = "https://elsewhere.example/v1", .api_key = key}).provider().name == "moonshot");
  const ks::Client both({.provider = "vllm", .base_url = "http://h:1/v1"});
  CHECK(both.provider().name == "vllm");
  CHECK(both.base_url() == "http://h:1/v1");
  CHECK(both.model() == "moonshotai/Kimi-K2.6");
  CHECK(refusal({.provider = "nobody"}).find("moonshot-cn") != std::string::npos);
  CHECK(ks::Client({.provider = "Moonshot-CN", .api_key = key}).provider().name == "moonshot-cn");
}

TEST_CASE("another spelling of a provider's address becomes the provider's own, and no other is changed") {
  const auto base_url = [](std::string provider, std::string url) {
    return ks::Client({.provider = std::move(provider), .base_url = std::move(url), .api_key = key}).base_url();
  };
  CHECK(base_url("", "https://API.moonshot.cn:443/") == "https://api.moonshot.cn/v1");
  CHECK(base_url("", "https://api.moonshot.ai/anthropic/v1") == "https://api.moonshot.ai/anthropic");
  CHECK(base_url("vllm", "http://localhost:8000") == "http://localhost:8000/v1");
  CHECK(base_url("vllm", "http://gpu-7:8000") == "http://gpu-7:8000");
  CHECK(base_url("moonshot", "https://api.moonshot.cn") == "https://api.moonshot.cn/v1");
  CHECK(base_url("moonshot-anthropic", "https://api.moonshot.ai") == "https://api.moonshot.ai");
  CHECK(base_url("moonshot-anthropic", "https://gateway.example/v1") == "https://gateway.example/v1");
  const ks::Destination asked = ks::destination_of({.base_url = "https://api.moonshot.cn"});
  CHECK(asked.provider->name == "moonshot-cn");
  CHECK(asked.base_url == "https://api.moonshot.cn/v1");
  CHECK(ks::destination_of({.provider = "cloudflare"}).base_url.find("{account_id}") != std::string::npos);
}

TEST_CASE("a request carries the key, its type and the caller's headers, each once") {
  Offline offline;
  offline.answer({whole_stream()});
  ks::ClientOptions options = with_key(offline);
  options.default_headers = {{"X-Default", "d"}, {"X-Both", "default"}};
  ks::Client client(options);
  ks::Request request = one_plus_one;
  request.extra_headers = {
      {"x-both", "request"}, {"content-type", "application/json; charset=utf-8"}, {"ACCEPT", "*/*"}};
  (void)client.stream(request).message();
  REQUIRE(offline.script->requests.size() == 1);
  const ks::HttpRequest& sent = offline.script->requests[0];
  CHECK(sent.method == "POST");
  CHECK(sent.url == "https://api.moonshot.ai/v1/chat/completions");
  const auto all = [&](std::string_view name) {
    Texts values;
    for (const auto& [field, value] : sent.headers)
      if (ks::equal_ignoring_case(field, name)) values.push_back(value);
    return values;
  };
  CHECK(all("authorization") == Texts{std::string("Bearer ") + key});
  CHECK(all("x-default") == Texts{"d"});
  CHECK(all("x-both") == Texts{"request"});
  CHECK(all("content-type") == Texts{"application/json; charset=utf-8"});
  CHECK(all("accept") == Texts{"*/*"});
  CHECK(all("user-agent").size() == 1);
  CHECK_FALSE(sent.compressed);  // a compressor would hold tokens back
}

TEST_CASE("a key that the server quotes is shown nowhere") {
  const std::string quote = std::string("Incorrect API key provided: ") + key + ".";
  const Texts bodies = {R"({"error":{"message":")" + quote + R"(","type":")" + key + R"(","code":")" + key +
                            R"(","param":")" + key + R"("}})",
                        quote,
                        std::string(180, 'x') + " " + quote,
                        std::string(190, ' ') + key,
                        std::string(65'520, 'x') + key,
                        R"({"detail":[")" + quote + R"("]})"};
  for (const std::string& body : bodies)
    for (const int status : {200, 401, 307, 500}) {
      for (const ks::Headers& headers :
           {ks::Headers{{"Content-Type", "application/json"}}, ks::Headers{{"Content-Type", "text/html"}},
            ks::Headers{{"Content-Type", "text/event-stream"}}}) {
        Offline offline;
        ks::Headers all = headers;
        all.add("X-Echo", std::string("Bearer ") + key);
        all.add("Location", std::string("https://evil.example/?k=") + key);
        const bool stream = headers.find("content-type") == "text/event-stream";
        offline.answer({stream && status == 200 ? sse(text("a")) + sse(body) : body}, status, all);
        ks::Client client(with_key(offline));
        ks::Stream answer = client.start(one_plus_one, true, ks::Shape::events);
        const Outcome outcome = read_all(answer);
        REQUIRE(outcome.error);
        CAPTURE(status);
        CAPTURE(body.substr(0, 100));
        CHECK(all_of(*outcome.error).find(std::string(key).substr(0, 8)) == std::string::npos);
      }
    }
}

TEST_CASE("a key that the server quotes in a failed attempt is not in the warning of the retry") {
  Offline offline;
  offline.answer_json(std::string(R"({"error":{"message":"try later, )") + key + "\"}}", 503).answer_json(whole_body());
  ks::ClientOptions options = with_key(offline);
  options.max_retries = 1;
  ks::Client client(options);
  const ks::Message message = client.complete(one_plus_one);
  REQUIRE(message.warnings.size() == 1);
  CHECK(message.warnings[0].code == "retried");
  CHECK(message.warnings[0].message.find(key) == std::string::npos);
}

TEST_CASE("a request that no server would take is refused before it is sent") {
  Offline offline;
  ks::Client client = offline.client();
  const auto error = error_of([&] { (void)client.complete({}); });
  REQUIRE(error);
  CHECK(error->kind == ks::ErrorKind::invalid_request);
  CHECK(offline.script->requests.empty());
}

TEST_CASE("attempts that failed before an answer began are repeated, with the whole body") {
  for (const int status : {408, 409, 425, 429, 500, 502, 503, 520, 521, 522, 523, 529, 530}) {
    CAPTURE(status);
    Offline offline;
    offline.answer_json(R"({"error":{"message":"m"}})", status, {{"retry-after-ms", "1"}}).answer_json(whole_body());
    ks::ClientOptions options = offline.options();
    options.max_retries = 1;
    ks::Client client(options);
    CHECK(client.complete(one_plus_one).content == "Hello");
    REQUIRE(offline.script->requests.size() == 2);
    CHECK(offline.script->requests[0].body->segments[0].text == offline.script->requests[1].body->segments[0].text);
  }
}

TEST_CASE("errors that would come again are not repeated") {
  const std::vector<std::pair<int, std::string>> table = {
      {400, "{}"}, {401, "{}"},
      {402, "{}"}, {403, "{}"},
      {404, "{}"}, {413, "{}"},
      {422, "{}"}, {429, R"({"error":{"type":"exceeded_current_quota_error","message":"m"}})"},
      {307, "{}"}};
  for (const auto& [status, body] : table) {
    const auto& row = status;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    Offline offline;
    offline.answer_json(body, status).answer_json(whole_body());
    ks::ClientOptions options = offline.options();
    options.max_retries = 5;
    ks::Client client(options);
    const auto error = error_of([&, &c = client] { (void)c.complete(one_plus_one); });
    REQUIRE(error);
    CHECK(error->status_code == status);
    CHECK(offline.script->requests.size() == 1);
  }
}

TEST_CASE("there are as many retries as were asked for, and then the last error") {
  Offline offline;
  for (int i = 0; i < 5; ++i) offline.answer_json("{}", 503, {{"retry-after-ms", "1"}});
  ks::ClientOptions options = offline.options();
  options.max_retries = 3;
  ks::Client client(options);
  const auto error = error_of([&] { (void)client.stream(one_plus_one); });
  REQUIRE(error);
  CHECK(error->status_code == 503);
  CHECK(offline.script->requests.size() == 4);
}

TEST_CASE("a server that asks for more patience than there is is not waited for") {
  Offline offline;
  offline.answer_json("{}", 429, {{"Retry-After", "3600"}}).answer_json(whole_body());
  ks::ClientOptions options = offline.options();
  options.max_retries = 5;
  ks::Client client(options);
  const auto error = error_of([&] { (void)client.complete(one_plus_one); });
  REQUIRE(error);
  CHECK(error->retry_after == 3600);
  CHECK(offline.script->requests.size() == 1);
}

TEST_CASE("nothing is repeated once an answer has begun to stream") {
  Offline offline;
  offline.answer({sse(text("Hi")) + sse(R"({"error":{"message":"m","code":503}})")}).answer({whole_stream()});
  ks::ClientOptions options = offline.options();
  options.max_retries = 5;
  ks::Client client(options);
  ks::Stream stream = client.stream(one_plus_one);
  CHECK(read_all(stream).error);
  CHECK(offline.script->requests.size() == 1);
}

TEST_CASE("what a failed attempt said is not joined to what the next one says") {
  Offline offline;
  offline
      .answer_json(R"({"choices":[{"message":{"content":"half"},"finish_reason":"error"}]})", 200,
                   {{"x-should-retry", "true"}, {"retry-after-ms", "1"}})
      .answer_json(whole_body());
  ks::ClientOptions options = offline.options();
  options.max_retries = 1;
  ks::Client client(options);
  const ks::Message message = client.complete(one_plus_one);
  CHECK(message.content == "Hello");
  CHECK(offline.script->requests.size() == 2);
}

TEST_CASE("other resources come as their JSON") {
  Offline offline;
  offline.answer_json(R"({"data":[{"id":"kimi-k2.6"}]})")
      .answer_json(R"({"error":{"message":"no"}})", 404)
      .answer_json("{broken");
  ks::Client client = offline.client();
  CHECK(client.get("/models").text == R"({"data":[{"id":"kimi-k2.6"}]})");
  CHECK(offline.script->requests[0].method == "GET");
  CHECK(offline.script->requests[0].url == "https://api.moonshot.ai/v1/models");
  CHECK(error_of([&] { (void)client.get("/nothing"); })->status_code == 404);
  CHECK(error_of([&] { (void)client.get("/broken"); }));
}

TEST_CASE("many requests are each answered once, in whatever order") {
  Offline offline;
  for (int i = 0; i < 40; ++i) {
    if (i % 5 == 0)
      offline.answer_json(R"({"error":{"message":"no"}})", 400);
    else
      offline.answer_json(whole_body(std::to_string(i)));
  }
  ks::Client client = offline.client();
  std::vector<ks::Request> requests(41, one_plus_one);
  requests[40].messages.clear();  // refused before it is sent
  std::vector<int> seen(41);
  int failed = 0;
  client.run_all(requests,
                 [&](ks::Result result) {
                   ++seen.at(result.index);
                   CHECK(result.message.has_value() != result.error.has_value());
                   if (result.error) ++failed;
                 },
                 {.concurrency = 7});
  CHECK(seen == std::vector<int>(41, 1));
  CHECK(failed == 9);
  client.run_all({}, [](ks::Result) { FAIL("there was nothing to do"); });
}

TEST_CASE("what on_result throws ends a run and is passed on") {
  Offline offline;
  for (int i = 0; i < 10; ++i) offline.answer_json(whole_body());
  ks::Client client = offline.client();
  const std::vector<ks::Request> requests(10, one_plus_one);
  int seen = 0;
  CHECK_THROWS_AS(client.run_all(requests,
                                 [&](ks::Result) {
                                   if (++seen == 3) throw std::runtime_error("enough");
                                 },
                                 {.concurrency = 4}),
                  std::runtime_error);
  CHECK(seen == 3);
}

TEST_CASE("an address with a place to fill in says which") {
  const auto error = error_of([] { ks::Client client{{.provider = "cloudflare", .api_key = "k"}}; });
  REQUIRE(error);
  CHECK(error->kind == ks::ErrorKind::invalid_request);
  CHECK(error->message.find("{account_id}") != std::string::npos);
  ks::Client filled{{.base_url = "https://api.cloudflare.com/client/v4/accounts/0af1/ai/v1", .api_key = "k"}};
  CHECK(filled.provider().name == "cloudflare");
}

TEST_CASE("a refusal quotes the rule that the request was known to break") {
  Offline offline;
  offline.answer_json(R"({"error":{"message":"invalid temperature","type":"invalid_request_error"}})", 400);
  ks::Client client(offline.options());
  ks::Request request = one_plus_one;
  request.temperature = 0.2;
  const auto error = error_of([&] { (void)client.complete(request); });
  REQUIRE(error);
  CHECK(error->message.find("invalid temperature") != std::string::npos);
  CHECK(error->message.find("[fixed_temperature]") != std::string::npos);
  CHECK_FALSE(error->partial);
}
