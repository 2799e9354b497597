// The table of providers. Adding one adds a row here and its transcripts to the tests, nothing else.
#include <algorithm>
#include <deque>

#include "address.hpp"
#include "kimistream/error.hpp"
#include "kimistream/provider.hpp"
#include "net/forks.hpp"
#include "provider_rows.hpp"
#include "rules/nearest.hpp"

namespace kimistream {
namespace {

constexpr std::string_view any_server = "openai-compatible";

constexpr std::uint64_t megabytes = std::uint64_t{1} << 20;

/// Moonshot's own API; platform.kimi.ai/docs/api/chat and its published OpenAPI.
Provider moonshot() {
  return {
      .name = "moonshot",
      .base_url = "https://api.moonshot.ai/v1",
      .files_path = "/files",
      .batches_path = "/batches",
      .balance_path = "/users/me/balance",
      .tokens_path = "/tokenizers/estimate-token-count",
      .currency = "USD",
      .key_variables = {"MOONSHOT_API_KEY", "KIMI_API_KEY"},
      .key_advice =
          "Keys are not shared between api.moonshot.ai and api.moonshot.cn: a key of one platform is refused by the "
          "other. If yours is from platform.kimi.com (China), use the provider \"moonshot-cn\".",
      .thinking_on = {R"({"thinking":{"type":"enabled"}})"},
      .thinking_off = {R"({"thinking":{"type":"disabled"}})"},
      .thinking_keep = {R"({"thinking":{"keep":"all"}})"},
      .stream_usage = {R"({"stream_options":{"include_usage":true}})"},
      .max_tokens_key = "max_completion_tokens",  // max_tokens is deprecated
      // With thinking on, a tool-call message without reasoning_content is a 400; reports disagree on whether "" is
      // enough, one space always was.
      .tool_turn_placeholder = " ",
      .drops_empty_turns = true,  // 400 "the message at position N with role 'assistant' must not be empty"
      .takes_prefill = true,
      .prefill_message = {R"({"partial":true})"},
      .schema = SchemaFlavour::mfjs,
      .json_schema = true,
      .strict_tools = true,
      .images = MediaForms{.data = true, .ms = true},
      .videos = MediaForms{.data = true, .ms = true},
      .media_in_results = true,
      .max_body_bytes = 100 * megabytes,
      .max_stops = 5,
      .max_stop_bytes = 32,
      .fixes_sampling = true,
      .request_id_headers = {"msh-request-id", "x-msh-request-id", "x-request-id", "x-msh-trace-id", "x-trace-id"},
  };
}

Provider moonshot_cn() {
  Provider row = moonshot();
  row.name = "moonshot-cn";
  row.base_url = "https://api.moonshot.cn/v1";
  row.currency = "CNY";
  row.key_advice =
      "Keys are not shared between api.moonshot.cn and api.moonshot.ai: a key of one platform is refused by the "
      "other. If yours is from platform.kimi.ai (international), use the provider \"moonshot\".";
  return row;
}

/// Tencent Cloud TokenHub: its Kimi guide and intl.cloud.tencent.com/document/product/1300/80632.
Provider tokenhub() {
  Provider row = moonshot();
  row.name = "tokenhub";
  row.base_url = "https://tokenhub.tencentmaas.com/v1";
  row.key_variables = {"TOKENHUB_API_KEY"};
  row.other_addresses = {"https://tokenhub.tencentcloudmaas.com/v1", "https://tokenhub-intl.tencentcloudmaas.com/v1",
                         "https://tokenhub-intl.tencentcloudmaas.tech/v1", "https://tokenhub-intl.tencentmaas.com/v1"};
  row.files_path = row.batches_path = row.balance_path = row.tokens_path = row.currency = {};
  row.key_advice = "Keys belong to one site of TokenHub (Guangzhou, Singapore): check that base_url is that site's.";
  row.max_tokens_key = "max_tokens";
  row.takes_prefill = false;
  row.prefill_message = {};
  row.tool_choices = {"auto", "none", "required"};
  row.json_schema = row.strict_tools = std::nullopt;
  row.images = MediaForms{.data = true, .http = true};
  row.videos = MediaForms{.data = true};
  row.max_stops = 4;
  row.max_stop_bytes = 0;
  row.request_id_headers = {"x-request-id"};
  return row;
}

/// Anyfast: its page on Kimi-K2.6. `max_tokens` "has no effect" there.
Provider anyfast() {
  Provider row = moonshot();
  row.name = "anyfast";
  row.base_url = "https://www.anyfast.ai/v1";
  row.key_variables = {"ANYFAST_API_KEY"};
  row.batches_path = row.balance_path = row.tokens_path =
      row.currency = {};  // its page shows ms:// ids: files are tried
  row.key_advice = "Check that the key is one of Anyfast's.";
  row.json_schema = std::nullopt;
  row.max_body_bytes = 0;
  row.request_id_headers = {"x-request-id", "x-oneapi-request-id"};
  return row;
}

/// OpenRouter: guides/best-practices/reasoning-tokens, api_reference/errors-and-debugging.
Provider openrouter() {
  return {
      .name = "openrouter",
      .base_url = "https://openrouter.ai/api/v1",
      .currency = "USD",
      .key_variables = {"OPENROUTER_API_KEY"},
      .key_advice = "Check that the key is one of OpenRouter's (they begin with \"sk-or-\").",
      .default_model = "moonshotai/kimi-k2.6",
      .models = {{"kimi-k2.6", "moonshotai/kimi-k2.6"},
                 {"kimi-k2.5", "moonshotai/kimi-k2.5"},
                 {"kimi-k2.7-code", "moonshotai/kimi-k2.7-code"},
                 {"kimi-k3", "moonshotai/kimi-k3"},
                 {"kimi-k3.1-pro", "moonshotai/kimi-k3.1-pro"}},
      .thinking_on = {R"({"reasoning":{"enabled":true}})"},
      .thinking_off = {R"({"reasoning":{"effort":"none"}})"},
      .reasoning_write_keys = {"reasoning_content"},
      .writes_reasoning_details = true,
      .tool_turn_placeholder = " ",  // upstreams of Moonshot refuse a tool-call turn without reasoning
      .drops_empty_turns = true,     // and so they do an empty one
      .takes_prefill = true,
      .strict_tools = false,
      .images = MediaForms{.data = true, .http = true},
      .videos = MediaForms{.data = true, .http = true},
      .inline_thinking = InlineThinking::if_no_key,
      .salvages_tool_markup = true,
      .request_id_headers = {"x-generation-id", "x-request-id"},
  };
}

/// AI/ML API: its page on kimi-k2-6 and docs/capabilities/request-tracing-and-cost.
Provider aimlapi() {
  Provider row = moonshot();
  row.name = "aimlapi";
  row.base_url = "https://api.aimlapi.com/v1";
  row.key_variables = {"AIMLAPI_API_KEY"};
  row.files_path = row.batches_path = row.balance_path = row.tokens_path = {};
  row.key_advice = "Check that the key is one of AI/ML API's.";
  row.default_model = "moonshot/kimi-k2-6";
  row.models = {{"kimi-k2.6", "moonshot/kimi-k2-6"}, {"kimi-k2.5", "moonshot/kimi-k2-5"}};
  row.max_tokens_key = "max_tokens";
  row.takes_prefill = false;
  row.prefill_message = {};
  row.schema = SchemaFlavour::standard;
  row.strict_tools = std::nullopt;
  row.images = row.videos = MediaForms{};  // its schema lists text parts only
  row.max_body_bytes = 0;
  row.max_stops = 4;
  row.max_stop_bytes = 0;
  row.request_id_headers = {"x-inference-id", "x-client-request-id"};
  return row;
}

/// vLLM: docs/features/reasoning_outputs.md; the model card's advice for self-hosted servers.
Provider vllm() {
  return {
      .name = "vllm",
      .base_url = "http://localhost:8000/v1",
      .needs_key = false,
      .key_variables = {"VLLM_API_KEY"},
      .key_advice = "The server was started with --api-key: pass the same value as api_key.",
      .default_model = "moonshotai/Kimi-K2.6",
      .models = {{"kimi-k2.6", "moonshotai/Kimi-K2.6"}, {"kimi-k2.5", "moonshotai/Kimi-K2.5"}},
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
      .tool_ids = ToolIdPolicy::functions_global,  // vLLM issue 32146: with other ids the model's own syntax breaks
      .takes_prefill = true,
      .prefill_body = {R"({"continue_final_message":true,"add_generation_prompt":false})"},
      .json_schema = true,
      .images = MediaForms{.data = true, .http = true},
      .videos = MediaForms{},     // the model card: official API only
      .media_in_results = false,  // vllm-project/vllm#43203; sglang likewise
      .inline_thinking = InlineThinking::if_no_key,
      .salvages_tool_markup = true,  // vLLM issues 28543, 31207, 38579
      .request_id_headers = {"x-request-id"},
  };
}

/// SGLang: python/sglang/srt/entrypoints/openai/serving_chat.py.
Provider sglang() {
  Provider row = vllm();
  row.name = "sglang";
  row.base_url = "http://localhost:30000/v1";
  row.key_variables = {"SGLANG_API_KEY"};
  row.reasoning_write_keys = {"reasoning_content"};
  row.arguments_must_be_objects = true;
  row.prefill_body = {R"({"continue_final_message":true})"};  // without it the message becomes a user's
  return row;
}

/// KTransformers: SGLang's server, launched without parsers as its guide shows: reasoning comes inside the content, up
/// to a lone </think>, and tool calls as the model's own tokens.
Provider ktransformers() {
  Provider row = sglang();
  row.name = "ktransformers";
  row.base_url = "http://localhost:31245/v1";
  row.key_variables = {"KTRANSFORMERS_API_KEY"};
  row.default_model = "Kimi-K2.6";  // its guide serves the model under that name
  row.models = {{"kimi-k2.6", "Kimi-K2.6"}, {"kimi-k2.5", "Kimi-K2.5"}};
  row.max_tokens_key = "max_tokens";
  row.inline_thinking = InlineThinking::implicit_open;
  return row;
}

/// Cloudflare Workers AI: changelog of 2026-04-20 and the model's schema. vLLM stands behind it.
Provider cloudflare() {
  Provider row = vllm();
  row.name = "cloudflare";
  row.base_url = "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1";
  row.account_variable = "CLOUDFLARE_ACCOUNT_ID";
  row.key_variables = {"CLOUDFLARE_API_TOKEN"};
  row.currency = "USD";
  row.needs_key = true;
  row.key_advice = "Cloudflare takes an API token with Workers AI permission for the account that is in base_url.";
  row.default_model = "@cf/moonshotai/kimi-k2.6";
  row.models = {{"kimi-k2.6", "@cf/moonshotai/kimi-k2.6"},
                {"kimi-k2.5", "@cf/moonshotai/kimi-k2.5"},
                {"kimi-k2.7-code", "@cf/moonshotai/kimi-k2.7-code"}};
  row.thinking_on = {R"({"chat_template_kwargs":{"thinking":true,"enable_thinking":true}})"};
  row.thinking_off = {R"({"chat_template_kwargs":{"thinking":false,"enable_thinking":false}})"};
  row.thinking_keep = {R"({"chat_template_kwargs":{"preserve_thinking":true,"clear_thinking":false}})"};
  row.reasoning_write_keys = {"reasoning", "reasoning_content"};
  row.takes_prefill = false;
  row.prefill_body = {};
  row.tool_choices = {"auto", "none", "required"};
  row.quota_codes = {"3036"};  // the free allocation is used up; 3040 (out of capacity) is worth another try
  row.request_id_headers = {"cf-ray", "cf-aig-log-id"};
  return row;
}

/// Moonshot's Anthropic-compatible route; no published contract: MoonshotAI/Kimi-K2 issue 129, MoonshotAI/kimi-code.
Provider moonshot_anthropic() {
  Provider row = moonshot();
  row.name = "moonshot-anthropic";
  row.base_url = "https://api.moonshot.ai/anthropic";
  row.other_addresses = {"https://api.moonshot.cn/anthropic"};
  row.protocol = Protocol::anthropic_messages;
  row.chat_path = "/v1/messages";
  row.models_path = "/v1/models";
  row.files_path = row.batches_path = row.balance_path = row.tokens_path = {};
  row.headers.add("anthropic-version", "2023-06-01");
  row.thinking_keep = {R"({"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}})"};
  row.stream_usage = {};
  row.max_tokens_key = "max_tokens";
  row.tool_ids = ToolIdPolicy::sanitized;
  row.prefill_message = {};
  row.json_schema = false;
  row.strict_tools = std::nullopt;
  row.images = MediaForms{.data = true, .http = true};
  row.videos = MediaForms{.data = true, .http = true};
  row.end_marker = {};
  row.request_id_headers = {"request-id", "msh-request-id", "x-request-id", "x-trace-id"};
  return row;
}

