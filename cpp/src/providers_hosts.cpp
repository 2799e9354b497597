// Hosts and clouds that serve Kimi by the OpenAI protocol. Address, variables of the key and ids are those of the
// source that stands at the row; where none says how thinking is switched, the switch is that of the row they inherit,
// which is Moonshot's own, and may be ignored. What is not said here is not known.
//
// litellm: version 1.110.2, llms/NAME and model_prices_and_context_window_backup.json. genai-prices: version 0.2.3.
#include <string>
#include <utility>

#include "provider_rows.hpp"

namespace kimistream {
namespace {

/// The ids of those that write the model's name as its maker does on Hugging Face.
std::vector<ModelName> makers_names() {
  return {{"kimi-k2.6", "moonshotai/Kimi-K2.6"},
          {"kimi-k2.5", "moonshotai/Kimi-K2.5"},
          {"kimi-k2.7-code", "moonshotai/Kimi-K2.7-Code"},
          {"kimi-k3", "moonshotai/Kimi-K3"},
          {"kimi-k3.1-pro", "moonshotai/Kimi-K3.1-Pro"}};
}

/// The same in small letters.
std::vector<ModelName> small_names() {
  return {{"kimi-k2.6", "moonshotai/kimi-k2.6"},
          {"kimi-k2.5", "moonshotai/kimi-k2.5"},
          {"kimi-k2.7-code", "moonshotai/kimi-k2.7-code"},
          {"kimi-k3", "moonshotai/kimi-k3"},
          {"kimi-k3.1-pro", "moonshotai/kimi-k3.1-pro"}};
}

class Rows {
 public:
  explicit Rows(const Provider& base) : base_(base) {}

  Provider& host(std::string name, std::string address, std::vector<std::string> variables,
                 std::vector<ModelName> models) {
    Provider& row = add(base_, std::move(name), std::move(address), std::move(variables));
    row.needs_key = true;
    row.key_advice = "Check that the key is one of " + row.name + "'s.";
    if (!models.empty()) row.default_model = models.front().own;
    row.models = std::move(models);
    return row;
  }

  Provider& add(const Provider& like, std::string name, std::string address, std::vector<std::string> variables) {
    Provider& row = rows_.emplace_back(like);
    row.name = std::move(name);
    row.base_url = std::move(address);
    row.key_variables = std::move(variables);
    return row;
  }

  std::vector<Provider> take() { return std::move(rows_); }

