// The table of providers. Adding one adds a row here and its transcripts to the tests, nothing else.
#include "kimistream/provider.hpp"

#include <algorithm>

#include "kimistream/headers.hpp"  // for equal_ignoring_case

namespace kimistream {
namespace {

const std::vector<std::string> moonshot_request_ids = {"msh-request-id", "x-msh-request-id", "x-request-id",
                                                       "x-msh-trace-id", "x-trace-id"};

/// Moonshot's own API; platform.kimi.ai/docs/api/chat.
Provider moonshot(std::string name, std::string base_url, std::string other) {
  return {
      .name = std::move(name),
      .base_url = std::move(base_url),
      .other_addresses = {},
      .key_advice =
          "Keys are not shared between api.moonshot.ai and api.moonshot.cn: a key of one platform is "
          "refused by the other. If yours is from " +
          other + ", use that provider.",
      .thinking_on = {R"({"thinking":{"type":"enabled"}})"},
      .thinking_off = {R"({"thinking":{"type":"disabled"}})"},
      .thinking_keep = {R"({"thinking":{"keep":"all"}})"},
      .sampling_thinking = {},  // fixed by the server: other values are a 400
      .sampling_instant = {},
      .stream_usage = {R"({"stream_options":{"include_usage":true}})"},
      .max_tokens_key = "max_completion_tokens",  // max_tokens is deprecated
      // With thinking on, a tool-call message without reasoning_content is a 400; reports disagree on whether "" is
      // enough, one space always was.
      .tool_turn_placeholder = " ",
      .request_id_headers = moonshot_request_ids,
  };
}

/// vLLM: docs/features/reasoning_outputs.md; the model card's advice for self-hosted servers.
Provider vllm() {
  return {
      .name = "vllm",
      .base_url = "http://localhost:8000/v1",
      .other_addresses = {},
      .needs_key = false,
      .key_advice = "The server was started with --api-key: pass the same value as api_key.",
      .default_model = "moonshotai/Kimi-K2.6",
      .thinking_on = {R"({"chat_template_kwargs":{"thinking":true}})"},
      .thinking_off = {R"({"chat_template_kwargs":{"thinking":false}})"},
      .thinking_keep = {R"({"chat_template_kwargs":{"preserve_thinking":true}})"},
      // The server falls back on generation defaults of its own.
      .sampling_thinking = {R"({"temperature":1.0,"top_p":0.95})"},
      .sampling_instant = {R"({"temperature":0.6,"top_p":0.95})"},
      .stream_usage = {R"({"stream_options":{"include_usage":true}})"},
      .max_tokens_key = "max_completion_tokens",
      // Old versions read reasoning_content, newer ones only reasoning.
      .reasoning_write_keys = {"reasoning_content", "reasoning"},
      .salvages_tool_markup = true,  // vLLM issues 28543, 31207, 38579
      .request_id_headers = {"x-request-id"},
  };
}

Provider sglang() {
  Provider row = vllm();
  row.name = "sglang";
  row.base_url = "http://localhost:30000/v1";
  row.reasoning_write_keys = {"reasoning_content"};
  return row;
}

/// Any other server that speaks the OpenAI chat protocol: send little, accept everything.
Provider openai_compatible() {
  return {
      .name = "openai-compatible",
      .base_url = "http://localhost:8000/v1",
      .other_addresses = {},
      .needs_key = false,
      .key_advice = "Pass the key that this server expects as api_key.",
      .thinking_on = {R"({"thinking":{"type":"enabled"}})"},
      .thinking_off = {R"({"thinking":{"type":"disabled"}})"},
      .thinking_keep = {R"({"thinking":{"keep":"all"}})"},
      .stream_usage = {R"({"stream_options":{"include_usage":true}})"},
      .salvages_tool_markup = true,
      .request_id_headers = {"x-request-id", "request-id", "x-trace-id"},
  };
}

const std::vector<Provider>& table() {
  static const std::vector<Provider> rows = {
      moonshot("moonshot", "https://api.moonshot.ai/v1", "platform.kimi.com (China)"),
      moonshot("moonshot-cn", "https://api.moonshot.cn/v1", "platform.kimi.ai (international)"),
      vllm(),
      sglang(),
      openai_compatible(),
  };
  return rows;
}

std::string_view without_slash(std::string_view url) {
  while (!url.empty() && url.back() == '/') url.remove_suffix(1);
  return url;
}

}  // namespace

std::span<const Provider> providers() { return table(); }

const Provider* find_provider(std::string_view name) {
  const auto& rows = table();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Provider& p) { return p.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

const Provider* find_provider_by_address(std::string_view base_url) {
  const auto same = [url = without_slash(base_url)](std::string_view other) {
    return equal_ignoring_case(without_slash(other), url);
  };
  const auto& rows = table();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Provider& p) {
    return same(p.base_url) || std::any_of(p.other_addresses.begin(), p.other_addresses.end(), same);
  });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace kimistream