/// Kimi Code, the subscription: keys and models of its own.
Provider kimi_code() {
  Provider row = moonshot_anthropic();
  row.name = "kimi-code";
  row.base_url = "https://api.kimi.com/coding";
  row.key_variables = {"KIMI_CODE_API_KEY", "KIMI_API_KEY"};
  row.other_addresses = {};
  row.auth = Auth::x_api_key;
  row.key_advice = "Kimi Code has keys of its own: those of the open platform are refused.";
  row.default_model = "kimi-for-coding";
  row.models = {{"kimi-k3", "k3"}};  // kimi.com/code/docs, "models"
  row.max_body_bytes = 2'097'152;
  return row;
}

Provider openai_compatible();

/// LiteLLM's proxy. docs.litellm.ai: proxy/quick_start (port 4000), providers/litellm_proxy (the key's variable),
/// completion/drop_params and completion/provider_specific_params; measured with 1.108.7. Models have the names that
/// its configuration gives them. What `thinking` does hangs on the provider behind it: moonshot/ and openai/ pass it
/// when it is allowed as here (else 400 UnsupportedParamsError); hosted_vllm/ drops "disabled" and makes "enabled" an
/// effort of "minimal". moonshot/ also drops tool_choice "required" and adds a message in its place. Usage that stands
/// in a stream's last choice, Moonshot's place, is overlooked and counted anew with a tokenizer of its own.
Provider litellm() {
  Provider row = openai_compatible();
  row.name = "litellm";
  row.base_url = "http://localhost:4000/v1";
  row.key_variables = {"LITELLM_PROXY_API_KEY"};
  row.key_advice =
      "LiteLLM has keys of its own (the master key, and those made with it). When it is the provider behind it that "
      "refuses a key, look at LiteLLM's configuration.";
  row.thinking_on = {R"({"thinking":{"type":"enabled"},"allowed_openai_params":["thinking"]})"};
  row.thinking_off = {R"({"thinking":{"type":"disabled"},"allowed_openai_params":["thinking"]})"};
  row.estimates_stream_usage = true;
  row.request_id_headers = {"x-litellm-call-id"};
  return row;
}

