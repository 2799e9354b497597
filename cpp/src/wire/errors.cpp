#include "wire/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "json/number.hpp"
#include "json/tree.hpp"
#include "kimistream/retry.hpp"
#include "wire/triage.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

constexpr std::size_t max_kept_body = 64 * 1024;

/// Error types that carry no status of their own inside a stream. Moonshot: platform.kimi.ai/docs/api/errors;
/// the *_error names of Anthropic's protocol; the class names of vLLM and SGLang.
constexpr std::pair<std::string_view, int> status_by_type[] = {
    {"invalid_request_error", 400},
    {"content_filter", 400},
    {"BadRequestError", 400},
    {"invalid_authentication_error", 401},
    {"incorrect_api_key_error", 401},
    {"authentication_error", 401},
    {"billing_error", 402},
    {"permission_denied_error", 403},
    {"permission_error", 403},
    {"access_terminated_error", 403},
    {"resource_not_found_error", 404},
    {"not_found_error", 404},
    {"NotFoundError", 404},
    {"request_too_large", 413},
    {"engine_overloaded_error", 429},
    {"rate_limit_reached_error", 429},
    {"rate_limit_error", 429},
    {"rate_limit_exceeded", 429},
    {"exceeded_current_quota_error", 429},
    {"client_closed_request", 499},
    {"server_error", 500},
    {"unexpected_output", 500},
    {"api_error", 500},
    {"internal_error", 500},
    {"InternalServerError", 500},
    {"server_unavailable", 503},
    {"ServiceUnavailableError", 503},
    {"timeout_error", 504},
    {"overloaded_error", 529},
    // Numbers of Workers AI (developers.cloudflare.com/workers-ai/platform/errors).
    {"3003", 400},
    {"5004", 400},
    {"5007", 400},
    {"8001", 400},
    {"10000", 401},
    {"3023", 403},
    {"3041", 403},
    {"5016", 403},
    {"5018", 403},
    {"3042", 404},
    {"5005", 405},
    {"5019", 405},
    {"3007", 408},
    {"3008", 408},
    {"3006", 413},
    {"3036", 429},
    {"3040", 429},
};

std::optional<int> as_status(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 400 || value > 599) return std::nullopt;
  return value;
}

/// The object in which an error body says what is wrong: `error`, `errors[0]`, `choices[0].error` or the body itself.
const Tree* find_error_object(const Tree& root) {
  if (const Tree* error = root.find("error"); error && !error->is(Tree::Kind::null)) return error;
  if (const Tree* errors = root.find("errors"); errors && !errors->items().empty()) return &errors->items().front();
  if (const Tree* choices = root.find("choices"))
    for (const Tree& choice : choices->items())
      if (const Tree* error = choice.find("error"); error && !error->is(Tree::Kind::null)) return error;
  return &root;
}

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

Reading read_body(std::string_view body, Error& error) {
  Reading reading;
  Tree root;
  try {
    root = Tree::parse(body);
  } catch (const json::Malformed&) {
    return reading;
  }
  reading.json = true;
  reading.request_id = request_id_in(root);
  const Tree* object = find_error_object(root);
  if (object->is(Tree::Kind::string)) {  // {"error": "text"}, sometimes JSON once more
    error.message = object->text();
    if (json::is_whole_object(error.message)) {
      const std::string inner = error.message;
      return read_body(inner, error);
    }
    return reading;
  }
  error.message = object->text_of("message");
  if (error.message.empty()) error.message = object->text_of("detail");
  error.type = object->text_of("type");
  if (error.type.empty()) error.type = object->text_of("error_type");
  error.code = object->text_of("code");
  error.param = object->text_of("param");
  for (const char* key : {"code", "http_status", "status", "status_code"})
    if (!reading.status) reading.status = as_status(object->text_of(key));
  if (!reading.status) {
    for (const auto& [type, status] : status_by_type)
      if (error.type == type || error.code == type) reading.status = status;
  }
  if (const Tree* availability = object->find("availability")) {
    if (const Tree* flag = availability->find("retryable"); flag && flag->is(Tree::Kind::boolean))
      reading.retryable = flag->text() == "true";
    if (const auto seconds = availability->number_of("retry_after"); seconds && *seconds >= 0)
      reading.retry_after = seconds;
  }
  if (const Tree* metadata = object->find("metadata"); metadata && !reading.status) {
    const std::string kind = metadata->text_of("error_type");
    for (const auto& [type, status] : status_by_type)
      if (kind == type) reading.status = status;
  }
  return reading;
}

/// "please try again after 3 seconds"
std::optional<double> seconds_in(std::string_view message) {
  constexpr std::string_view lead = "try again after ";
  const std::size_t at = message.find(lead);
  if (at == std::string_view::npos) return std::nullopt;
  message.remove_prefix(at + lead.size());
  const auto seconds = json::take_number(message);
  return seconds && *seconds >= 0 ? seconds : std::nullopt;
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
  if (!error.retry_after && error.retryable) error.retry_after = seconds_in(error.message);
  error.request_id = request_id(provider, headers);
  if (error.request_id.empty()) error.request_id = reading.request_id;
  error.headers = headers;
  triage(provider, error);
}

}  // namespace

std::string excerpt(std::string_view body) {
  std::string text(body.substr(0, 200));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
  return body.size() > 200 ? text + "..." : text;
}

bool is_refusal(const Error& error) noexcept {
  constexpr std::array statuses = {400, 404, 413, 422};
  return error.status_code && std::find(statuses.begin(), statuses.end(), *error.status_code) != statuses.end();
}

bool is_retryable_status(int status) noexcept {
  constexpr std::array statuses = {408, 409, 425, 429, 500, 502, 503, 504, 529};
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

std::string request_id(const Provider& provider, const Headers& headers) {
  for (const auto& name : provider.request_id_headers)
    if (const auto value = headers.find(name)) return std::string(*value);
  if (const auto value = headers.find("x-request-id")) return std::string(*value);
  return {};
}

Error error_from_response(const Provider& provider, int status, const Headers& headers, std::string_view body) {
  Error error{.kind = ErrorKind::status, .message = {}, .status_code = status};
  error.body = std::string(body.substr(0, max_kept_body));
  const Reading reading = read_body(body, error);
  if (error.message.empty()) error.message = body.empty() ? "the server sent no message" : excerpt(body);
  error.message = "HTTP " + std::to_string(status) + ": " + error.message;
  judge(provider, reading, headers, error);
  return error;
}

Error error_from_frame(const Provider& provider, int http_status, const Headers& headers, std::string_view body) {
  Error error{.kind = ErrorKind::status, .message = {}, .status_code = std::nullopt};
  error.body = std::string(body.substr(0, max_kept_body));
  const Reading reading = read_body(body, error);
  error.status_code =
      reading.status ? reading.status : (http_status >= 400 ? std::optional(http_status) : std::nullopt);
  if (!error.status_code) error.kind = ErrorKind::response;
  if (error.message.empty()) error.message = excerpt(body);
  error.message = "the server reported an error while it was answering: " + error.message;
  judge(provider, reading, headers, error);
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
  error.message = "HTTP " + std::to_string(status) +
                  ": the response is not a JSON object; is base_url right? It begins: " + excerpt(body);
  error.body = std::string(body.substr(0, max_kept_body));
  return error;
}

}  // namespace kimistream::wire
