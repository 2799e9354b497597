// Keys and cookies are taken out of a recording, however they are written and wherever they are cut.
#include "record/secrets.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "media/base64.hpp"
#include "media/base64_decode.hpp"

namespace base64 = kimistream::media::base64;
using kimistream::Headers;
using kimistream::record::Piece;
using kimistream::record::Secrets;

namespace {

const std::string key = "sk-T/0123456789+abc";
const Secrets secrets({{"Authorization", "Bearer " + key}, {"Cookie", "session=c00kie-42; theme=dark"}});

std::string hidden(std::string text) {
  secrets.hide(text);
  return text;
}

std::string encoded(std::string_view bytes) {
  std::string text(base64::encoded_size(bytes.size()), '\0');
  base64::encode(bytes.data(), bytes.size(), text.data());
  return text;
}

std::string joined(const std::vector<Piece>& pieces) {
  std::string all;
  for (const Piece& piece : pieces) all += piece.bytes;
  return all;
}

}  // namespace

TEST_CASE("a key is taken out as it is, in JSON, in an address and twice in a text") {
  CHECK(hidden("no such key: " + key + ", " + key + ".") == "no such key: [key], [key].");
  CHECK(hidden(R"({"key":"sk-T\/0123456789+abc"})") == R"({"key":"[key]"})");
  CHECK(hidden("/v1/x?key=sk-T%2F0123456789%2Babc&a=1") == "/v1/x?key=[key]&a=1");
  CHECK(hidden("/v1/x?key=sk-T%2f0123456789%2babc") == "/v1/x?key=[key]");
  CHECK(hidden(R"({"key":"sk-T\u002F0123456789\u002Babc \u002f"})") == R"({"key":"[key] \u002f"})");
  CHECK(hidden("the cookie c00kie-42") == "the cookie [key]");
  CHECK(hidden("dark sk-T") == "dark sk-T");
}

TEST_CASE("a key is found whichever of its characters are escaped, and in JSON that is text in JSON") {
  CHECK(hidden(R"(say sk\u002dT/01\u00323456789+abc!)") == "say [key]!");
  CHECK(hidden(R"({"a":"{\"b\":\"sk\\u002dT\\/0123456789+abc\"}"})") == R"({"a":"{\"b\":\"[key]\"}"})");
  CHECK(hidden("/x?a=%73k-T%2F0123456789%2Bab%63") == "/x?a=[key]");
  std::string all;
  for (const char c : key) {
    constexpr std::string_view digits = "0123456789abcdef";
    all += std::string("\\u00") + digits[static_cast<unsigned char>(c) >> 4] + digits[c & 15];
  }
  CHECK(hidden("\"" + all + "\"") == "\"[key]\"");
  const std::string other = R"(sk\u002dT is a beginning, \u00e9 and \u4e2d are letters, 100 % of it, %zz, \u00)";
  CHECK(hidden(other) == other);
  std::vector<Piece> pieces = {{0, "data: \"" + all.substr(0, 40)}, {1, all.substr(40) + "\"\n\n"}};
  secrets.hide(pieces);
  CHECK(joined(pieces) == "data: \"[key]\"\n\n");
}

TEST_CASE("in base64 a key is overwritten at each alignment, and what stands around it can still be read") {
  for (const bool in_address : {false, true})
    for (std::size_t before = 0; before < 7; ++before)
      for (std::size_t behind = 0; behind < 4; ++behind) {
        const std::string plain = std::string(before, 'b') + key + std::string(behind, 'e');
        std::string text = encoded(plain);
        if (in_address)
          for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
        const std::string shown = hidden(text);
        CHECK(shown.size() == text.size());
        const auto bytes = base64::decode(shown);
        REQUIRE(bytes);
        CHECK(bytes->find(key.substr(1, key.size() - 2)) == std::string::npos);
        CHECK(bytes->substr(0, before) == plain.substr(0, before));
        CHECK(bytes->substr(bytes->size() - behind) == plain.substr(plain.size() - behind));
      }
}

TEST_CASE("a key that is split between pieces is found wherever they are cut") {
  for (const std::string& written : {key, encoded("x" + key)}) {
    const std::string text = "before " + written + " behind " + written;
    for (std::size_t first = 0; first <= text.size(); ++first)
      for (std::size_t step = 1; step < 9; ++step) {
        std::vector<Piece> pieces = {{0, text.substr(0, first)}};
        for (std::size_t at = first; at < text.size(); at += step)
          pieces.push_back({static_cast<double>(at), text.substr(at, step)});
        secrets.hide(pieces);
        const std::string all = joined(pieces);
        CHECK(all == hidden(text));
        CHECK(all.find(written) == std::string::npos);
        for (const Piece& piece : pieces) CHECK_FALSE(piece.bytes.empty());
      }
  }
}

TEST_CASE("a key that a stream says in fragments is taken out of each") {
  for (std::size_t first = 1; first < key.size(); ++first)
    for (std::size_t second = first; second < key.size(); ++second) {
      std::vector<Piece> pieces = {
          {0, R"(data: {"choices":[{"delta":{"content":"It is )" + key.substr(0, first) + "\"}}]}\n\n"},
          {1, R"(data: {"choices":[{"delta":{"content":")" + key.substr(first, second - first) +
                  "\",\"reasoning\":\"sk\"}}]}\n\ndata: {}\n\n"},
          {2, R"(data: {"choices":[{"delta":{"content":")" + key.substr(second) + " indeed\"}}]}\n\n"}};
      secrets.hide(pieces);
      CHECK(joined(pieces) == R"(data: {"choices":[{"delta":{"content":"It is [key]"}}]})"
                              "\n\n"
                              R"(data: {"choices":[{"delta":{"content":"","reasoning":"sk"}}]})"
                              "\n\ndata: {}\n\n"
                              R"(data: {"choices":[{"delta":{"content":" indeed"}}]})"
                              "\n\n");
    }
}

TEST_CASE("pieces without a secret stay as they are") {
  std::vector<Piece> pieces = {{1, "a"}, {2, ""}, {3, "b"}};
  secrets.hide(pieces);
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[0].bytes == "a");
  CHECK(pieces[2].seconds == 3);
}

TEST_CASE("headers that carry a secret are left out, in others it is replaced") {
  const Headers shown = secrets.hide(Headers{{"AUTHORIZATION", "x"},
                                             {"X-Api-Key", "x"},
                                             {"cookie", "x"},
                                             {"Set-Cookie", "x"},
                                             {"Proxy-Authorization", "x"},
                                             {"X-Seen", "key " + key},
                                             {"Idempotency-Key", "7"}});
  CHECK(shown == Headers{{"X-Seen", "key [key]"}, {"Idempotency-Key", "7"}});
}

TEST_CASE("secrets that overlap go together") {
  const Secrets two({{"Authorization", "Bearer sk-abcdef123"}, {"X-Auth-Token", "def123ghi9"}});
  std::string text = "a sk-abcdef123ghi9 b";
  two.hide(text);
  CHECK(text == "a [key] b");
}

TEST_CASE("a request without a key has no secrets") {
  const Secrets none(Headers{{"Content-Type", "application/json"}});
  std::string text = "sk-0123456789abcdef";
  none.hide(text);
  CHECK(text == "sk-0123456789abcdef");
}
