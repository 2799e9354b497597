// What is left on an account, as it was sent.
#include "kimistream/balance.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

ks::Balance told(std::string body) {
  Offline offline;
  offline.answer_json(std::move(body));
  ks::Client client = offline.client();
  return ks::balance(client);
}

}  // namespace

TEST_CASE("amounts are exact, as numbers or as strings") {
  const ks::Balance balance = told(
      R"({"code":0,"data":{"available_balance":49.588940000000001,"voucher_balance":"46.58893","cash_balance":-3},)"
      R"("scode":"0x0","status":true})");
  CHECK(balance == ks::Balance{.available_balance = "49.588940000000001",
                               .voucher_balance = "46.58893",
                               .cash_balance = "-3",
                               .currency = "USD"});
}

TEST_CASE("what is no amount is not told") {
  const ks::Balance balance = told(R"({"data":{"available_balance":0,"voucher_balance":"much","cash_balance":true}})");
  CHECK(balance.available_balance == "0");
  CHECK(balance.voucher_balance.empty());
  CHECK(balance.cash_balance.empty());
}

TEST_CASE("an answer without a balance is an error that says so") {
  CHECK_THROWS_WITH_AS((void)told(R"({"code":5,"data":{"available_balance":1},"message":"no account"})"),
                       doctest::Contains("no account"), ks::Exception);
  CHECK_THROWS_WITH_AS((void)told(R"({"data":{}})"), doctest::Contains("available_balance"), ks::Exception);
  CHECK_THROWS_AS((void)told("[]"), ks::Exception);
}

TEST_CASE("a row without this resource is refused before anything is sent") {
  Offline offline;
  ks::ClientOptions options = offline.options();
  options.provider = "vllm";
  options.base_url = "http://127.0.0.1:9/v1";
  ks::Client client(options);
  CHECK_THROWS_WITH_AS((void)ks::balance(client), doctest::Contains("console"), ks::Exception);
  CHECK(offline.script->requests.empty());
}
