// Every known shape of an error body becomes the one error value (dialects: section 6).
#include "wire/errors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "support/play.hpp"
#include "wire/triage.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;

namespace {

using Texts = std::vector<std::string>;

const ks::Provider& moonshot() { return *ks::find_provider("moonshot"); }

ks::Error response(int status, const std::string& body, const ks::Headers& headers = {}) {
  ks::Error error = wire::error_from_response(moonshot(), status, headers, body);
  wire::triage(moonshot(), error);
  return error;
}
ks::Error frame(const std::string& body, int status = 200) {
  ks::Error error = wire::error_from_frame(moonshot(), status, {}, body);
  wire::triage(moonshot(), error);
  return error;
}

bool says(const ks::Error& error, std::string_view words) { return error.message.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("type, code, param and message are read from each shape") {
  for (
      const std::string body : Texts{
          R"({"error":{"message":"too long","type":"invalid_request_error","code":"x1","param":"messages"}})",
          R"({"object":"error","message":"too long","type":"invalid_request_error","code":"x1","param":"messages"})",
          R"({"type":"error","error":{"type":"invalid_request_error","message":"too long","code":"x1","param":"messages"}})",
          R"({"success":false,"errors":[{"code":"x1","message":"too long","type":"invalid_request_error","param":"messages"}],"result":null})",
          R"({"error":"{\"error\":{\"message\":\"too long\",\"type\":\"invalid_request_error\",\"code\":\"x1\",\"param\":\"messages\"}}"})"}) {
    CAPTURE(body);
    const ks::Error error = response(400, body);
    CHECK(error.kind == ks::ErrorKind::status);
    CHECK(error.status_code == 400);
    CHECK(error.type == "invalid_request_error");
    CHECK(error.code == "x1");
    CHECK(error.param == "messages");
    CHECK(says(error, "too long"));
    CHECK(error.body == body);
    CHECK_FALSE(error.retryable);
  }
}

TEST_CASE("codes that are numbers come as text") {
  CHECK(response(429, R"({"errors":[{"code":3040,"message":"Capacity temporarily exceeded"}]})").code == "3040");
  CHECK(response(400, R"({"error":{"code":null,"message":"m"}})").code.empty());
}

TEST_CASE("bodies that are text, HTML, other JSON or nothing are shown as they are") {
  CHECK(says(response(502, "upstream connect error"), "upstream connect error"));
  CHECK(says(response(502, "<html><body>Bad Gateway</body></html>"), "Bad Gateway"));
  CHECK(says(response(422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})"), "field required"));
  CHECK(says(response(422, R"({"detail":"no such thing"})"), "no such thing"));
  CHECK(says(response(400, R"({"error":"plain text"})"), "plain text"));
  CHECK(says(response(500, ""), "HTTP 500"));
  for (const std::string body :
       Texts{"[]", "null", "1", "\"x\"", R"({"error":null})", R"({"error":[]})", R"({"error":7})", R"({"errors":[]})",
             R"({"error":{"message":{"text":"m"}}})", R"({"choices":[{}]})", "{", R"({"error":true})"}) {
    CAPTURE(body);
    CHECK(says(response(400, body), "HTTP 400"));
    CHECK(response(400, body).status_code == 400);
  }
}

TEST_CASE("long bodies are cut in the message and at 64 KiB in the error, never inside a character") {
  std::string body;
  while (body.size() < 100'000) body += "é";
  const ks::Error error = response(500, body);
  CHECK(error.body.size() <= 64 * 1024);
  CHECK(error.message.size() < 400);
  CHECK(ks::testing::is_utf8(error.message));
}

TEST_CASE("some statuses may succeed next time and others will not") {
  for (const int status : {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530}) {
    CAPTURE(status);
    CHECK(wire::is_retryable_status(status));
    CHECK(response(status, "{}").retryable);
  }
  for (const int status : {400, 401, 402, 403, 404, 405, 413, 422, 499, 501, 505}) {
    CAPTURE(status);
    CHECK_FALSE(wire::is_retryable_status(status));
    CHECK_FALSE(response(status, "{}").retryable);
  }
}

TEST_CASE("an empty account is never retried, however it is worded") {
  for (const std::string body :
       Texts{R"({"error":{"type":"exceeded_current_quota_error","message":"m"}})",
             R"({"error":{"code":"exceeded_current_quota_error"}})",
             R"({"error":{"message":"You exceeded your current quota, please check your plan"}})",
             R"({"error":{"message":"Your account is suspended, please check your account balance"}})",
             R"({"error":{"message":"Insufficient balance"}})", R"({"error":{"message":"please recharge"}})",
             R"({"error":{"message":"your account is in arrears"}})"}) {
    CAPTURE(body);
    CHECK_FALSE(response(429, body).retryable);
  }
  CHECK(
      response(429, R"({"error":{"type":"rate_limit_reached_error","message":"Your account reached TPM rate limit"}})")
          .retryable);
  CHECK(response(429, R"({"error":{"type":"engine_overloaded_error","message":"The engine is currently overloaded"}})")
            .retryable);
}

TEST_CASE("the server's own word on retrying counts") {
  CHECK_FALSE(response(500, "{}", {{"X-Should-Retry", "false"}}).retryable);
  CHECK(response(400, "{}", {{"x-should-retry", "true"}}).retryable);
  CHECK(response(500, "{}", {{"x-should-retry", "perhaps"}}).retryable);
  CHECK_FALSE(response(429, R"({"error":{"message":"m","availability":{"retryable":false}}})").retryable);
}

TEST_CASE("hints are read from headers, the body and the message, in this order") {
  CHECK(response(429, R"({"error":{"availability":{"retry_after":40}}})", {{"Retry-After", "7"}}).retry_after == 7);
  CHECK(response(429, R"({"error":{"message":"m","availability":{"retry_after":40}}})").retry_after == 40);
  CHECK(response(429, R"({"error":{"message":"reached max RPM: 3, please try again after 2 seconds"}})").retry_after ==
        2);
  CHECK_FALSE(response(429, R"({"error":{"message":"please try again after lunch"}})").retry_after);
  CHECK_FALSE(response(429, R"({"error":{"message":"please try again after -3 seconds"}})").retry_after);
  CHECK_FALSE(response(429, "{}").retry_after);
}

TEST_CASE("hints that make no sense are none") {
  for (const std::string hint : Texts{"-5", "NaN", "Infinity", "1e999", "null", "\"soon\"", "{}"}) {
    CAPTURE(hint);
    CHECK_FALSE(response(429, R"({"error":{"message":"m","availability":{"retry_after":)" + hint + "}}}").retry_after);
  }
}

TEST_CASE("the request id is found under the provider's names") {
  CHECK(response(400, "{}", {{"Msh-Request-Id", "r1"}, {"x-request-id", "r2"}}).request_id == "r1");
  CHECK(response(400, "{}", {{"X-Request-ID", "r2"}}).request_id == "r2");
  CHECK(response(400, "{}", {{"x-trace-id", "r3"}}).request_id == "r3");
  CHECK(response(400, "{}").request_id.empty());
  CHECK(wire::request_id(*ks::find_provider("openai-compatible"), {{"request-id", "r4"}}) == "r4");
}

TEST_CASE("the request id of the body counts where no header has one") {
  const std::string body = R"({"type":"error","error":{"type":"rate_limit_error","message":"m"},"request_id":"req_1"})";
  CHECK(response(429, body).request_id == "req_1");
  CHECK(response(429, body, {{"x-request-id", "r2"}}).request_id == "r2");
  CHECK(frame(body).request_id == "req_1");
  CHECK(response(429, R"({"error":{},"request_id":"a\nb"})").request_id.empty());
  CHECK(response(429, R"({"error":{},"request_id":null})").request_id.empty());
  CHECK(response(429, R"({"error":{},"request_id":")" + std::string(1000, 'x') + "\"}").request_id.empty());
}

TEST_CASE("errors of the messages protocol have their statuses and are retried accordingly") {
  const std::vector<std::tuple<std::string, int, bool>> table = {
      {"invalid_request_error", 400, false}, {"authentication_error", 401, false},
      {"billing_error", 402, false},         {"permission_error", 403, false},
      {"not_found_error", 404, false},       {"request_too_large", 413, false},
      {"rate_limit_error", 429, true},       {"api_error", 500, true},
      {"internal_error", 500, true},         {"timeout_error", 504, true},
      {"overloaded_error", 529, true}};
  for (const auto& [type, status, retryable] : table) {
    const auto& row = type;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    const std::string body = R"({"type":"error","error":{"type":")" + type + R"(","message":"m"}})";
    const ks::Error error = frame(body);
    CHECK(error.type == type);
    CHECK(error.status_code == status);
    CHECK(error.retryable == retryable);
    CHECK(says(response(status, body), ": m"));
  }
  CHECK_FALSE(response(429, R"({"type":"error","error":{"type":"billing_error","message":"m"}})").retryable);
}

TEST_CASE("codes that the row knows as an empty account are not retried") {
  const ks::Provider& row = *ks::find_provider("cloudflare");
  const auto retryable = [&](const char* body) {
    ks::Error error = wire::error_from_response(row, 429, {}, body);
    wire::triage(row, error);
    return error.retryable;
  };
  CHECK_FALSE(retryable(R"({"success":false,"errors":[{"code":3036,"message":"m"}]})"));
  CHECK(retryable(R"({"success":false,"errors":[{"code":3040,"message":"m"}]})"));
}

TEST_CASE("an error frame has the status that it carries, in a number, a text or its type") {
  const std::vector<std::pair<std::string, int>> table = {
      {R"({"error":{"code":429,"message":"m"}})", 429},
      {R"({"error":{"code":"502","message":"m"}})", 502},
      {R"({"error":{"http_status":503,"message":"m"}})", 503},
      {R"({"error":{"type":"server_error","message":"m"}})", 500},
      {R"({"error":{"type":"engine_overloaded_error","message":"m"}})", 429},
      {R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})", 529},
      {R"({"error":{"type":"BadRequestError","message":"m","code":400}})", 400},
      {R"({"object":"error","type":"InternalServerError","message":"m"})", 500},
      {R"({"choices":[{"error":{"code":502,"message":"m"},"finish_reason":"error"}]})", 502},
      {R"({"error":{"message":"m","metadata":{"error_type":"rate_limit_exceeded"}}})", 429},
  };
  for (const auto& [body, status] : table) {
    const auto& row = body;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    const ks::Error error = frame(body);
    CHECK(error.kind == ks::ErrorKind::status);
    CHECK(error.status_code == status);
    CHECK(says(error, ": m"));
    CHECK(error.retryable == wire::is_retryable_status(status));
  }
}

TEST_CASE("an error frame without a status is one of the response, and a break unless it blames the request") {
  for (const std::string& body : Texts{R"({"error":"out of memory"})", R"({"error":{"message":"out of memory"}})",
                                       "out of memory", R"({"error":{"code":200,"message":"out of memory"}})",
                                       R"({"error":{"code":"E7","message":"out of memory"}})"}) {
    CAPTURE(body);
    const ks::Error error = frame(body);
    CHECK(error.kind == ks::ErrorKind::response);
    CHECK_FALSE(error.status_code);
    CHECK(says(error, "out of memory"));
    CHECK(error.retryable);
  }
  for (const std::string body :
       Texts{R"({"error":"the model is not found"})", R"({"error":{"message":"Invalid role"}})",
             R"({"error":{"type":"unsupported_parameter","message":"m"}})",
             R"({"error":{"message":"m","availability":{"retryable":false}}})"}) {
    CAPTURE(body);
    CHECK_FALSE(frame(body).retryable);
  }
}

TEST_CASE("error frames of gateways are failures on the way") {
  for (const std::string type : Texts{"stream_error", "upstream_error", "proxy_error", "do_request_failed"}) {
    const ks::Error error = frame(R"({"error":{"message":"Stream error: m","type":")" + type + "\"}}");
    CHECK(error.status_code == 502);
    CHECK(error.kind == ks::ErrorKind::status);
    CHECK(error.type == type);
    CHECK(error.retryable);
  }
}

TEST_CASE("an error body is read where others put it") {
  CHECK(says(response(429, R"([{"error":{"code":429,"message":"too much"}}])"), "too much"));  // Google
  const std::string object = R"({"error":{"code":"c","param":"p","message":"no"}})";
  const ks::Error tailed = response(422, object + "Please look at this page");  // Azure
  CHECK(tailed.code == "c");
  CHECK(tailed.body == object);
  // Portkey hands its upstream's body on as words.
  const ks::Error nested =
      response(401, R"({"error":{"message":"{\"error\":{\"message\":\"no\",\"type\":\"t\"}}","type":null}})");
  CHECK(nested.type == "t");
  CHECK(says(nested, "HTTP 401: no"));
  CHECK(says(response(400, R"({"error_code":336003,"error_msg":"no"})"), "no"));
}

