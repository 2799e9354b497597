#include <algorithm>

#include "kimistream/media.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

// Tencent's and the maker's guides both: reasoning and answer share the limit, and below this one it is often cut.
constexpr std::int64_t enough_for_thinking = 16'000;
constexpr std::string_view both_keys[] = {"max_completion_tokens", "max_tokens"};

std::string_view other_key(const Provider& provider) {
  return provider.max_tokens_key == both_keys[0] ? both_keys[1] : both_keys[0];
}

void rename_limit(Request& request, std::string_view from, std::string_view to) {
  for (Json* json : {&request.fields, &request.extra_body})
    edit(*json, [&](json::Tree& tree) {
      const json::Tree* value = tree.find(from);
      if (!value) return;
      if (!value->is(json::Tree::Kind::null)) tree.set(to, json::Tree(*value));
      tree.erase(from);
    });
}

/// The limit as it is sent under the provider's own key.
std::optional<double> own_limit(const View& view) {
  std::optional<double> typed;
  if (view.request.max_tokens) typed = static_cast<double>(*view.request.max_tokens);
  return view.number(view.provider.max_tokens_key, typed);
}

void check_keys(const View& view, Findings& findings) {
  const std::string own = view.provider.max_tokens_key, other(other_key(view.provider));
  const auto limit = own_limit(view), written = view.number(own), value = view.number(other);
  const bool typed_differs =
      view.request.max_tokens && written && *limit != static_cast<double>(*view.request.max_tokens);
  if (limit && (typed_differs || (value && *value != *limit))) {
    findings.push_back({.code = "two_output_limits",
                        .message = "max_tokens and max_completion_tokens are two names of one argument, and different "
                                   "values are given. Give one; " +
                                   view.provider.name + " reads " + own + ", here " + in_words(*limit),
                        .certain = true,
                        .fix = [other, typed_differs](Request& request) {
                          if (typed_differs) request.max_tokens.reset();  // what is written by name is sent
                          drop(request, other);
                        }});
    return;
  }
  const ServedModel* served = view.served();
  if (limit || !value || !served || !served->reads_one_max_tokens_key) return;
  findings.push_back({.code = "output_limit_ignored",
                      .message = other + " has no effect at " + view.provider.name + ": the output is limited by " +
                                 own + ". Use max_tokens=... of the call, which is sent under the right name",
                      .certain = true,
                      .fix = [other, own](Request& request) { rename_limit(request, other, own); }});
}

void check_amount(const View& view, Findings& findings) {
  auto limit = own_limit(view);
  if (!limit) limit = view.number(other_key(view.provider));
  if (!limit || !view.model) return;
  const auto window = view.model->context_tokens;
  if (window > 0 && *limit >= static_cast<double>(window)) {
    findings.push_back({.code = "max_tokens_above_context",
                        .message = "max_tokens=" + in_words(*limit) + ": input and output of " + view.model->id +
                                   " share a context of " + std::to_string(window) +
                                   " tokens, and more is an error. Ask for less, or leave it out",
                        .certain = true,
                        .fix = [](Request& request) {
                          request.max_tokens.reset();
                          for (const auto key : both_keys) drop(request, key);
                        }});
    return;
  }
  // Advice, and advice that comes with every small request is noise: only to those who ask for thinking in so many
  // words. Who writes the wire's own switch into extra_body has copied a sample, and the model card's pass 4096.
  const bool asked = view.request.thinking == ThinkingMode::on || view.request.thinking == ThinkingMode::keep;
  if (!asked || !view.thinks() || *limit >= static_cast<double>(enough_for_thinking)) return;
  findings.push_back({.code = "small_max_tokens",
                      .message = "max_tokens=" + in_words(*limit) + " is for reasoning and answer together: if the " +
                                 "answer comes out cut or empty, give it 16000 or more (32768 is usual), or "
                                 "thinking=False for a short one",
                      .certain = false,
                      .fix = {}});
}

void check_stops(const View& view, Findings& findings) {
  const Provider& provider = view.provider;
  if (provider.max_stops == 0 && provider.max_stop_bytes == 0) return;
  std::vector<std::string_view> stops;
  if (const json::Tree* written = view.sent("stop")) {
    if (written->is(json::Tree::Kind::string)) stops.push_back(written->text());
    for (const auto& item : written->items()) stops.push_back(item.text());
  } else {
    stops.assign(view.request.stop.begin(), view.request.stop.end());
  }
  if (provider.max_stops != 0 && stops.size() > provider.max_stops)
    findings.push_back({.code = "too_many_stops",
                        .message = "stop: " + std::to_string(stops.size()) + " texts are given, " + provider.name +
                                   " takes at most " + std::to_string(provider.max_stops),
                        .certain = true,
                        .fix = {}});
  if (provider.max_stop_bytes == 0) return;
  const auto longest = std::find_if(stops.begin(), stops.end(),
                                    [&](std::string_view stop) { return stop.size() > provider.max_stop_bytes; });
  if (longest == stops.end()) return;
  findings.push_back({.code = "stop_too_long",
                      .message = "stop: the text " + std::to_string(longest - stops.begin() + 1) + " has " +
                                 std::to_string(longest->size()) + " bytes of UTF-8, " + provider.name +
                                 " takes at most " + std::to_string(provider.max_stop_bytes) + " bytes each",
                      .certain = true,
                      .fix = {}});
}

}  // namespace

void check_limits(const View& view, Findings& findings) {
  check_keys(view, findings);
  check_amount(view, findings);
  check_stops(view, findings);
}

std::uint64_t least_body_bytes(const Request& request) noexcept {
  std::uint64_t bytes = request.system.size() + request.prefill.size() + request.fields.text.size() +
                        request.extra_body.text.size() + request.response_format.text.size();
  for (const Message& message : request.messages) {
    bytes += message.text().size() + message.extra.text.size() + message.reasoning_details.text.size();
    if (message.reasoning) bytes += message.reasoning->size();
    for (const Part& part : message.parts)
      bytes += part.value.size() + (part.media ? (part.media->size() + 2) / 3 * 4 : 0);  // base64
    for (const ToolCall& call : message.tool_calls) bytes += call.arguments.size() + call.name.size();
  }
  for (const Tool& tool : request.tools)
    bytes += tool.raw.empty() ? tool.description.size() + tool.parameters.text.size() : tool.raw.text.size();
  return bytes;
}

void check_size(const Request& request, const Provider& provider, Findings& findings) {
  if (provider.max_body_bytes == 0) return;
  const std::uint64_t bytes = least_body_bytes(request);
  if (bytes <= provider.max_body_bytes) return;
  const auto megabytes = [](std::uint64_t count) { return std::to_string(count >> 20); };
  findings.push_back(
      {.code = "body_too_large",
       .message = "the request has about " + megabytes(bytes) + " MiB, " + provider.name + " takes at most " +
                  megabytes(provider.max_body_bytes) +
                  (provider.files_path.empty() ? " MiB. Send smaller pictures and clips, or fewer turns"
                                               : " MiB. Upload large media as files and send their ms:// ids"),
       .certain = true,
       .fix = {}});
}

}  // namespace kimistream::rules
