// An answer that is recorded once and played from then on, without a network: for tests.
//
//     MOONSHOT_API_KEY=sk-... record_replay weather.jsonl "Which one is bigger, 9.11 or 9.9?" once
#include <kimistream/kimistream.hpp>

#include <iostream>
#include <string>

#include "environment.hpp"

namespace ks = kimistream;

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "weather.jsonl";
  const std::string question = argc > 2 ? argv[2] : "Which one is bigger, 9.11 or 9.9?";
  const std::string mode = argc > 3 ? argv[3] : "once";
  try {
    const ks::Cassette cassette(path, ks::cassette_mode(mode),
                                {.on_warning = [](const std::string& what) { std::cerr << what << '\n'; }});
    ks::ClientOptions options = options_from_environment();
    options.transport = cassette.transport();
    ks::Client client{options};
    ks::Stream stream = client.stream({.messages = {ks::user(question)}});
    std::cout << (cassette.only_replays() ? "played: " : "recorded: ") << stream.message().text() << '\n';
  } catch (const ks::Exception& failure) {
    std::cerr << failure.what() << '\n';  // of a miss: the nearest request that was recorded, and what differs
    return 1;
  }
}