 private:
  const Provider& base_;
  std::vector<Provider> rows_;
};

constexpr const char* template_on = R"({"chat_template_kwargs":{"thinking":true}})";
constexpr const char* template_off = R"({"chat_template_kwargs":{"thinking":false}})";

void add_hosts(Rows& rows) {
  // litellm: the address, the toggle (HYBRID_REASONING_MODELS; it names K3 there and no K2), names by /v1/models.
  Provider& together =
      rows.host("together", "https://api.together.ai/v1", {"TOGETHER_API_KEY", "TOGETHER_AI_API_KEY"}, makers_names());
  together.other_addresses = {"https://api.together.xyz/v1"};
  together.thinking_on = {R"({"reasoning":{"enabled":true}})"};
  together.thinking_off = {R"({"reasoning":{"enabled":false}})"};
  together.thinking_keep = {};

  // litellm: names by api.fireworks.ai/v1/serverless/models; effort "none" stands for thinking off there, and
  // `thinking` beside an effort is refused.
  Provider& fireworks =
      rows.host("fireworks", "https://api.fireworks.ai/inference/v1", {"FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"},
                {{"kimi-k2.6", "accounts/fireworks/models/kimi-k2p6"},
                 {"kimi-k2.5", "accounts/fireworks/models/kimi-k2p5"},
                 {"kimi-k2.7-code", "accounts/fireworks/models/kimi-k2p7-code"},
                 {"kimi-k3", "accounts/fireworks/models/kimi-k3"},
                 {"kimi-k3.1-pro", "accounts/fireworks/models/kimi-k3p1-pro"}});
  fireworks.thinking_on = {};  // it thinks unless told otherwise
  fireworks.thinking_off = {R"({"reasoning_effort":"none"})"};
  fireworks.thinking_keep = {};

  // The address by its own page (novita.ai/models); litellm has the older one. Names: genai-prices.
  rows.host("novita", "https://api.novita.ai/openai", {"NOVITA_API_KEY"}, small_names()).other_addresses = {
      "https://api.novita.ai/v3/openai"};

  // docs.baseten.co/quickstart; names by inference.baseten.co/v1/models in litellm.
  rows.host("baseten", "https://inference.baseten.co/v1", {"BASETEN_API_KEY"}, makers_names());

  // litellm. K3.1 is in no list of it.
  std::vector<ModelName> without_newest = makers_names();
  without_newest.pop_back();
  rows.host("deepinfra", "https://api.deepinfra.com/v1/openai", {"DEEPINFRA_API_KEY"}, without_newest);

  // anomalyco/models.dev#789: K2.5 on both sites; of later ones nothing was found. Keys are not shared between them.
  rows.host("siliconflow", "https://api.siliconflow.com/v1", {"SILICONFLOW_API_KEY"},
            {{"kimi-k2.5", "moonshotai/Kimi-K2.5"}})
      .other_addresses = {"https://api.siliconflow.cn/v1"};

  // docs.api.nvidia.com/nim/reference/moonshotai-kimi-k2-6-infer: the switch. A request for usage makes it hang
  // (HKUDS/DeepTutor#420), so none is sent.
  Provider& nvidia =
      rows.host("nvidia", "https://integrate.api.nvidia.com/v1", {"NVIDIA_API_KEY", "NVIDIA_NIM_API_KEY"},
                {{"kimi-k2.6", "moonshotai/kimi-k2.6"}, {"kimi-k2.5", "moonshotai/kimi-k2.5"}});
  nvidia.thinking_on = {template_on};
  nvidia.thinking_off = {template_off};
  nvidia.thinking_keep = {};
  nvidia.stream_usage = {};

  // genai-prices, console.groq.com/docs: K2 Instruct only, which does not think.
  rows.host("groq", "https://api.groq.com/openai/v1", {"GROQ_API_KEY"}, {}).default_model =
      "moonshotai/kimi-k2-instruct-0905";

  // vercel.com/ai-gateway/models/kimi-k2.6/api: address and variable.
  rows.host("vercel", "https://ai-gateway.vercel.sh/v1", {"AI_GATEWAY_API_KEY", "VERCEL_AI_GATEWAY_API_KEY"},
            small_names());

  // litellm; names by genai-prices, which files them under the provider behind the router.
  rows.host("huggingface", "https://router.huggingface.co/v1", {"HF_TOKEN", "HUGGINGFACE_API_KEY"}, without_newest);
}

/// Clouds: the address holds what is one's own, a workspace, a region or a resource.
void add_clouds(Rows& rows) {
  // litellm: {host}/serving-endpoints; names by databricks.com/product/pricing/foundation-model-serving.
  Provider& databricks = rows.host("databricks", "https://{account_id}.cloud.databricks.com/serving-endpoints",
                                   {"DATABRICKS_TOKEN", "DATABRICKS_API_KEY"},
                                   {{"kimi-k3", "databricks-kimi-k3"}, {"kimi-k3.1-pro", "databricks-kimi-k3-1-pro"}});
  databricks.account_variable = "DATABRICKS_WORKSPACE";  // ours: DATABRICKS_HOST holds a whole address
  databricks.other_addresses = {"https://{account_id}.azuredatabricks.net/serving-endpoints",
                                "https://{account_id}.gcp.databricks.com/serving-endpoints"};

  // The route by openai-node's bedrock.md and developers.openai.com/api/docs/guides/amazon-bedrock; names by litellm.
  // Which of its two hosts has Kimi is not said.
  Provider& bedrock =
      rows.host("bedrock", "https://bedrock-mantle.{account_id}.api.aws/openai/v1", {"AWS_BEARER_TOKEN_BEDROCK"},
                {{"kimi-k2.5", "moonshotai.kimi-k2.5"},
                 {"kimi-k3", "moonshotai.kimi-k3"},
                 {"kimi-k3.1-pro", "moonshotai.kimi-k3.1"}});
  bedrock.account_variable = "AWS_REGION";
  bedrock.other_addresses = {"https://bedrock-runtime.{account_id}.amazonaws.com/openai/v1"};

  // litellm (AZURE_OPENAI_V1_HOST_SUFFIXES); names by its price list. A deployment may have another name.
  Provider& azure = rows.host("azure", "https://{account_id}.services.ai.azure.com/openai/v1",
                              {"AZURE_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_AI_API_KEY"},
                              {{"kimi-k2.6", "kimi-k2.6"}, {"kimi-k3", "FW-Kimi-K3"}});
  azure.account_variable = "AZURE_RESOURCE_NAME";
  azure.other_addresses = {"https://{account_id}.openai.azure.com/openai/v1"};
}

/// Servers of one's own.
void add_servers(Rows& rows, const Provider& base) {
  // litellm: the address and the variable. Models are called as `ollama list` shows them.
  rows.add(base, "ollama", "http://localhost:11434/v1", {"OLLAMA_API_KEY"});

  // tools/server/README.md of ggml-org/llama.cpp: --api-key, chat_template_kwargs, paths with and without /v1. Many
  // programs have that port, and an address with /v1 on it is not taken for this one. A named tool_choice becomes
  // "auto" without a word (langchain-llama-cpp, its README).
  Provider& llama = rows.add(base, "llama.cpp", "http://localhost:8080", {"LLAMA_API_KEY"});
  llama.thinking_on = {template_on};
  llama.thinking_off = {template_off};
  llama.thinking_keep = {};
  llama.tool_choices = {"auto", "none", "required"};
}

/// Workers AI by its own route: the model stands in the address, and an answer may come in frames of its own, or, where
/// it is not streamed, in an envelope.
void add_native_cloudflare(Rows& rows, const Provider& cloudflare) {
  Provider& row =
      rows.add(cloudflare, "cloudflare-native", "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/run",
               cloudflare.key_variables);
  row.chat_path = "/{model}";
  row.models_path = {};
}

}  // namespace

std::vector<Provider> rows_of_hosts(const Provider& base, const Provider& workers_ai) {
  Rows rows(base);
  add_hosts(rows);
  add_clouds(rows);
  add_servers(rows, base);
  add_native_cloudflare(rows, workers_ai);
  return rows.take();
}

}  // namespace kimistream