/// Portkey's gateway on one's own machine, in front of Moonshot. portkey.ai/docs/integrations/llms (x-portkey-provider,
/// x-portkey-custom-host), Portkey-AI/gateway docs/installation-deployments.md (port 8787); measured with 1.15.2. The
/// key is the provider's. As "openai" it passes answers byte for byte and drops `thinking` and every field that OpenAI
/// does not have, without a word: so there is no switch. As "moonshot" it drops the tools as well. Another provider is
/// another value of the two headers. Whether the service at api.portkey.ai does the same is not known; there it wants a
/// key of its own in x-portkey-api-key.
Provider portkey() {
  Provider row = openai_compatible();
  row.name = "portkey";
  row.base_url = "http://localhost:8787/v1";
  row.headers = {{"x-portkey-provider", "openai"}, {"x-portkey-custom-host", "https://api.moonshot.ai/v1"}};
  row.needs_key = true;
  row.key_variables = {"MOONSHOT_API_KEY", "KIMI_API_KEY"};
  row.key_advice = "The key is the provider's behind the gateway, which x-portkey-custom-host names.";
  row.thinking_on = row.thinking_off = row.thinking_keep = {};
  row.request_id_headers = {"x-portkey-trace-id"};
  return row;
}

/// one-api, and the gateways that are made of it. songquanpeng/one-api, README (port 3000) and relay/; measured with
/// 8df4a26. Requests pass as they are, so the switch is Moonshot's; which channel, and so which dialect, stands behind
/// a model's name is the gateway's business. It ends every stream with [DONE], also one that broke. It wants a key, for
/// which no variable is usual.
Provider one_api() {
  Provider row = openai_compatible();
  row.name = "one-api";
  row.base_url = "http://localhost:3000/v1";
  row.key_advice = "one-api has keys of its own, made in its console under tokens.";
  row.request_id_headers = {"x-oneapi-request-id"};
  return row;
}

