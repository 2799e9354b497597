// Cassettes: what is recorded is played, in each mode.
#include "kimistream/cassette.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/cassettes.hpp"
#include "support/media.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using Mode = ks::CassetteMode;

namespace {

std::string refusal(const std::string& path, Mode mode) {
  try {
    const ks::Cassette cassette(path, mode);
  } catch (const ks::Exception& refused) {
    CHECK(refused.error().kind == ks::ErrorKind::invalid_request);
    return refused.what();
  }
  return "";
}

std::string answer_to(ks::Client& client, const std::string& prompt) {
  ks::Stream stream = client.stream(asking(prompt));
  return stream.message().content.value_or("");
}

/// Records an answer to each prompt.
void record(const std::string& path, const std::vector<std::string>& prompts, Mode mode = Mode::record) {
  Offline offline;
  for (const std::string& prompt : prompts) offline.answer({whole_stream("to " + prompt)});
  ks::Client client(taped(offline, ks::Cassette(path, mode)));
  for (const std::string& prompt : prompts) CHECK(answer_to(client, prompt) == "to " + prompt);
}

ks::Error miss_of(ks::Client& client, const std::string& prompt) {
  try {
    (void)answer_to(client, prompt);
  } catch (const ks::Exception& missed) {
    return missed.error();
  }
  FAIL("answered");
  return {};
}

ks::Client player(const std::string& path, Mode mode = Mode::replay, ks::CassetteOptions options = {}) {
  return ks::Client(taped(Offline(), ks::Cassette(path, mode, std::move(options))));
}

}  // namespace

TEST_CASE("once records when there is no file as the cassette is made, and plays from then on") {
  const Folder folder;
  Offline offline;
  offline.answer({whole_stream("Hello")}).answer({whole_stream("World")});
  const ks::Cassette cassette(folder.file());
  CHECK_FALSE(cassette.only_replays());
  CHECK(cassette.mode() == Mode::once);
  CHECK(cassette.path() == folder.file());
  ks::Client client(taped(offline, cassette));
  CHECK(answer_to(client, "a") == "Hello");
  CHECK(lines_of(folder.file()).size() == 2);  // without a close
  CHECK(answer_to(client, "b") == "World");    // the mode stays
  CHECK(ks::Cassette(folder.file()).only_replays());
  ks::Client again = player(folder.file(), Mode::once);
  CHECK(answer_to(again, "b") == "World");
  CHECK(answer_to(again, "a") == "Hello");
}

TEST_CASE("record throws away what was recorded, once there is something new") {
  const Folder folder;
  record(folder.file(), {"a", "b"});
  { const ks::Client unused = player(folder.file(), Mode::record); }
  CHECK(lines_of(folder.file()).size() == 3);
  record(folder.file(), {"c", "d"});
  CHECK(lines_of(folder.file()).size() == 3);
  ks::Client client = player(folder.file());
  CHECK(answer_to(client, "d") == "to d");
  CHECK(miss_of(client, "a").kind == ks::ErrorKind::cassette_miss);
}

TEST_CASE("append plays what is there and records the rest") {
  const Folder folder;
  record(folder.file(), {"a"}, Mode::append);
  Offline offline;
  offline.answer({whole_stream("new")}).answer({whole_stream("newer")});
  ks::Client client(taped(offline, ks::Cassette(folder.file(), Mode::append)));
  CHECK(answer_to(client, "b") == "new");
  CHECK(answer_to(client, "a") == "to a");
  CHECK(answer_to(client, "a") == "newer");
  ks::Client again = player(folder.file());
  CHECK(answer_to(again, "a") == "to a");
  CHECK(answer_to(again, "a") == "newer");
  CHECK(answer_to(again, "b") == "new");
}

TEST_CASE("replay wants its file, and knows no network") {
  const Folder folder;
  CHECK(mentions(refusal(folder.file(), Mode::replay), folder.file()));
  record(folder.file(), {"a"});
  ks::ClientOptions options = Offline().options();
  options.transport = ks::Cassette(folder.file(), Mode::replay).transport([]() -> std::unique_ptr<ks::Transport> {
    FAIL("the network was asked for");
    return nullptr;
  });
  ks::Client client(options);
  CHECK(answer_to(client, "a") == "to a");
}

