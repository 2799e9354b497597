/// @file model.hpp
/// @brief A model is a row of data: what it fixes, what it takes, how much it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kimistream {

/// Sampling values that Moonshot's API fixes for a model in one mode: any other value is refused.
struct FixedSampling {
  double temperature = 1.0;
  double top_p = 0.95;
  int n = 1;
  double presence_penalty = 0;
  double frequency_penalty = 0;
};

/// What is known of one model. A plain value; the rows are in src/models.cpp with the source of each.
struct Model {
  std::string id{};                    ///< the neutral id, e.g. "kimi-k2.6"
  std::vector<std::string> aliases{};  ///< other spellings that mean it, e.g. "moonshotai/Kimi-K2.6"
  std::int64_t context_tokens = 0;     ///< input and output together; 0: not known
  bool thinks = true;
  bool thinking_optional = true;  ///< false: thinking cannot be turned off
  bool takes_keep = false;        ///< `thinking.keep`
  bool takes_images = false;
  bool takes_videos = false;
  std::optional<FixedSampling> sampling_thinking{};  ///< nothing: free
  std::optional<FixedSampling> sampling_instant{};
};

[[nodiscard]] std::span<const Model> models();

/// The row that this id or alias names (letter case aside), or null: ids are an open set.
[[nodiscard]] const Model* find_model(std::string_view id);

}  // namespace kimistream
