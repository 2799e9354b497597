#include "wire/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "characters.hpp"
#include "json/text.hpp"
#include "json/tree.hpp"
#include "kimistream/retry.hpp"
#include "wire/error_types.hpp"
#include "wire/pages.hpp"
#include "wire/waits.hpp"
#include "wire/words.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

constexpr std::size_t max_kept_body = 64 * 1024;

std::optional<int> as_status(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 400 || value > 599) return std::nullopt;
  return value;
}

/// The object in which an error body says what is wrong: `error`, `errors[0]`, `choices[0].error` or the body itself,
/// which may be the one item of a list (Google).
const Tree* find_error_object(const Tree& root) {
  if (root.is(Tree::Kind::array) && !root.items().empty()) return find_error_object(root.items().front());
  if (const Tree* error = root.find("error"); error && !error->is(Tree::Kind::null)) return error;
  if (const Tree* errors = root.find("errors"); errors && !errors->items().empty()) return &errors->items().front();
  if (const Tree* choices = root.find("choices"))
    for (const Tree& choice : choices->items())
      if (const Tree* error = choice.find("error"); error && !error->is(Tree::Kind::null)) return error;
  return &root;
}

/// The first of these fields that is there.
std::string first_text(const Tree& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (std::string text = object.text_of(key); !text.empty()) return text;
  return {};
}
std::string message_of(const Tree& object) {
  return first_text(object, {"message", "detail", "msg", "error_message", "error_msg", "errorMessage", "html-message"});
}
std::string code_of(const Tree& object) { return first_text(object, {"code", "error_code", "errorCode"}); }

struct Reading {
  bool json = false;
  std::optional<int> status;      // that the body carries
  std::optional<bool> retryable;  // as the body says
  std::optional<double> retry_after;
  std::string request_id;
};

/// A request id that a body carries: it goes into messages for people, so what could not be one is none.
std::string request_id_in(const Tree& root) {
  std::string id = root.text_of("request_id");
  const bool plain = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
  return plain && id.size() <= 128 ? id : std::string();
}

std::optional<Tree> parsed(std::string_view text) {
  try {
    return Tree::parse(text);
  } catch (const json::Malformed&) {
    return std::nullopt;
  }
}

/// The body without the sentence that stands behind its JSON (Azure's).
std::string_view without_tail(std::string_view body) {
  const std::string_view object = json::leading_object(body);
  return object.empty() ? body : object;
}

void read_availability(const Tree& availability, Reading& reading) {
  if (const Tree* flag = availability.find("retryable"); flag && flag->is(Tree::Kind::boolean))
    reading.retryable = flag->text() == "true";
  if (const auto seconds = availability.number_of("retry_after"); seconds && *seconds >= 0)
    reading.retry_after = seconds;
}

Reading read_body(std::string_view body, Error& error) {
  Reading reading;
  const auto root = parsed(body);
  if (!root) return reading;
  reading.json = true;
  reading.request_id = request_id_in(*root);
  const Tree* object = find_error_object(*root);
  if (object->is(Tree::Kind::string)) {  // {"error": "text"}, sometimes JSON once more
    error.message = object->text();
    if (json::is_whole_object(error.message)) {
      const std::string inner = error.message;
      return read_body(inner, error);
    }
    return reading;
  }
  error.message = message_of(*object);
  error.type = first_text(*object, {"type", "error_type"});
  error.code = code_of(*object);
  error.param = object->text_of("param");
  if (error.type.empty() && json::is_whole_object(error.message)) {  // a gateway hands its upstream's body on as words
    const std::string inner = error.message;
    return read_body(inner, error);
  }
  for (const char* key : {"code", "http_status", "status", "status_code"})
    if (!reading.status) reading.status = as_status(object->text_of(key));
  for (const std::string* name : {&error.type, &error.code})
    if (!reading.status) reading.status = status_of_type(*name);
  if (const Tree* availability = object->find("availability")) read_availability(*availability, reading);
  if (!reading.retry_after) reading.retry_after = wait_in_details(*object);
  if (const Tree* metadata = object->find("metadata"); metadata && !reading.status)
    reading.status = status_of_type(metadata->text_of("error_type"));
  return reading;
}

void judge(const Provider& provider, const Reading& reading, const Headers& headers, Error& error) {
  error.retryable = error.status_code && is_retryable_status(*error.status_code);
  if (reading.retryable) error.retryable = *reading.retryable;
  if (const auto said = headers.find("x-should-retry")) {
    if (*said == "true") error.retryable = true;
    if (*said == "false") error.retryable = false;
  }
  error.retry_after = retry_after_seconds(headers);
  if (!error.retry_after) error.retry_after = reading.retry_after;
  if (!error.retry_after && error.status_code == 429) error.retry_after = rate_limit_reset_seconds(headers);
  if (!error.retry_after && error.retryable) error.retry_after = wait_in_words(error.message);
  error.request_id = request_id(provider, headers);
  if (error.request_id.empty()) error.request_id = reading.request_id;
  error.headers = headers;
}

