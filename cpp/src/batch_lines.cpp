#include "batch_lines.hpp"

#include <memory>
#include <set>
#include <utility>

#include "kimistream/prices.hpp"
#include "refuse.hpp"
#include "resources.hpp"

namespace kimistream {
namespace {

using json::Tree;

void check_size(std::uint64_t size) {
  if (size > max_batch_bytes)
    refuse("the requests are more than the " + std::to_string(max_batch_bytes >> 20) +
           " MiB that a batch takes: submit them in several, and upload large pictures and videos first");
}

/// What `complete` would send, media included.
std::string body_text(const Client& client, const Request& request, std::uint64_t before) {
  const HttpRequest prepared = client.prepare(request, false);
  check_size(before + prepared.body->size());
  std::string text;
  for (const Body::Segment& segment : prepared.body->segments) {
    if (!segment.source) {
      text += segment.text;
      continue;
    }
    const std::size_t begin = text.size();
    text.resize(begin + static_cast<std::size_t>(segment.source->size()));
    std::size_t at = begin;
    while (at < text.size()) {
      const std::size_t size = segment.source->read(text.data() + at, text.size() - at);
      if (size == 0) break;
      at += size;
    }
    text.resize(at);
  }
  return text;
}

template <class Take>
void for_each_line(std::string_view file, Take take) {
  while (!file.empty()) {
    const std::size_t end = file.find('\n');
    const std::string_view text = file.substr(0, end);
    file.remove_prefix(end == std::string_view::npos ? file.size() : end + 1);
    try {
      Tree line = Tree::parse(text);
      const Tree* id = line.find("custom_id");
      if (id && id->is(Tree::Kind::string)) take(std::string(id->text()), std::move(line));
    } catch (const json::Malformed&) {  // a blank line, or what no provider writes
    }
  }
}

std::string text_of(const Tree& tree) {
  std::string text;
  tree.write(text);
  return text;
}

bool is_failure(int status) { return status >= 400 && status <= 599; }

bool is_said(const Tree* tree) { return tree && !tree->is(Tree::Kind::null); }

std::string without_a_line(const Batch& batch) {
  if (batch.status == "failed") return "the batch failed: " + batch.failure;
  const std::string which = " (batch " + batch.id + ")";
  if (batch.status == "expired")
    return "the batch expired before this request was answered: its completion_window was over" + which;
  if (batch.status == "cancelled") return "the batch was cancelled before this request was answered" + which;
  return "the batch is " + batch.status + ", and neither of its files has a line of this request" + which;
}

/// The error of a line without a status of HTTP.
Error told_error(const Tree& error) {
  Error told{.kind = ErrorKind::status, .message = error.text_of("message")};
  told.type = error.text_of("type");
  told.code = error.text_of("code");
  told.body = text_of(error);
  for (const std::string& words : {error.text(), told.code, told.body})
    if (told.message.empty()) told.message = words;
  return told;
}

}  // namespace

std::string batch_file(const Client& client, std::span<const BatchRequest> requests) {
  if (requests.empty()) refuse("there are no requests: a batch needs at least one");
  std::set<std::string_view> ids;
  std::string file;
  for (const BatchRequest& each : requests) {
    if (each.custom_id.empty()) refuse("a request of a batch has no custom_id, by which its answer is found");
    if (!ids.insert(each.custom_id).second) refuse("two requests of a batch have the custom_id " + each.custom_id);
    Tree body = Tree::parse(body_text(client, each.request, file.size()));
    body.erase("stream");
    Tree line = Tree::object();
    line.set("custom_id", Tree::string(each.custom_id));
    line.set("method", Tree::string("POST"));
    line.set("url", Tree::string(batch_endpoint));
    line.set("body", std::move(body));
    line.write(file);
    file += '\n';
    check_size(file.size());
  }
  return file;
}

std::vector<std::string> ids_of(std::string_view file) {
  std::vector<std::string> ids;
  for_each_line(file, [&](std::string id, Tree&&) { ids.push_back(std::move(id)); });
  return ids;
}

void add_lines(BatchLines& lines, std::string_view file) {
  for_each_line(file, [&](std::string id, Tree&& line) { lines.insert_or_assign(std::move(id), std::move(line)); });
}

BatchReader::BatchReader(const Client& client)
    : client_(client),
      script_(std::make_shared<Script>()),
      replaying_({.provider = client.provider().name,
                  .base_url = "https://recorded.invalid",
                  .api_key = "sk-recorded",
                  .max_retries = 0,
                  .transport = scripted_transport(script_)}) {}

Message BatchReader::answer(int status, std::string body) {
  script_->requests.clear();
  script_->responses = {ScriptedResponse{
      .status = status, .headers = {{"Content-Type", "application/json"}}, .blocks = {std::move(body)}}};
  Message message = replaying_.complete({.messages = {user("")}, .on_break = OnBreak::raise, .check = Check::off});
  if (message.usage && message.usage->cost_source != Usage::told) {
    Usage& usage = *message.usage;
    usage.cost.reset();
    usage.cost_source.clear();
    usage.currency.clear();
    const Price* price = client_.price(message.model);
    if (!price) price = client_.price("");
    if (price) fill_in_cost(usage, *price, true);
  }
  return message;
}

Message BatchReader::message(const Tree& line) {
  const Tree* response = line.find("response");
  const Tree* error = line.find("error");
  const Tree* body = response ? response->find("body") : nullptr;
  auto status = response ? static_cast<int>(integer_of(*response, "status_code")) : 0;
  if (is_said(error)) {
    if (!is_failure(status)) status = static_cast<int>(integer_of(*error, "code"));
    if (!is_failure(status)) throw Exception(told_error(*error));
    Tree said = Tree::object();
    said.set("error", *error);
    return answer(status, text_of(said));
  }
  if (body && body->is(Tree::Kind::object)) return answer(is_failure(status) ? status : 200, text_of(*body));
  if (is_failure(status)) return answer(status, body ? body->text() : std::string());
  throw Exception(
      {.kind = ErrorKind::response, .message = "the line of this request has neither an answer nor an error"});
}

BatchResult BatchReader::result(std::string custom_id, const Tree* line, const Batch& batch) {
  BatchResult result{.custom_id = std::move(custom_id)};
  try {
    if (!line) throw Exception({.kind = ErrorKind::response, .message = without_a_line(batch)});
    result.message = message(*line);
  } catch (const Exception& failure) {
    result.error = failure.error();
  }
  const Tree* response = line ? line->find("response") : nullptr;
  if (const std::string id = response ? response->text_of("request_id") : std::string(); !id.empty())
    (result.error ? result.error->request_id : result.message->request_id) = id;
  return result;
}

}  // namespace kimistream
