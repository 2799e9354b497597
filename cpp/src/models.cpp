// The table of models. A model more is a row more here.
#include "kimistream/model.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "characters.hpp"
#include "kimistream/headers.hpp"

namespace kimistream {
namespace {

// "Model Parameter Reference", platform.kimi.ai/docs/api/models-overview: "passing any other value returns an error".
constexpr FixedSampling fixed_thinking{.temperature = 1.0};
constexpr FixedSampling fixed_instant{.temperature = 0.6};

/// As the models of its generation are; of itself nothing is said.
constexpr FixedSampling likely(FixedSampling sampling) {
  sampling.certain = false;
  return sampling;
}

constexpr std::int64_t window_256k = 262'144;  // context_length of GET /v1/models, likewise the next
constexpr std::int64_t window_1m = 1'048'576;

/// What gateways say of the K2.5 and K2.6 that they serve.
std::vector<ServedModel> served_k2() {
  return {
      // Its Kimi guide: "fixed at 0.6, any other value is a 400"; its international reference lists 0 to 2.
      {.provider = "tokenhub", .only_temperature = 0.6},
      // Its page lists temperature 0 to 2, top_p and the penalties, and says of max_tokens that it "has no effect".
      {.provider = "anyfast", .usual_sampling = true, .reads_one_max_tokens_key = true},
      {.provider = "aimlapi", .reads_one_max_tokens_key = true},  // its schema knows max_tokens only
      // Captures of 2026-09-03: sampling values that were sent to the Anthropic-compatible route were tolerated.
      {.provider = "moonshot-anthropic", .usual_sampling = true, .reads_one_max_tokens_key = true},
      {.provider = "kimi-code", .usual_sampling = true, .reads_one_max_tokens_key = true},
  };
}

/// Retired at its maker's on 2026-08-31 (changelog of platform.kimi.ai), served by others.
Model k2_5() {
  return {
      .id = "kimi-k2.5",
      .aliases = {"moonshotai/kimi-k2.5", "moonshot/kimi-k2-5", "moonshot/kimi-k2.5", "@cf/moonshotai/kimi-k2.5",
                  "moonshotai/kimi-k2.5-0127", "kimi-k2-5", "accounts/fireworks/models/kimi-k2p5",
                  "moonshotai.kimi-k2.5"},
      .context_tokens = window_256k,
      .takes_keep = false,    // published OpenAPI: its `thinking` has `type` and nothing else
      .takes_effort = false,  // models-overview: "Not supported"
      .takes_images = true,
      .takes_videos = std::nullopt,  // the vision guide and TokenHub say no, its model card yes, experimentally
      .sampling_thinking = fixed_thinking,
      .sampling_instant = fixed_instant,
      .served = served_k2(),
  };
}

Model k2_6() {
  return {
      .id = "kimi-k2.6",
      .aliases = {"moonshotai/kimi-k2.6", "moonshot/kimi-k2-6", "moonshot/kimi-k2.6", "@cf/moonshotai/kimi-k2.6",
                  "moonshotai/kimi-k2.6-20260420", "kimi-k2-6", "accounts/fireworks/models/kimi-k2p6"},
      // In a tutorial only; neither in the published OpenAPI nor in GET /v1/models: thinking is a switch, not a model.
      .misnomers = {"kimi-k2.6-thinking"},
      .context_tokens = window_256k,
      .takes_keep = true,  // published OpenAPI, KimiK26ChatRequest
      .takes_effort = false,
      // guide/use-tool-choice, and every form refused by the live API (UKGovernmentBEIS/inspect_ai#5152, 2026-08-31).
      .required_while_thinking = false,
      .named_while_thinking = false,
      .takes_images = true,
      .takes_videos = true,
      .sampling_thinking = fixed_thinking,
      .sampling_instant = fixed_instant,
      .served = served_k2(),
  };
}

/// models-overview: "thinking is always on and cannot be disabled"; the fast one is "the same model with identical
/// parameter constraints".
Model k2_7_code() {
  return {
      .id = "kimi-k2.7-code",
      .aliases = {"kimi-k2.7-code-highspeed", "moonshotai/kimi-k2.7-code", "moonshot/kimi-k2.7-code",
                  "moonshot/kimi-k2-7-code", "@cf/moonshotai/kimi-k2.7-code",
                  "accounts/fireworks/models/kimi-k2p7-code"},
      .context_tokens = window_256k,
      .thinking_optional = false,
      .takes_keep = true,
      .takes_effort = false,
      .required_while_thinking = false,  // as K2.6
      .named_while_thinking = false,
      .takes_images = true,
      .takes_videos = true,  // vision guide
      .sampling_thinking = fixed_thinking,
      .sampling_instant = fixed_thinking,
  };
}

/// What Kimi Code says of K3: guide of its models, "reasoning_effort": others are mapped, unknown ones are a 400.
ServedModel k3_at_kimi_code() {
  return {.provider = "kimi-code",
          .usual_sampling = true,
          .reads_one_max_tokens_key = true,
          .other_efforts = {"minimal", "medium", "xhigh"}};
}

Model k3() {
  return {
      .id = "kimi-k3",
      // "k3" at Kimi Code, where the membership decides how much of the window is given.
      .aliases = {"moonshotai/kimi-k3", "moonshot/kimi-k3", "@cf/moonshotai/kimi-k3", "k3",
                  "accounts/fireworks/models/kimi-k3", "databricks-kimi-k3", "moonshotai.kimi-k3", "FW-Kimi-K3"},
      .context_tokens = window_1m,
      // models-overview: "K3 always reasons" and has no `thinking`; a capture of 2026-09-03 shows `disabled` honoured.
      .thinking_optional = std::nullopt,
      .takes_keep = std::nullopt,  // it always preserves thinking; whether the field is read is not said
      .takes_effort = true,
      .efforts = {"low", "high", "max"},  // guide/kimi-k3-quickstart; `think_efforts` of GET /v1/models
      .required_while_thinking = true,    // guide/use-tool-choice
      .named_while_thinking = false,      // UKGovernmentBEIS/inspect_ai#5152, can1357/oh-my-pi#5994
      .takes_images = true,
      .takes_videos = true,
      .sampling_thinking = fixed_thinking,
      // For the mode that it should not have nothing is documented.
      .served = {k3_at_kimi_code()},
  };
}

/// K3 in a smaller window, at Kimi Code only: its GET /v1/models as quoted in anomalyco/models.dev#3698 (2026-07-24).
Model k3_256k() {
  Model row = k3();
  row.id = "k3-256k";
  row.aliases = {};
  row.context_tokens = window_256k;
  row.thinking_optional = false;  // "supports_thinking_type": "only"
  row.takes_videos = false;
  return row;
}

/// litellm 1.110.2 (model_prices_and_context_window_backup.json), which cites platform.kimi.ai/docs/pricing/chat: the
/// window, the levels of effort, pictures; synaps-engine 0.11.0 (docs.rs), which cites guide/kimi-k3-1-pro-quickstart:
/// effort and thinking as K3. Neither says anything of video, of tool_choice or of what is fixed.
Model k3_1_pro() {
  Model row = k3();
  row.id = "kimi-k3.1-pro";
  row.aliases = {"kimi-k3.1-pro-highspeed",  "moonshotai/kimi-k3.1-pro",
                 "moonshot/kimi-k3.1-pro",   "accounts/fireworks/models/kimi-k3p1-pro",
                 "databricks-kimi-k3-1-pro", "moonshotai.kimi-k3.1"};
  row.required_while_thinking = row.named_while_thinking = std::nullopt;
  row.takes_videos = std::nullopt;
  row.sampling_thinking = likely(fixed_thinking);
  row.served = {};
  return row;
}

/// The name that Kimi Code's clients ask for; which K2 stands behind it changes. With thinking off it took temperature
/// 0.6 alone, with thinking on 1 alone (MoonshotAI/kimi-code#686, shandianshuo/shandianshuo-releases#13).
Model for_coding() {
  return {
      .id = "kimi-for-coding",
      .aliases = {"kimi-for-coding-highspeed"},
      .context_tokens = window_256k,  // anomalyco/models.dev#459
      .takes_images = true,
      .takes_videos = true,  // kimi.com/code/docs, "models": of its models the smaller K3 alone takes none
      .sampling_thinking = fixed_thinking,
      .sampling_instant = fixed_instant,
      .served = {{.provider = "kimi-code", .usual_sampling = true, .reads_one_max_tokens_key = true}},
  };
}

/// A generation is a row as well, for those of its models that are newer than this table.
Model generation(std::string id, std::optional<FixedSampling> instant) {
  return {
      .id = std::move(id),
      .thinking_optional = std::nullopt,
      .takes_images = true,
      .takes_videos = std::nullopt,
      .sampling_thinking = likely(fixed_thinking),
      .sampling_instant = instant,
  };
}

struct ModelTable {
  std::array<Model, 7> rows = {k2_6(), k2_5(), k2_7_code(), k3(), k3_256k(), k3_1_pro(), for_coding()};
  Model any_k2 = generation("kimi-k2.x", likely(fixed_instant)), any_k3 = generation("kimi-k3.x", std::nullopt);
};

const ModelTable& table() {
  static const ModelTable only;
  return only;
}

/// The digit's place in "moonshotai/Kimi-K2.9", "kimi-k3p2-pro", "k3-turbo": behind a k that begins the id, or that
/// follows the family's name. @return what stands behind the digit, nothing where there is no such word
std::optional<std::string_view> behind_generation(std::string_view id, char digit) {
  constexpr std::string_view family = "kimi";
  for (std::size_t at = 0; at + 1 < id.size(); ++at) {
    if ((id[at] != 'k' && id[at] != 'K') || id[at + 1] != digit) continue;
    std::string_view before = id.substr(0, at);
    if (before.ends_with('-')) before.remove_suffix(1);
    const bool named =
        before.size() >= family.size() && equal_ignoring_case(before.substr(before.size() - family.size()), family);
    const std::string_view behind = id.substr(at + 2);
    if ((at == 0 || named) && (behind.empty() || !is_digit(behind.front()))) return behind;
  }
  return std::nullopt;
}

/// K2 before 2.5 was another kind of model: it did not think, and took any temperature.
bool has_minor_from_5(std::string_view behind) {
  return behind.size() >= 2 && std::string_view(".-p").find(behind[0]) != std::string_view::npos && behind[1] >= '5' &&
         behind[1] <= '9' && (behind.size() == 2 || !is_digit(behind[2]));
}

bool names(const Model& row, std::string_view id) noexcept {
  return equal_ignoring_case(row.id, id) || std::any_of(row.aliases.begin(), row.aliases.end(), [&](const auto& alias) {
           return equal_ignoring_case(alias, id);
         });
}

}  // namespace

std::span<const Model> models() { return table().rows; }

const Model* find_model(std::string_view id) noexcept {
  id = id.substr(0, id.find(':'));
  const auto& rows = table().rows;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Model& each) { return names(each, id); });
  return row == rows.end() ? nullptr : &*row;
}

const Model* find_model_or_generation(std::string_view id) noexcept {
  if (const Model* row = find_model(id)) return row;
  if (const auto behind = behind_generation(id, '2'); behind && has_minor_from_5(*behind)) return &table().any_k2;
  return behind_generation(id, '3') ? &table().any_k3 : nullptr;
}

}  // namespace kimistream