TEST_CASE("pages are told by their title and by who sent them, empty answers by what their status means") {
  const ks::Headers squid = {{"Server", "squid/5.7"}, {"Via", "1.1 gate"}};
  const std::string page =
      "<!DOCTYPE html><html><head><title>ERROR: not retrieved</title></head><body>Failed.</body></html>";
  CHECK(response(503, page, squid).message ==
        "HTTP 503: ERROR: not retrieved: Failed. (a page of squid/5.7, via 1.1 gate, not of the API)");
  CHECK(says(response(503, R"({"html-message":"<html><title>Busy</title></html>"})"), "HTTP 503: Busy (a page of"));
  CHECK(response(504, "", {{"Server", "Caddy"}}).message == "HTTP 504: Gateway Timeout (an empty answer of Caddy)");
  CHECK(says(response(524, ""), "did not answer its proxy in time"));
  CHECK(says(response(418, ""), "no message"));
}

TEST_CASE("a request id is found under the names of gateways, whatever the row; the row's own comes first") {
  for (const char* name : {"x-litellm-call-id", "X-Oneapi-Request-Id", "x-portkey-trace-id", "request-id",
                           "llm_provider-msh-request-id", "cf-ray"}) {
    CAPTURE(name);
    CHECK(response(500, "", {{name, "id-1"}}).request_id == "id-1");
    CHECK(response(500, "", {{name, "id-1"}, {"Msh-Request-Id", "own"}}).request_id == "own");
  }
  CHECK(response(500, "", {{"x-request-id", ""}, {"cf-ray", "id-1"}}).request_id == "id-1");
}

TEST_CASE("how long to wait is read in headers, details and words, in this order") {
  const std::string body =
      R"({"error":{"message":"Please retry in 3s","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"31.5s"}]}})";
  CHECK(response(429, body, {{"llm_provider-retry-after", "7"}}).retry_after == 7);
  CHECK(response(429, body).retry_after == 31.5);
  CHECK(response(429, R"({"error":{"message":"Please retry in 3s"}})").retry_after == 3);
  CHECK_FALSE(response(400, R"({"error":{"message":"Please retry in 3s"}})").retry_after);
}