/// Any other server that speaks the OpenAI chat protocol: send little, accept everything.
Provider openai_compatible() {
  return {
      .name = std::string(any_server),
      .base_url = "http://localhost:8000/v1",
      .needs_key = false,
      .key_advice = "Pass the key that this server expects as api_key.",
      .thinking_on = {R"({"thinking":{"type":"enabled"}})"},
      .thinking_off = {R"({"thinking":{"type":"disabled"}})"},
      .thinking_keep = {R"({"thinking":{"keep":"all"}})"},
      .stream_usage = {R"({"stream_options":{"include_usage":true}})"},
      .inline_thinking = InlineThinking::if_no_key,
      .salvages_tool_markup = true,
      .request_id_headers = {"x-request-id", "request-id", "x-trace-id"},
  };
}

/// Rows are never removed: clients hold on to them. Whole at a fork, for a child makes clients of its own.
class ProviderTable {
 public:
  static ProviderTable& instance() {
    static ProviderTable table;
    return table;
  }

  const Provider& add(Provider row) {
    const net::NoFork guard;
    const Provider& added = rows_.emplace_back(std::move(row));
    const auto same = std::find_if(current_.begin(), current_.end(), [&](auto* p) { return p->name == added.name; });
    if (same == current_.end())
      current_.push_back(&added);
    else
      *same = &added;
    return added;
  }

