#include "wire/error_types.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "wire/words.hpp"

namespace kimistream::wire {
namespace {

/// Moonshot: platform.kimi.ai/docs/api/errors; the *_error names of Anthropic's protocol; the class names of vLLM and
/// SGLang; what gateways put in their place when their upstream fails: one-api's relay errors (upstream_error,
/// bad_response_*, do_request_failed), smg's stream_error, llama.cpp's exceed_context_size_error.
constexpr std::pair<std::string_view, int> known_types[] = {
    {"invalid_request_error", 400},
    {"exceed_context_size_error", 400},
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
    {"throttling_error", 429},
    {"too_many_requests", 429},
    {"exceeded_current_quota_error", 429},
    {"client_closed_request", 499},
    {"server_error", 500},
    {"unexpected_output", 500},
    {"api_error", 500},
    {"internal_error", 500},
    {"internal_server_error", 500},
    {"InternalServerError", 500},
    {"bad_gateway", 502},
    {"stream_error", 502},
    {"stream_read_error", 502},
    {"upstream_error", 502},
    {"proxy_error", 502},
    {"gateway_error", 502},
    {"connection_error", 502},
    {"do_request_failed", 502},
    {"read_response_body_failed", 502},
    {"bad_response_body", 502},
    {"bad_response_status_code", 502},
    {"server_unavailable", 503},
    {"service_unavailable", 503},
    {"service_unavailable_error", 503},
    {"ServiceUnavailableError", 503},
    {"no_available_workers", 503},
    {"timeout_error", 504},
    {"gateway_timeout", 504},
    {"upstream_timeout", 504},
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

constexpr std::string_view blame[] = {
    "invalid",   "unsupported", "not supported", "not found",   "not_found", "bad_request",    "bad request",
    "malformed", "validation",  "unauthorized",  "authenticat", "api key",   "permission",     "denied",
    "forbidden", "quota",       "balance",       "billing",     "credit",    "content_filter", "filter",
    "policy",    "moderation",  "context",       "too long",    "too large", "exceed",
};

}  // namespace

std::optional<int> status_of_type(std::string_view type) {
  const auto found = std::find_if(std::begin(known_types), std::end(known_types),
                                  [&](const auto& each) { return each.first == type; });
  return found == std::end(known_types) ? std::nullopt : std::optional(found->second);
}

bool blames_request(std::string_view words) {
  return std::any_of(std::begin(blame), std::end(blame), [&](auto word) { return says(words, word); });
}

}  // namespace kimistream::wire
