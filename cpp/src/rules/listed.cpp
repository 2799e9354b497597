#include "rules/listed.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "json/tree.hpp"
#include "kimistream/headers.hpp"
#include "kimistream/json.hpp"

namespace kimistream::rules {
namespace {

using json::Tree;

std::optional<bool> flag_of(const Tree& row, std::string_view key) {
  const Tree* value = row.find(key);
  if (!value || !value->is(Tree::Kind::boolean)) return std::nullopt;
  return value->text() == "true";
}

/// Whether a list of words has this one; nothing where there is no list.
std::optional<bool> has_word(const Tree* list, std::string_view word) {
  if (!list || !list->is(Tree::Kind::array)) return std::nullopt;
  return std::any_of(list->items().begin(), list->items().end(), [&](const Tree& each) {
    return each.is(Tree::Kind::string) && equal_ignoring_case(each.text(), word);
  });
}

std::optional<bool> has_modality(const Tree& row, std::string_view word) {
  const Tree* architecture = row.find("architecture");
  return has_word(architecture ? architecture->find("input_modalities") : nullptr, word);
}

std::optional<bool> either(std::optional<bool> first, std::optional<bool> second) { return first ? first : second; }

/// A list says that a router passes "reasoning" on, not that a model without the word does not think.
bool mentions(const Tree& row, std::string_view list, std::string_view word) {
  return has_word(row.find(list), word).value_or(false);
}

std::int64_t window_of(const Tree& row) {
  const Tree* info = row.find("info");
  for (const auto& size : {row.number_of("context_length"), row.number_of("max_model_len"),
                           info ? info->number_of("contextLength") : std::nullopt})
    if (size && *size >= 1 && *size <= 1e12) return static_cast<std::int64_t>(*size);
  return 0;
}

/// `think_efforts` as Moonshot has it: {"support": true, "valid_efforts": ["low", "high", "max"]}.
void read_efforts(const Tree& row, Model& model) {
  const Tree* efforts = row.find("think_efforts");
  if (!efforts) return;
  model.takes_effort = either(flag_of(*efforts, "support"), model.takes_effort);
  const Tree* levels = efforts->find("valid_efforts");
  if (model.takes_effort != true || !levels) return;
  model.efforts.clear();
  for (const Tree& level : levels->items())
    if (level.is(Tree::Kind::string)) model.efforts.push_back(level.text());
}

/// Nothing where the entry says no more than that the model is there.
///   Moonshot       supports_image_in, supports_video_in, supports_reasoning, context_length, think_efforts;
///                  supports_thinking_type "only": thinking is always on (Kimi Code's list, anomalyco/models.dev#3698)
///   OpenRouter     architecture.input_modalities, supported_parameters, context_length
///   vLLM, SGLang   max_model_len
///   AI/ML API      info.contextLength
std::optional<Model> described(const Tree& row) {
  const std::string id = row.text_of("id");
  if (id.empty() || find_model(id)) return std::nullopt;
  const std::optional<bool> images = either(flag_of(row, "supports_image_in"), has_modality(row, "image")),
                            videos = either(flag_of(row, "supports_video_in"), has_modality(row, "video")),
                            thinks = flag_of(row, "supports_reasoning");
  const std::int64_t window = window_of(row);
  const bool always = row.text_of("supports_thinking_type") == "only";
  if (!images && !videos && !thinks && window == 0 && !always && !row.find("think_efforts")) return std::nullopt;
  const Model* generation = find_model_or_generation(id);
  Model model = generation ? *generation : Model{};
  if (!generation) {  // what the list does not say is not known
    model.takes_images = true;
    model.takes_videos = std::nullopt;
    model.thinking_optional = std::nullopt;
  }
  model.id = id;
  model.context_tokens = window;
  model.takes_images = images.value_or(model.takes_images);
  model.takes_videos = either(videos, model.takes_videos);
  model.thinks = always || mentions(row, "supported_parameters", "reasoning") || thinks.value_or(true);
  if (always) model.thinking_optional = false;
  read_efforts(row, model);
  return model;
}

}  // namespace

Listed::Listed(std::string_view list) {
  Tree tree;
  try {
    tree = Tree::parse(list);
  } catch (const json::Malformed&) {
    return;
  }
  const Tree* entries = tree.is(Tree::Kind::array) ? &tree : tree.find("data");
  if (!entries) return;
  for (const Tree& entry : entries->items()) {
    if (std::string id = entry.text_of("id"); !id.empty()) ids_.push_back(std::move(id));
    if (auto model = described(entry)) rows_.push_back(*std::move(model));
  }
}

bool Listed::has(std::string_view id) const noexcept { return std::find(ids_.begin(), ids_.end(), id) != ids_.end(); }

const Model* Listed::find(std::string_view id) const noexcept {
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Model& each) { return each.id == id; });
  return row == rows_.end() ? nullptr : &*row;
}

const Model* known_model(std::string_view id, const Listed* listed) noexcept {
  if (const Model* row = find_model(id)) return row;
  if (const Model* row = listed ? listed->find(id) : nullptr) return row;
  return find_model_or_generation(id);
}

}  // namespace kimistream::rules