  std::vector<const Provider*> current() const {
    const net::NoFork guard;
    return current_;
  }

  const std::vector<const Provider*>& built_in() const noexcept { return built_in_; }

  template <class Matches>
  const Provider* find(Matches&& matches) const {
    const net::NoFork guard;
    const auto row = std::find_if(current_.begin(), current_.end(), [&](auto* p) { return matches(*p); });
    return row == current_.end() ? nullptr : *row;
  }

 private:
  ProviderTable() {
    for (auto make : {moonshot, moonshot_cn, tokenhub, anyfast, openrouter, aimlapi, vllm, sglang, ktransformers,
                      cloudflare, moonshot_anthropic, kimi_code, litellm, portkey, one_api, openai_compatible})
      built_in_.push_back(&rows_.emplace_back(make()));
    for (Provider& row : rows_of_hosts(openai_compatible(), cloudflare()))
      built_in_.push_back(&rows_.emplace_back(std::move(row)));
    current_ = built_in_;
  }

  std::deque<Provider> rows_;
  std::vector<const Provider*> built_in_, current_;
};

/// What people call a row, or look for, that has another name. Hints, not aliases.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {
    {"openai", any_server}, {"kimi", "moonshot"},    {"moonshotai", "moonshot"},   {"anthropic", "moonshot-anthropic"},
    {"local", any_server},  {"tencent", "tokenhub"}, {"workers-ai", "cloudflare"},
};

/// The name that was probably meant, "" where nothing comes near.
std::string meant(std::string_view name) {
  for (const auto& [other, own] : other_names)
    if (equal_ignoring_case(other, name)) return std::string(own);
  std::vector<std::string_view> names;
  for (const Provider* row : providers()) names.push_back(row->name);
  return std::string(rules::nearest(name, names));
}

}  // namespace

std::vector<const Provider*> providers() { return ProviderTable::instance().current(); }
std::vector<const Provider*> built_in_providers() { return ProviderTable::instance().built_in(); }

const Provider& register_provider(Provider row) {
  if (row.name.empty()) throw Exception(invalid_request("a provider needs a name"));
  if (row.base_url.empty()) throw Exception(invalid_request("the provider \"" + row.name + "\" needs a base_url"));
  while (row.base_url.ends_with('/')) row.base_url.pop_back();
  return ProviderTable::instance().add(std::move(row));
}

const Provider* find_provider(std::string_view name) {
  const ProviderTable& table = ProviderTable::instance();
  if (const Provider* row = table.find([&](const Provider& each) { return each.name == name; })) return row;
  return table.find([&](const Provider& each) { return equal_ignoring_case(each.name, name); });
}

const Provider& provider_named(std::string_view name) {
  if (const Provider* row = find_provider(name)) return *row;
  std::string said = "unknown provider \"" + std::string(name) + "\": ";
  if (const Provider* row = find_provider(meant(name))) {
    said += "did you mean \"" + row->name + "\"" + (row->name == any_server ? ", with a base_url?" : "?");
  } else {
    said += "use one of ";
    for (const Provider* each : providers())
      if (each->name != any_server) said += each->name + ", ";
    said.append("or ").append(any_server).append(" with a base_url");
  }
  throw Exception(invalid_request(std::move(said)));
}

std::string_view model_name(const Provider& provider, std::string_view model) noexcept {
  for (const ModelName& name : provider.models)
    if (name.neutral == model) return name.own;
  return model;
}

}  // namespace kimistream