/// What a body says that is no JSON of an API, for a message.
std::string told_by_page(int status, const Headers& headers, std::string_view body) {
  std::string said;
  if (is_page(body)) {
    said = words_of_page(body);
    if (said.empty()) said = reason_phrase(status);
    const std::string sender = sender_of(headers);
    return said + " (a page of " + (sender.empty() ? "something between" : sender) + ", not of the API)";
  }
  if (!is_blank(body)) return excerpt(body);
  said = reason_phrase(status);
  if (said.empty()) said = "the server sent no message";
  if (const std::string sender = sender_of(headers); !sender.empty()) said += " (an empty answer of " + sender + ")";
  return said;
}

}  // namespace

std::string excerpt(std::string_view body) {
  std::string text(beginning(body, 200));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return body.size() > 200 ? text + "..." : text;
}

bool is_flat_error(std::string_view frame) {
  const auto root = parsed(frame);
  if (!root || root->find("choices")) return false;
  constexpr std::array fine = {"", "0", "200", "ok", "OK", "success"};
  const bool coded = std::find(fine.begin(), fine.end(), code_of(*root)) == fine.end();
  const Tree* detail = root->find("detail");  // FastAPI: a text, or a list of what is wrong
  const Tree* success = root->find("success");
  const std::string status = first_text(*root, {"status", "status_code", "statusCode", "http_status"});
  const bool failed = coded || detail || as_status(status) || (success && success->text() == "false") ||
                      says(status, "error") || says(status, "failed") || says(status, "failure") ||
                      says(root->text_of("type"), "error");
  return failed && (!message_of(*root).empty() || (detail && !detail->items().empty()));
}

bool is_refusal(const Error& error) noexcept {
  constexpr std::array statuses = {400, 404, 413, 422};
  return error.status_code && std::find(statuses.begin(), statuses.end(), *error.status_code) != statuses.end();
}

bool is_retryable_status(int status) noexcept {
  constexpr std::array statuses = {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530};
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

std::string request_id(const Provider& provider, const Headers& headers) {
  for (const auto& name : provider.request_id_headers)
    if (const auto value = headers.find(name); value && !value->empty()) return std::string(*value);
  // A row's dialect is often spoken at a gateway, which gives ids of its own, or its upstream's under another name.
  // LiteLLM, one-api, Portkey, Moonshot, Kong, AWS, Azure; Cloudflare's comes last: it stands in front of many.
  for (const std::string_view name :
       {"x-request-id", "request-id", "msh-request-id", "x-litellm-call-id", "x-oneapi-request-id",
        "x-portkey-trace-id", "x-generation-id", "x-trace-id", "trace-id", "x-correlation-id", "x-kong-request-id",
        "x-amzn-requestid", "apim-request-id", "x-ms-request-id", "x-inference-id", "cf-aig-log-id", "cf-ray"})
    for (const std::string_view prefix : {"", "llm_provider-"})
      if (const auto value = headers.find(std::string(prefix) + std::string(name)); value && !value->empty())
        return std::string(*value);
  return {};
}

Error error_from_response(const Provider& provider, int status, const Headers& headers, std::string_view body) {
  Error error{.kind = ErrorKind::status, .message = {}, .status_code = status};
  body = without_tail(body);
  error.body = std::string(body.substr(0, max_kept_body));
  const Reading reading = read_body(body, error);
  if (error.message.empty() || is_page(error.message))
    error.message = told_by_page(status, headers, error.message.empty() ? body : error.message);
  error.message = "HTTP " + std::to_string(status) + ": " + error.message;
  judge(provider, reading, headers, error);
  return error;
}

Error error_from_frame(const Provider& provider, int http_status, const Headers& headers, std::string_view body) {
  Error error{.kind = ErrorKind::status, .message = {}, .status_code = std::nullopt};
  body = without_tail(body);
  error.body = std::string(body.substr(0, max_kept_body));
  const Reading reading = read_body(body, error);
  error.status_code =
      reading.status ? reading.status : (http_status >= 400 ? std::optional(http_status) : std::nullopt);
  if (!error.status_code) error.kind = ErrorKind::response;
  if (error.message.empty()) error.message = excerpt(body);
  const bool blamed = blames_request(error.message) || blames_request(error.type) || blames_request(error.code);
  error.message = "the server reported an error while it was answering: " + error.message;
  judge(provider, reading, headers, error);
  if (!error.status_code && !reading.retryable && !blamed) error.retryable = true;  // a break
  return error;
}

std::optional<Error> error_in_resource(const Provider& provider, int status, const Headers& headers,
                                       std::string_view body) {
  try {
    const Tree root = Tree::parse(body);
    const Tree* error = root.find("error");
    if (root.is(Tree::Kind::object) && (!error || error->is(Tree::Kind::null))) return std::nullopt;
    if (error) return error_from_frame(provider, status, headers, body);
  } catch (const json::Malformed&) {
  }
  Error error{.kind = ErrorKind::response, .message = {}, .status_code = status};
  error.message = "HTTP " + std::to_string(status) + ": the response is not a JSON object; is base_url right? " +
                  said_instead(headers, body);
  error.body = std::string(body.substr(0, max_kept_body));
  return error;
}

std::string said_instead(const Headers& headers, std::string_view body) {
  if (is_page(body)) return "It is " + told_by_page(200, headers, body);
  return "It begins: " + excerpt(body);
}

}  // namespace kimistream::wire
