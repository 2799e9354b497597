// Many questions at once, on this one thread.
#include <kimistream/kimistream.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "environment.hpp"

namespace ks = kimistream;

int main() {
  try {
    ks::Client client{options_from_environment()};

    std::vector<ks::Request> requests;
    for (const char* country : {"France", "Japan", "Germany", "Italy", "Spain", "Vietnam", "Canada", "Egypt"})
      requests.push_back(
          {.messages = {ks::user(std::string("What is the capital of ") + country + "?")}, .thinking = false});

    int failed = 0;
    const auto on_result = [&](ks::Result result) {  // in order of completion
      if (result.message) {
        std::cout << result.index << ": " << result.message->text() << '\n';
      } else {
        std::cerr << result.index << ": " << result.error->message << '\n';
        ++failed;
      }
    };
    client.run_all(requests, on_result, {.concurrency = 100});
    return failed ? 1 : 0;
  } catch (const ks::Exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
