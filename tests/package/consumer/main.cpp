// Uses the library without a network: a scripted answer is streamed, and a request is refused before it is sent.
#include <kimistream/kimistream.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <variant>

namespace ks = kimistream;

int main() {
  const auto script = std::make_shared<ks::Script>();
  script->responses.push_back(
      {.blocks = {"data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Hm. \"}}]}\n\n",
                  "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n",
                  "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"}});
  ks::Client client{{.api_key = "sk-test", .transport = ks::scripted_transport(script)}};
  ks::Request request{.messages = {ks::user("Hi")}};

  std::string told;
  for (const ks::Event& event : client.stream(request)) {
    if (const auto* thinking = std::get_if<ks::Thinking>(&event)) told += thinking->text;
    if (const auto* text = std::get_if<ks::Text>(&event)) told += text->text;
  }
  try {
    ks::Client refused{{.api_key = "a key with spaces"}};
    return 1;
  } catch (const ks::Exception& failure) {
    if (failure.error().kind != ks::ErrorKind::invalid_request) return 1;
  }
  std::cout << "kimistream " << KIMISTREAM_VERSION << ": " << told << '\n';
}
