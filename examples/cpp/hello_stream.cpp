// An answer while it arrives: the thinking dimmed, then the text.
//
//     MOONSHOT_API_KEY=sk-... hello_stream "Which one is bigger, 9.11 or 9.9?"
#include <kimistream/kimistream.hpp>

#include <iostream>
#include <utility>

#include "environment.hpp"

namespace ks = kimistream;

int main(int argc, char** argv) {
  const std::string question = argc > 1 ? argv[1] : "Which one is bigger, 9.11 or 9.9?";
  try {
    ks::Client client{options_from_environment()};
    ks::Stream stream = client.stream({.messages = {ks::user(question)}});
    bool thinking = false;
    for (const ks::Event& event : stream) {
      if (const auto* thought = std::get_if<ks::Thinking>(&event)) {
        if (!std::exchange(thinking, true)) std::cout << "\033[2m";
        std::cout << thought->text << std::flush;
      } else if (const auto* text = std::get_if<ks::Text>(&event)) {
        if (std::exchange(thinking, false)) std::cout << "\033[0m\n\n";
        std::cout << text->text << std::flush;
      }
    }
    std::cout << '\n';
    if (const auto usage = stream.usage()) std::cerr << usage->completion_tokens.value_or(0) << " tokens\n";
  } catch (const ks::Exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
