// Many questions as one batch, answered in the provider's own time for less: submitted, waited for, joined again by
// their ids. Another process could go on from the id alone.
#include <kimistream/kimistream.hpp>

#include <array>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "environment.hpp"

namespace ks = kimistream;

int main() {
  try {
    ks::Client client{options_from_environment()};
    std::cerr << "on the account: " << ks::balance(client).available_balance << '\n';

    std::vector<ks::BatchRequest> requests;
    for (const std::string_view country : std::array<std::string_view, 3>{"France", "Japan", "Germany"})
      requests.push_back({.custom_id = std::string(country),
                          .request = {.messages = {ks::user("What is the capital of " + std::string(country) + "?")}}});

    const ks::Batch submitted = ks::submit_batch(client, requests, {.metadata = {{"made by", "an example"}}});
    std::cerr << submitted.id << '\n';
    const ks::Batch ended = ks::wait_for_batch(client, submitted.id, {.on_look = [](const ks::Batch& batch) {
                                                 std::cerr << batch.status << ": " << batch.counts.completed << " of "
                                                           << batch.counts.total << '\n';
                                               }});

    int failed = 0;
    double cost = 0;
    for (const ks::BatchResult& result : ks::batch_results(client, ended)) {  // in the order of `requests`
      if (!result.message) {
        std::cerr << result.custom_id << ": " << result.error->message << '\n';
        ++failed;
        continue;
      }
      std::cout << result.custom_id << ": " << result.message->text() << '\n';
      if (result.message->usage) cost += result.message->usage->cost.value_or(0);
    }
    std::cout << "cost " << cost << ' ' << client.provider().currency << '\n';
    for (const std::string& file : {ended.input_file_id, ended.output_file_id})
      if (!file.empty()) ks::delete_file(client, file);
    return failed ? 1 : 0;
  } catch (const ks::Exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
