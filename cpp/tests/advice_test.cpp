// What a refusal says to do: about the key, the model, the address, and what the checks had said.
#include "advice.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

struct Case {
  int status = 404;
  std::string message = "HTTP 404: m";
  const char* provider = "moonshot";
  std::string url = "https://api.moonshot.ai/v1/chat/completions";
  std::string model = "kimi-k2.6";
  std::string key_origin = "";
  std::string models_call = "";
  bool with_key = true;
  bool accepted = false;
  std::vector<ks::Notice> warnings = {};
};

std::string advice(const Case& given) {
  ks::Error error{.kind = ks::ErrorKind::status, .message = given.message, .status_code = given.status};
  if (given.status == 401) error.reason = "key";
  ks::advise({.provider = ks::provider_named(given.provider),
              .url = given.url,
              .model = given.model,
              .key_origin = given.key_origin,
              .models_call = given.models_call,
              .with_key = given.with_key,
              .accepted = given.accepted,
              .warnings = given.warnings},
             error);
  REQUIRE(error.message.starts_with(given.message));
  return error.message.substr(given.message.size());
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a refused key is told from where it came, and nothing of it") {
  for (const int status : {401, 403}) {
    CHECK(contains(advice({.status = status, .key_origin = "SOME_KEY"}), "The key came from SOME_KEY."));
    CHECK_FALSE(contains(advice({.status = status}), "The key came from"));
    CHECK(contains(advice({.status = status, .key_origin = "SOME_KEY", .with_key = false}), "No key was sent."));
    CHECK(contains(advice({.status = status, .key_origin = "SOME_KEY", .accepted = true}), "SOME_KEY"));
  }
  CHECK(advice({.status = 400, .key_origin = "SOME_KEY"}).empty());
}

TEST_CASE("what is said of a provider's keys is said at its own hosts") {
  CHECK(contains(advice({.status = 401}), "moonshot-cn"));
  CHECK_FALSE(contains(advice({.status = 403}), "moonshot-cn"));
  for (const char* url : {"http://127.0.0.1:1/v1/chat/completions", "https://gateway.example/v1/chat/completions"})
    CHECK_FALSE(contains(advice({.status = 401, .url = url}), "moonshot"));
  CHECK(contains(advice({.status = 401, .provider = "vllm", .url = "http://gpu-7:8000/v1/chat/completions"}),
                 "--api-key"));
}

TEST_CASE("a wrong model is told what was probably meant") {
  const auto told = [](const char* model, const char* provider = "moonshot") {
    return advice(
        {.message = "HTTP 404: Not found the model or Permission denied", .provider = provider, .model = model});
  };
  CHECK(told("kimi-k2-6") == ". Did you mean kimi-k2.6? client.get(\"/models\") tells what is served");
  CHECK(contains(told("kimi-k9"), "Did you mean kimi-k3?"));
  CHECK(contains(told("kimi-k2.6-thinking"), "Did you mean kimi-k2.6?"));
  CHECK(contains(told("kimi-k2-6", "openrouter"), "Did you mean moonshotai/kimi-k2.6?"));
  CHECK_FALSE(contains(told("gpt-4o"), "Did you mean"));
  CHECK(contains(told("gpt-4o"), "client.get(\"/models\") tells what is served"));
  CHECK(contains(advice({.message = "HTTP 404: Not found the model", .models_call = "client.models.list()"}),
                 "client.models.list() tells what is served"));
  // What was asked for is no guess: this account has it not, or nobody has it any more.
  CHECK(told("kimi-k2.6") == ". client.get(\"/models\") tells what is served");
  CHECK_FALSE(contains(told("moonshotai/kimi-k2.6", "openrouter"), "Did you mean"));
  // It need not be called a model, where its name stands there.
  CHECK(contains(advice({.message = "No endpoints found for kimi-k2-6.", .model = "kimi-k2-6"}), "Did you mean"));
}

TEST_CASE("where nothing answers, the address is shown, and how the row's own ends") {
  CHECK(advice({.url = "http://host:1/chat/completions"}) ==
        ". Nothing answers at http://host:1/chat/completions: is base_url right? moonshot's ends in /v1");
  CHECK(advice({.url = "http://host:1/models", .model = ""}) ==
        ". Nothing answers at http://host:1/models: is base_url right? moonshot's ends in /v1");
  CHECK(advice({.url = "http://host:1/v1/chat/completions"}) ==
        ". Nothing answers at http://host:1/v1/chat/completions: is base_url right?");
  CHECK(contains(advice({.provider = "openrouter", .url = "https://openrouter.ai/chat/completions"}),
                 "openrouter's ends in /api/v1"));
  CHECK(advice({.url = "http://host:1/v1/files/file-1", .model = ""}).empty());
  CHECK(advice({.url = "http://host:1/files/file-1", .model = ""}) ==
        ". Nothing answers at http://host:1/files/file-1: is base_url right? moonshot's ends in /v1");
  const char* const account = "https://api.cloudflare.com/client/v4/accounts/0af1/ai/v1/files";
  CHECK(advice({.provider = "cloudflare", .url = account, .model = ""}).empty());
  CHECK(advice({.url = "http://host:1/chat/completions", .accepted = true}).empty());
  CHECK(advice({.status = 400, .url = "http://host:1/chat/completions"}).empty());
}

TEST_CASE("what the checks had said is quoted, several of them one a line, behind one full stop") {
  const ks::Notice a{"code_a", "first"}, b{"code_b", "second"}, retried{"retried", "third"};
  CHECK(advice({.status = 400, .message = "No.", .warnings = {a}}) == " Before it was sent: first [code_a]");
  CHECK(advice({.status = 400, .message = "No", .warnings = {a, retried, b}}) ==
        ". Before it was sent:\n  first [code_a]\n  second [code_b]");
  CHECK(advice({.status = 400, .warnings = {retried}}).empty());
  CHECK(advice({.status = 400, .accepted = true, .warnings = {a}}).empty());
  CHECK(advice({.status = 500, .warnings = {a}}).empty());
}

TEST_CASE("a client's refusals carry the advice") {
  Offline offline;
  offline.answer_json(R"({"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}})", 401)
      .answer_json(R"({"error":"url.not_found"})", 404)
      .answer_json(R"({"error":{"message":"Not found the model kimi-k2-6"}})", 404);
  ks::ClientOptions options = offline.options();
  options.key_origin = "SOME_KEY";
  ks::Client client(options);
  const auto message = [&](ks::Request request) {
    try {
      (void)client.complete(request);
    } catch (const ks::Exception& exception) {
      return exception.error().message;
    }
    return std::string();
  };
  const std::string refused = message(one_plus_one);
  CHECK(contains(refused, "The key came from SOME_KEY."));
  CHECK(contains(refused, "moonshot-cn"));
  CHECK(contains(message(one_plus_one), "Nothing answers at https://api.moonshot.ai/v1/chat/completions"));
  ks::Request wrong = one_plus_one;
  wrong.model = "kimi-k2-6";
  const std::string guessed = message(wrong);
  CHECK(contains(guessed, "Did you mean kimi-k2.6?"));
  CHECK(guessed.find("Did you mean") == guessed.rfind("Did you mean"));  // not by the check before it was sent, too
}
