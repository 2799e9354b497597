/// @file provider.hpp
/// @brief A provider is a row of data: nothing else in the library knows one by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/headers.hpp"
#include "kimistream/json.hpp"

namespace kimistream {

/// What is spoken on the wire.
enum class Protocol {
  openai_chat,         ///< POST /chat/completions
  anthropic_messages,  ///< POST /v1/messages
};

/// How the key travels.
enum class Auth {
  bearer,     ///< Authorization: Bearer KEY
  x_api_key,  ///< x-api-key: KEY
};

/// Whether reasoning may stand inside the content, between `<think>` and `</think>`.
enum class InlineThinking {
  never,
  if_no_key,      ///< when no reasoning key has been seen in the stream
  implicit_open,  ///< the same, and the opening tag is in the prompt: the content begins inside the reasoning
};

/// What becomes of the ids of tool calls on their way back. Always one to one within a conversation.
enum class ToolIdPolicy {
  verbatim,
  functions_global,  ///< "functions.NAME:N", N counting over the conversation: what the model was trained on
  sanitized,         ///< only [a-zA-Z0-9_-], and unique
};

/// Which JSON Schema the provider reads for tools and response formats.
enum class SchemaFlavour {
  standard,
  mfjs,  ///< Moonshot Flavored JSON Schema
};

/// A model's name at one provider.
struct ModelName {
  std::string neutral{};  ///< e.g. "kimi-k2.6"
  std::string own{};      ///< e.g. "moonshotai/kimi-k2.6"

  friend bool operator==(const ModelName&, const ModelName&) = default;
};

/// In which forms a provider takes a kind of media.
struct MediaForms {
  bool data = false;  ///< a data URI
  bool http = false;  ///< a public address
  bool ms = false;    ///< the id of an uploaded file
  [[nodiscard]] bool any() const noexcept { return data || http || ms; }

  friend bool operator==(const MediaForms&, const MediaForms&) = default;
};

/// How one provider serves Kimi: where, and in which dialect. A plain value; the rows that come with the library are
/// in src/providers.cpp with the source of each deviation.
struct Provider {
  std::string name{};
  std::string base_url{};                      ///< no slash at its end
  std::vector<std::string> other_addresses{};  ///< further addresses of the same provider, to recognise a base URL by
  std::string account_variable{};  ///< the environment's variable of what `{account_id}` in `base_url` stands for
  Protocol protocol = Protocol::openai_chat;
  std::string chat_path = "/chat/completions";  ///< `{model}` in it stands for the model that is asked
  std::string models_path = "/models";
  std::string files_path{};  ///< "" where there is no such resource, likewise below
  std::string batches_path{};
  std::string balance_path{};
  std::string tokens_path{};  ///< counts the tokens of a request
  std::string currency{};     ///< of balance and cost, e.g. "USD"
  Auth auth = Auth::bearer;
  Headers headers{};  ///< sent with every request
  bool needs_key = true;
  /// The environment's variables that may hold its key, the first that is set counts. The library reads none of them:
  /// a program does, as the Python package, and asks `key_may_go`.
  std::vector<std::string> key_variables{};
  std::string key_advice{};                 ///< what to check when the key is refused
  std::string default_model = "kimi-k2.6";  ///< in the provider's own spelling
  std::vector<ModelName> models{};          ///< where its names differ from the neutral ones

  // What the request says. The patches are JSON objects that are merged into it.
  Json thinking_on{};
  Json thinking_off{};
  Json thinking_keep{};      ///< merged over `thinking_on`: earlier reasoning stays in view
  Json sampling_thinking{};  ///< what the client must send, where the server does not know it
  Json sampling_instant{};
  Json stream_usage{};  ///< asks a stream for usage
  std::string max_tokens_key = "max_tokens";
  std::vector<std::string> reasoning_write_keys = {"reasoning_content"};  ///< all are filled in history
  bool writes_reasoning_details = false;  ///< the opaque list goes back as it came, beside the keys above
  std::string tool_turn_placeholder{};    ///< reasoning to send on a tool-call turn that has none; "" = send none
  ToolIdPolicy tool_ids = ToolIdPolicy::verbatim;
  bool drops_empty_turns = false;          ///< refuses an assistant message with nothing in it
  bool arguments_must_be_objects = false;  ///< refuses history whose tool arguments are no JSON object
  bool takes_prefill = false;              ///< goes on from an assistant message at the end
  Json prefill_message{};                  ///< merged into that message
  Json prefill_body{};                     ///< merged into the body beside it

