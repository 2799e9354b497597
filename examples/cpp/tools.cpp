// The model asks for a function to be called, and answers with what it gave.
#include <kimistream/kimistream.hpp>

#include <iostream>

#include "environment.hpp"

namespace ks = kimistream;

namespace {

std::string get_weather(const ks::ToolCall& call) {
  const auto city = ks::json::text_at(call.arguments, "/city");
  return city ? *city + ": 24 degrees, sunny" : "which city?";
}

}  // namespace

int main() {
  try {
    ks::Client client{options_from_environment()};
    const ks::Tool weather{
        .name = "get_weather",
        .description = "The weather in a city.",
        .parameters = {R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})"}};
    ks::Request request{.messages = {ks::user("What is the weather in Paris and in Tokyo?")}, .tools = {weather}};

    ks::Message answer = client.complete(request);
    while (!answer.tool_calls.empty()) {
      request.messages.push_back(answer);  // as it is: the reasoning goes back with the calls
      for (const ks::ToolCall& call : answer.tool_calls) {
        std::cout << call.name << '(' << call.arguments << ")\n";
        request.messages.push_back(ks::tool_result(call.id, get_weather(call)));
      }
      answer = client.complete(request);
    }
    std::cout << answer.text() << '\n';
  } catch (const ks::Exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
