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

/// Sampling values that the maker's API fixes for a model in one mode: any other value is refused.
struct FixedSampling {
  bool certain = true;  ///< false: likely, as the models of its generation are; nothing is refused for it
  double temperature = 1.0;
  double top_p = 0.95;
  int n = 1;
  double presence_penalty = 0;
  double frequency_penalty = 0;
};

/// What a provider's own page says of a model against, or beyond, the documents of its maker.
struct ServedModel {
  std::string provider{};                    ///< name of its row
  std::optional<double> only_temperature{};  ///< "anything else is a 400", in either mode
  bool usual_sampling = false;               ///< lists the ranges that every OpenAI-like API has
  bool reads_one_max_tokens_key = false;     ///< the other spelling of the output limit is a silent no-op
  std::vector<std::string> other_efforts{};  ///< says that it takes these levels of effort, too
};

/// What is known of one model. A plain value; the rows are in src/models.cpp with the source of each.
/// An empty optional says that the documents are silent or disagree: nothing is refused for it.
struct Model {
  std::string id{};                    ///< the neutral id, e.g. "kimi-k2.6"
  std::vector<std::string> aliases{};  ///< other spellings that mean it, e.g. "moonshotai/Kimi-K2.6"
  /// Ids that circulate for it and that no provider is known to serve, e.g. "kimi-k2.6-thinking".
  std::vector<std::string> misnomers{};
  std::int64_t context_tokens = 0;  ///< input and output together; 0: not known
  bool thinks = true;
  std::optional<bool> thinking_optional = true;   ///< false: thinking cannot be turned off
  std::optional<bool> takes_keep{};               ///< `thinking.keep`
  std::optional<bool> takes_effort{};             ///< `reasoning_effort`; false: it is ignored
  std::vector<std::string> efforts{};             ///< its levels; none: not known
  std::optional<bool> required_while_thinking{};  ///< `tool_choice: "required"` with thinking on
  std::optional<bool> named_while_thinking{};     ///< a function named by `tool_choice`, likewise
  bool takes_images = false;
  std::optional<bool> takes_videos = false;
  std::optional<FixedSampling> sampling_thinking{};  ///< nothing: free
  std::optional<FixedSampling> sampling_instant{};
  std::vector<ServedModel> served{};
};

/// The rows, a constant of the program; any thread.
[[nodiscard]] std::span<const Model> models();

/// The row that this id or alias names, or null: ids are an open set. Letter case, and a variant behind a colon
/// ("moonshotai/kimi-k2.6:exacto"), do not matter. Any thread.
[[nodiscard]] const Model* find_model(std::string_view id) noexcept;

/// The same, and for an id that no row names the row of its generation, where the id tells one ("kimi-k2.9",
/// "moonshotai/Kimi-K3.2-Pro"): what its siblings have in common, with nothing certain in it, and no context. Any
/// thread.
[[nodiscard]] const Model* find_model_or_generation(std::string_view id) noexcept;

}  // namespace kimistream