  // What it takes; for checks before anything is sent.
  std::vector<std::string> tool_choices = {"auto", "none", "required", "named"};
  SchemaFlavour schema = SchemaFlavour::standard;
  std::optional<bool> json_schema{};   ///< takes response_format json_schema; nothing: not known
  std::optional<bool> strict_tools{};  ///< what a tool without `strict` means; nothing: not known or not read
  std::optional<MediaForms> images{};  ///< nothing: not known
  std::optional<MediaForms> videos{};
  std::optional<bool> media_in_results{};  ///< in the results of tools; nothing: not known
  std::uint64_t max_body_bytes = 0;        ///< 0: not known, likewise below
  std::size_t max_stops = 0;
  std::size_t max_stop_bytes = 0;  ///< of each
  bool fixes_sampling = false;     ///< refuses sampling values that are not the model's own

  // What the answer looks like.
  std::string end_marker = "[DONE]";  ///< the data of the event that ends a stream
  /// It stands for a finish reason where none came. Gateways of the one-api family send it after a cut as well.
  bool end_marker_completes = false;
  bool estimates_stream_usage = false;  ///< a stream's usage may be a gateway's own count
  InlineThinking inline_thinking = InlineThinking::never;
  bool salvages_tool_markup = false;              ///< the model's own markup may leak into its text
  std::vector<std::string> quota_codes{};         ///< error codes that mean "no use trying again"
  std::vector<std::string> request_id_headers{};  ///< in order of preference

  friend bool operator==(const Provider&, const Provider&) = default;
};

/// The rows: those that come with the library, then those that were registered. A snapshot; any thread.
[[nodiscard]] std::vector<const Provider*> providers();

/// Adds a row, or replaces one of the same name for clients that are made from now on. Any thread.
/// @throws Exception (invalid_request) for a row without a name or an address
const Provider& register_provider(Provider row);

/// A row from a JSON object: `inherits` names the row to start from (nothing: "openai-compatible"), every other key is
/// a field of `Provider` by its own name and replaces what was inherited. Enumerations are words ("x_api_key"), patches
/// are objects, `headers` and `models` are objects of texts, `images` and `videos` are lists of "data", "http" and
/// "ms"; null, or the word "unknown", stands for what is not known. The name is not inherited, and with an address of
/// its own a row does not inherit other addresses, or the advice on keys; nor, with either, the variables of its key,
/// unless it stays at the same hosts or the other is one's own server, at loopback. Does not register it.
/// @throws Exception (invalid_request) for text that is no such object; an unknown key is named, and what it may mean
[[nodiscard]] Provider provider_from_json(const Json& json);

/// The row as such an object: all of it, or `inherits` and what differs from `base`. `provider_from_json` reads it
/// back.
[[nodiscard]] Json to_json(const Provider& provider, const Provider* base = nullptr);

/// The row of this name, or null; letter case does not matter. Rows live as long as the program.
[[nodiscard]] const Provider* find_provider(std::string_view name);

/// The row of this name. @throws Exception (invalid_request) that says which one was probably meant
[[nodiscard]] const Provider& provider_named(std::string_view name);

/// The row that has this address, or null. Letter case, slashes at the end and the scheme's own port do not matter;
/// where no row has it, neither does a /v1 at the end: one that is missing, or that the row's paths begin with.
[[nodiscard]] const Provider* find_provider_by_address(std::string_view base_url);

/// Whether this address is at one of the row's hosts.
[[nodiscard]] bool is_at_home(const Provider& provider, std::string_view base_url);

/// Whether the key in this variable of the environment may be sent to this address. It belongs to the first row that
/// names it, of those that came with the library if one does: where that is one's own server, at loopback, the key may
/// go anywhere; else to the hosts of the rows that name it, over TLS unless the row itself has http, and to loopback.
/// One that no row names may go anywhere.
[[nodiscard]] bool key_may_go(std::string_view variable, std::string_view base_url);

/// The provider's own name for a model: a neutral id becomes its own, any other is taken as it is.
[[nodiscard]] std::string_view model_name(const Provider& provider, std::string_view model) noexcept;

}  // namespace kimistream
