// A request as its provider will read it: the typed fields, and over them what stands in `fields` and `extra_body`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/model.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "rules/listed.hpp"

namespace kimistream::rules {

/// One declared tool.
struct ToolView {
  std::size_t index = 0;  // among the tools of the request
  std::string type = "function";
  std::string name{};
  std::optional<json::Tree> parameters{};
  std::optional<bool> strict{};
  json::Tree declaration{};  // as it was written, without its parameters; null where it was given in typed fields
};

/// How the answer shall be formed.
struct FormatView {
  std::string type{};
  const json::Tree* schema = nullptr;  // of "json_schema"; null where there is none
  std::optional<bool> strict{};
};

/// Borrows request and provider; for one thread. JSON that is no object is taken as absent: encoding refuses it.
class View {
 public:
  View(const Request& request, const Provider& provider, std::string_view model, const Listed* listed = nullptr);

  const Request& request;
  const Provider& provider;
  const std::string_view model_id;  // in the provider's spelling
  const Model* const model;         // null: no rules are known

  /// The provider holds requests to the rules of the model's maker (it is the maker, or forwards to it).
  [[nodiscard]] bool strict_server() const noexcept { return provider.fixes_sampling; }
  /// What the provider's own page says of this model; null where it says nothing special.
  [[nodiscard]] const ServedModel* served() const noexcept;

  /// What the caller wrote beside the typed fields; null where that is nothing.
  [[nodiscard]] const json::Tree* fields() const noexcept { return fields_ ? &*fields_ : nullptr; }
  /// A field of the body that the caller wrote by its own name; null where it is absent or JSON null.
  [[nodiscard]] const json::Tree* sent(std::string_view key) const noexcept;
  [[nodiscard]] std::optional<double> number(std::string_view key, std::optional<double> typed = {}) const;

  /// What the caller says of thinking, wherever it is said.
  [[nodiscard]] ThinkingMode::Value thinking() const noexcept { return thinking_; }
  [[nodiscard]] bool keeps() const noexcept { return keeps_; }
  /// Whether the model will think: what is said, else what it does by itself.
  [[nodiscard]] bool thinks() const noexcept;
  /// "with thinking on" or "with thinking off", for messages.
  [[nodiscard]] std::string_view mode() const noexcept { return thinks() ? "with thinking on" : "with thinking off"; }

  /// "auto", "none", "required", "named", any other word as it is written, "" where nothing is chosen.
  [[nodiscard]] std::string tool_choice() const;
  [[nodiscard]] std::size_t tool_count() const noexcept;
  [[nodiscard]] const std::vector<ToolView>& tools() const;  // read when first asked for
  [[nodiscard]] FormatView response_format() const;

 private:
  void read_thinking();
  [[nodiscard]] std::vector<ToolView> read_tools() const;

  std::optional<json::Tree> fields_;
  std::optional<json::Tree> extra_body_;
  std::optional<json::Tree> format_;
  mutable std::optional<std::vector<ToolView>> tools_;
  ThinkingMode::Value thinking_ = ThinkingMode::unset;
  bool keeps_ = false;
};

/// The JSON object in this text, or nothing.
[[nodiscard]] std::optional<json::Tree> object_in(const Json& json);
/// Every leaf of the patch has the same value in the tree. An empty patch is covered by nothing.
[[nodiscard]] bool covers(const json::Tree& tree, const json::Tree& patch);
/// Takes the leaves of the patch out of the tree, and objects that this leaves empty.
void subtract(json::Tree& tree, const json::Tree& patch);

// ---- changes, for fixes ---------------------------------------------------------------------------------------------

/// Changes a JSON object in place. One that this leaves empty becomes absent.
void edit(Json& json, const std::function<void(json::Tree&)>& change);
/// Takes a field out of the request, typed or not.
void drop(Request& request, std::string_view key);
/// Changes the tool of this index, or the response format, where it stands.
void edit_tool_parameters(Request& request, std::size_t index, const std::function<void(json::Tree&)>& change);
void edit_response_schema(Request& request, const std::function<void(json::Tree&)>& change);
void remove_tool(Request& request, std::size_t index);

}  // namespace kimistream::rules