TEST_CASE("each exchange answers once, equal ones in order; with repeat the last answers again") {
  const Folder folder;
  Offline offline;
  offline.answer({whole_stream("first")}).answer({whole_stream("second")});
  {
    ks::Client client(taped(offline, ks::Cassette(folder.file())));
    CHECK(answer_to(client, "a") == "first");
    CHECK(answer_to(client, "a") == "second");
  }
  ks::Client once = player(folder.file());
  CHECK(answer_to(once, "a") == "first");
  CHECK(answer_to(once, "a") == "second");
  CHECK(mentions(miss_of(once, "a").message, "has answered already"));
  ks::Client repeating = player(folder.file(), Mode::replay, {.repeat = true});
  CHECK(answer_to(repeating, "a") == "first");
  for (int i = 0; i < 3; ++i) CHECK(answer_to(repeating, "a") == "second");
}

TEST_CASE("one cassette for two clients answers neither what the other has had") {
  const Folder folder;
  record(folder.file(), {"a", "a"});
  const ks::Cassette cassette(folder.file(), Mode::replay);
  ks::Client one(taped(Offline(), cassette)), other(taped(Offline(), cassette));
  CHECK(answer_to(one, "a") == "to a");
  CHECK(answer_to(other, "a") == "to a");
  CHECK(miss_of(one, "a").kind == ks::ErrorKind::cassette_miss);
}

TEST_CASE("a miss shows what was asked, the nearest, and what differs") {
  const Folder folder;
  record(folder.file(), {"Why is the sky blue?", "What is a fish?"});
  ks::Client client = player(folder.file());
  const ks::Error miss = miss_of(client, "Why is the sea blue?");
  CHECK(miss.kind == ks::ErrorKind::cassette_miss);
  CHECK_FALSE(miss.retryable);
  for (const char* words : {"POST /v1/chat/completions", "exchange 1", "body/messages/0/content",
                            "\"Why is the sky blue?\"", "\"Why is the sea blue?\"", "append"})
    CHECK(mentions(miss.message, words));
  CHECK(mentions(miss.message, folder.file()));
}

TEST_CASE("what is no cassette, or newer, is refused in every mode") {
  const Folder folder;
  for (const std::string content : {"hello\n", "{\"kimistream_cassette\": 2}\n"}) {
    write_file(folder.file(), content);
    for (const Mode mode : {Mode::replay, Mode::record, Mode::once, Mode::append}) {
      CHECK(mentions(refusal(folder.file(), mode), folder.file()));
      CHECK(content_of(folder.file()) == content);
    }
  }
}

TEST_CASE("a cassette that cannot be written costs the recording, not the answer") {
  const Folder folder;
  write_file(folder.file("file"), "x");
  std::vector<std::string> warnings;
  Offline offline;
  offline.answer({whole_stream("Hello")}).answer({whole_stream("World")});
  const ks::Cassette cassette(folder.file("file/a.jsonl"), Mode::once,
                              {.on_warning = [&](const std::string& line) { warnings.push_back(line); }});
  ks::Client client(taped(offline, cassette));
  CHECK(answer_to(client, "a") == "Hello");
  CHECK(answer_to(client, "b") == "World");
  REQUIRE(warnings.size() == 2);
  CHECK(mentions(warnings[0], "file/a.jsonl"));
}

TEST_CASE("modes have names, and a transport can be had by them") {
  CHECK(ks::cassette_mode("replay") == Mode::replay);
  CHECK(ks::cassette_mode("record") == Mode::record);
  CHECK(ks::cassette_mode("once") == Mode::once);
  CHECK(ks::cassette_mode("append") == Mode::append);
  CHECK_THROWS_WITH_AS((void)ks::cassette_mode("all"), doctest::Contains("\"append\""), ks::Exception);
  const Folder folder;
  record(folder.file(), {"a", "b"});
  for (const auto& transport :
       {ks::cassette_transport(folder.file(), "replay"), ks::cassette_transport(folder.file(), Mode::replay)}) {
    ks::ClientOptions options = Offline().options();
    options.transport = transport;
    ks::Client client(options);
    CHECK(answer_to(client, "a") == "to a");
  }
  CHECK_THROWS_AS((void)ks::cassette_transport(folder.file(), "all"), ks::Exception);
}

TEST_CASE("no key stands in the file, and another key plays it") {
  const Folder folder;
  const std::string key = "sk-recorded-0123456789";
  Offline offline;
  offline.answer({whole_stream("your key is " + key)});
  ks::ClientOptions options = taped(offline, ks::Cassette(folder.file()));
  options.api_key = key;
  ks::Client client(options);
  CHECK(answer_to(client, "a") == "your key is " + key);
  CHECK_FALSE(mentions(content_of(folder.file()), key));
  ks::Client other = player(folder.file());
  CHECK(answer_to(other, "a") == "your key is [key]");
}
