// A whole answer at once, a second turn that builds on it, and what there is to know when something goes wrong.
#include <kimistream/kimistream.hpp>

#include <iostream>

#include "environment.hpp"

namespace ks = kimistream;

int main() {
  try {
    ks::Client client{options_from_environment()};

    ks::Request request{.messages = {ks::user("What is the capital of France?")}, .system = "Answer in one sentence."};
    ks::Message answer = client.complete(request);
    std::cout << answer.text() << '\n';

    request.messages.push_back(answer);  // as it is: reasoning and tool calls go back with it
    request.messages.push_back(ks::user("And what is the capital of Japan?"));
    std::cout << client.complete(request).text() << '\n';
  } catch (const ks::Exception& failure) {
    const ks::Error& error = failure.error();
    std::cerr << error.message << '\n';
    if (error.status_code) std::cerr << "HTTP " << *error.status_code << ' ' << error.type << '\n';
    if (!error.request_id.empty()) std::cerr << "request id " << error.request_id << '\n';
    if (error.retryable) std::cerr << "the same request may succeed later\n";
    return 1;
  }
}
