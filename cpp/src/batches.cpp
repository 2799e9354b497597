#include "kimistream/batches.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "batch_lines.hpp"
#include "clock.hpp"
#include "kimistream/files.hpp"
#include "resources.hpp"

namespace kimistream {
namespace {

using json::Tree;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{1000}, longest_pause{60'000};
constexpr std::size_t most_reasons = 5;

const std::string& path_of_batches(const Provider& provider) {
  if (provider.batches_path.empty())
    throw Exception(invalid_request("the provider \"" + provider.name + "\" has no batches"));
  return provider.batches_path;
}

std::string path_of_batches(const Provider& provider, std::string_view id) {
  return path_of_batches(provider) + "/" + piece_of_path(id, "a batch");
}

/// Why a batch failed: {"errors": {"data": [{"message", "line"}]}}, or a list or an object without the envelope.
std::string failure_of(const Tree& batch) {
  const Tree* errors = batch.find("errors");
  if (!errors || errors->is(Tree::Kind::null)) return "its provider does not say why";
  if (const Tree* data = errors->find("data")) errors = data;
  const bool listed = errors->is(Tree::Kind::array);
  std::string told;
  for (std::size_t i = 0; i < (listed ? std::min(errors->items().size(), most_reasons) : 1); ++i) {
    const Tree& each = listed ? errors->items()[i] : *errors;
    std::string words = each.is(Tree::Kind::object) ? each.text_of("message") : each.text();
    if (words.empty()) each.write(words);
    if (const std::string line = each.text_of("line"); !line.empty()) words = "line " + line + ": " + words;
    told += (told.empty() ? "" : "; ") + words;
  }
  return told.empty() ? "its provider does not say why" : told;
}

Batch read_batch(const Tree& tree) {
  Batch batch{.id = tree.text_of("id"),
              .status = tree.text_of("status"),
              .input_file_id = tree.text_of("input_file_id"),
              .output_file_id = tree.text_of("output_file_id"),
              .error_file_id = tree.text_of("error_file_id"),
              .completion_window = tree.text_of("completion_window"),
              .created_at = integer_of(tree, "created_at"),
              .expires_at = integer_of(tree, "expires_at")};
  if (batch.status == "failed") batch.failure = failure_of(tree);
  if (const Tree* counts = tree.find("request_counts"))
    batch.counts = {.completed = integer_of(*counts, "completed"),
                    .failed = integer_of(*counts, "failed"),
                    .total = integer_of(*counts, "total")};
  if (const Tree* metadata = tree.find("metadata"))
    for (const auto& [name, value] : metadata->fields()) batch.metadata.emplace_back(name, value.text());
  return batch;
}

Batch read_batch(const Json& answer) {
  Batch batch = read_batch(parsed(answer));
  if (batch.id.empty()) throw_unreadable("the answer about a batch names no id", answer);
  return batch;
}

/// A file's lines, also where a batch names one that is not there, as its error file where nothing failed.
std::string content_if_there(Client& client, const std::string& id) {
  if (id.empty()) return {};
  try {
    return file_content(client, id);
  } catch (const Exception& failure) {
    if (failure.error().status_code != 404) throw;
    return {};
  }
}

bool may_pass(const Error& error) {
  return error.retryable || error.kind == ErrorKind::connection || error.kind == ErrorKind::timeout;
}

}  // namespace

bool Batch::ended() const noexcept {
  constexpr std::array<std::string_view, 4> ends = {"completed", "failed", "expired", "cancelled"};
  return std::find(ends.begin(), ends.end(), status) != ends.end();
}

Batch submit_batch(Client& client, std::span<const BatchRequest> requests, const BatchOptions& options) {
  (void)path_of_batches(client.provider());
  const FileContent content = FileContent::from_bytes(batch_file(client, requests));
  const FileObject file =
      upload(client, content, "batch",
             {.filename = "kimistream-batch.jsonl", .content_type = "application/jsonl", .timeout = options.timeout});
  try {
    return create_batch(client, file.id, options);
  } catch (const Exception& refusal) {
    // Behind a 5xx it may have been made all the same.
    if (refusal.error().kind == ErrorKind::status && refusal.error().status_code < 500) try {
        delete_file(client, file.id);
      } catch (const Exception&) {  // the refusal is what counts
      }
    throw;
  }
}

Batch create_batch(Client& client, std::string_view input_file_id, const BatchOptions& options) {
  ResourceRequest request{.path = path_of_batches(client.provider()), .method = "POST", .timeout = options.timeout};
  Tree asked = Tree::object();
  asked.set("input_file_id", Tree::string(input_file_id));
  asked.set("endpoint", Tree::string(batch_endpoint));
  asked.set("completion_window", Tree::string(options.completion_window));
  if (!options.metadata.empty()) {
    Tree& metadata = asked.set("metadata", Tree::object());
    for (const auto& [name, value] : options.metadata) metadata.set(name, Tree::string(value));
  }
  std::string text;
  asked.write(text);
  request.body = body_of_text(std::move(text));
  request.creates = true;  // a batch that is made twice is paid for twice
  return read_batch(client.send(request));
}

Batch batch(Client& client, std::string_view id) {
  return read_batch(client.send({.path = path_of_batches(client.provider(), id)}));
}

std::vector<Batch> list_batches(Client& client) {
  std::vector<Batch> batches;
  for_each_item(client, path_of_batches(client.provider()),
                [&](const Tree& item) { batches.push_back(read_batch(item)); });
  return batches;
}

Batch cancel_batch(Client& client, std::string_view id) {
  try {
    return read_batch(client.send({.path = path_of_batches(client.provider(), id) + "/cancel", .method = "POST"}));
  } catch (const Exception& refusal) {
    if (refusal.error().status_code != 400) throw;
    Batch known = batch(client, id);
    if (!known.ended() && known.status != "cancelling") throw;
    return known;
  }
}

Batch wait_for_batch(Client& client, std::string_view id, const BatchWait& wait) {
  if (wait.poll && *wait.poll <= milliseconds::zero())
    throw Exception(invalid_request("poll must be more than nothing: the time between two looks at a batch"));
  const Clock::time_point begin = Clock::now();
  milliseconds pause = wait.poll.value_or(first_pause);
  std::string status = "unknown";
  for (;;) {
    std::optional<Batch> known;
    try {
      known = batch(client, id);
    } catch (const Exception& failure) {
      if (!may_pass(failure.error())) throw;
    }
    if (known) {
      if (wait.on_look) wait.on_look(*known);
      if (known->ended()) return *std::move(known);
      status = known->status;
    }
    const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    if (waited >= wait.timeout) {
      Error error{.kind = ErrorKind::timeout};
      error.message = "the batch " + std::string(id) + " is still " + status + " after " +
                      std::to_string(waited.count()) + " ms; it goes on: wait again";
      error.clock = "total";
      throw Exception(std::move(error));
    }
    std::this_thread::sleep_for(std::min(pause, wait.timeout - waited));
    if (!wait.poll) pause = std::min(pause * 3 / 2, longest_pause);
  }
}

std::vector<BatchResult> batch_results(Client& client, const Batch& batch, std::span<const std::string> order) {
  if (!batch.ended())
    throw Exception(invalid_request("the batch " + batch.id + " is " + batch.status + ": wait_for_batch first"));
  std::vector<std::string> ids(order.begin(), order.end());
  if (ids.empty()) ids = ids_of(file_content(client, batch.input_file_id));
  BatchLines lines;
  add_lines(lines, content_if_there(client, batch.error_file_id));
  if (!batch.output_file_id.empty()) add_lines(lines, file_content(client, batch.output_file_id));
  BatchReader reader(client);
  std::vector<BatchResult> results;
  results.reserve(ids.size());
  for (std::string& id : ids) {
    const auto line = lines.find(id);
    results.push_back(reader.result(std::move(id), line == lines.end() ? nullptr : &line->second, batch));
  }
  return results;
}

}  // namespace kimistream
