// Many questions on this one thread, as many at once as the limits allow: a source that is pulled, so that a million
// rows need no more memory than those under way.
#include <kimistream/kimistream.hpp>

#include <array>
#include <cstddef>
#include <iostream>
#include <optional>
#include <string>

#include "environment.hpp"

namespace ks = kimistream;

int main() {
  try {
    ks::Client client{options_from_environment()};

    constexpr std::array countries = {"France", "Japan", "Germany", "Italy", "Spain", "Vietnam", "Canada", "Egypt"};
    std::size_t taken = 0;
    const auto next = [&]() -> std::optional<ks::Request> {  // a file's next line, as well
      if (taken == countries.size()) return std::nullopt;
      const std::string question = std::string("What is the capital of ") + countries[taken++] + "?";
      return ks::Request{.messages = {ks::user(question)}, .thinking = false};
    };

    int failed = 0;
    const auto on_result = [&](ks::Result result) {  // in order of completion
      if (result.message) {
        std::cout << result.index << ": " << result.message->text() << '\n';
      } else {
        std::cerr << result.index << ": " << result.error->message << '\n';
        ++failed;
      }
    };
    // The account's limits, where they are known; copies of them may be given to other runs and threads.
    const ks::Limits limits{.concurrency = 100, .rpm = 500};
    client.run_all(next, on_result, {.limits = limits});
    return failed ? 1 : 0;
  } catch (const ks::Exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
