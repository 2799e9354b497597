// The table of models. A model more is a row more here.
#include "kimistream/model.hpp"

#include <algorithm>
#include <array>

#include "kimistream/headers.hpp"

namespace kimistream {
namespace {

// "Model Parameter Reference", platform.kimi.ai/docs/api/models-overview: "passing any other value returns an error".
constexpr FixedSampling fixed_thinking{.temperature = 1.0};
constexpr FixedSampling fixed_instant{.temperature = 0.6};

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
                  "moonshotai/kimi-k2.5-0127", "kimi-k2-5"},
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
                  "moonshotai/kimi-k2.6-20260420", "kimi-k2-6"},
      // In a tutorial only; neither in the published OpenAPI nor in GET /v1/models: thinking is a switch, not a model.
      .misnomers = {"kimi-k2.6-thinking"},
      .context_tokens = window_256k,
      .takes_keep = true,  // published OpenAPI, KimiK26ChatRequest
      .takes_effort = false,
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
                  "moonshot/kimi-k2-7-code", "@cf/moonshotai/kimi-k2.7-code"},
      .context_tokens = window_256k,
      .thinking_optional = false,
      .takes_keep = true,
      .takes_effort = false,
      .takes_images = true,
      .takes_videos = true,  // vision guide
      .sampling_thinking = fixed_thinking,
      .sampling_instant = fixed_thinking,
  };
}

Model k3() {
  return {
      .id = "kimi-k3",
      .aliases = {"moonshotai/kimi-k3", "moonshot/kimi-k3", "@cf/moonshotai/kimi-k3"},
      .context_tokens = window_1m,
      // models-overview: "K3 always reasons" and has no `thinking`; a capture of 2026-09-03 shows `disabled` honoured.
      .thinking_optional = std::nullopt,
      .takes_keep = std::nullopt,  // it always preserves thinking; whether the field is read is not said
      .takes_effort = true,
      .required_while_thinking = true,  // guide/use-tool-choice
      .takes_images = true,
      .takes_videos = true,
      .sampling_thinking = fixed_thinking,
      // For the mode that it should not have nothing is documented.
  };
}

const std::array<Model, 4>& table() {
  static const std::array<Model, 4> rows = {k2_6(), k2_5(), k2_7_code(), k3()};
  return rows;
}

bool names(const Model& row, std::string_view id) noexcept {
  return equal_ignoring_case(row.id, id) || std::any_of(row.aliases.begin(), row.aliases.end(), [&](const auto& alias) {
           return equal_ignoring_case(alias, id);
         });
}

}  // namespace

std::span<const Model> models() { return table(); }

const Model* find_model(std::string_view id) noexcept {
  id = id.substr(0, id.find(':'));
  const auto& rows = table();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Model& each) { return names(each, id); });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace kimistream
