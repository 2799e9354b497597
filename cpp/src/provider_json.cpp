// A provider's row as JSON and back. One list of fields serves both ways; a field more is a line more in it.
#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <utility>

#include "address.hpp"
#include "characters.hpp"
#include "json/tree.hpp"
#include "kimistream/error.hpp"
#include "kimistream/provider.hpp"
#include "loopback.hpp"
#include "rules/nearest.hpp"

namespace kimistream {
namespace {

using json::Tree;
using Kind = Tree::Kind;

constexpr std::string_view default_base = "openai-compatible";
constexpr std::string_view unknown_word = "unknown";  // null, for formats that have none

[[noreturn]] void refuse_row(std::string message) { throw Exception(invalid_request("provider row: " + message)); }

[[noreturn]] void refuse_value(std::string_view field, std::string_view wanted) {
  refuse_row(std::string(field) + " must be " + std::string(wanted));
}

std::string joined(const auto& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::string suggestion(std::string_view given, const std::vector<std::string>& words) {
  const std::string word(rules::nearest(given, words));
  return word.empty() ? "; known are " + joined(words) : "; did you mean \"" + word + "\"?";
}

// ---- enumerations as words ------------------------------------------------------------------------------------------

template <class Enum>
using Word = std::pair<std::string_view, Enum>;

template <class Enum>
constexpr int words = 0;
template <>
constexpr std::array words<Protocol> = {Word<Protocol>("openai_chat", Protocol::openai_chat),
                                        Word<Protocol>("anthropic_messages", Protocol::anthropic_messages)};
template <>
constexpr std::array words<Auth> = {Word<Auth>("bearer", Auth::bearer), Word<Auth>("x_api_key", Auth::x_api_key)};
template <>
constexpr std::array words<InlineThinking> = {Word<InlineThinking>("never", InlineThinking::never),
                                              Word<InlineThinking>("if_no_key", InlineThinking::if_no_key),
                                              Word<InlineThinking>("implicit_open", InlineThinking::implicit_open)};
template <>
constexpr std::array words<ToolIdPolicy> = {Word<ToolIdPolicy>("verbatim", ToolIdPolicy::verbatim),
                                            Word<ToolIdPolicy>("functions_global", ToolIdPolicy::functions_global),
                                            Word<ToolIdPolicy>("sanitized", ToolIdPolicy::sanitized)};
template <>
constexpr std::array words<SchemaFlavour> = {Word<SchemaFlavour>("standard", SchemaFlavour::standard),
                                             Word<SchemaFlavour>("mfjs", SchemaFlavour::mfjs)};

template <class T>
concept Enumeration = std::is_enum_v<T>;
template <class T>
concept Count = std::unsigned_integral<T> && !std::same_as<T, bool>;

// ---- values: Tree from a field, and a field from a Tree
// ---------------------------------------------------------------

Tree write(const std::string& value) { return Tree::string(value); }
Tree write(bool value) { return Tree::boolean(value); }
Tree write(const Json& patch) { return patch.empty() ? Tree::object() : Tree::parse(patch.text); }
Tree write(Count auto value) { return Tree::number(std::to_string(value)); }
Tree write(const std::optional<bool>& value) { return value ? Tree::boolean(*value) : Tree(); }

template <Enumeration Enum>
Tree write(Enum value) {
  for (const auto& [word, meaning] : words<Enum>)
    if (meaning == value) return Tree::string(word);
  return {};
}

Tree write(const std::vector<std::string>& texts) {
  Tree list = Tree::array();
  for (const std::string& text : texts) list.items().push_back(Tree::string(text));
  return list;
}

Tree write(const std::vector<ModelName>& names) {
  Tree object = Tree::object();
  for (const ModelName& name : names) object.set(name.neutral, Tree::string(name.own));
  return object;
}

Tree write(const Headers& headers) {
  Tree object = Tree::object();
  for (const auto& [name, value] : headers) object.set(name, Tree::string(value));
  return object;
}

constexpr std::array media_forms = {std::pair("data", &MediaForms::data), std::pair("http", &MediaForms::http),
                                    std::pair("ms", &MediaForms::ms)};

Tree write(const std::optional<MediaForms>& forms) {
  if (!forms) return {};
  Tree list = Tree::array();
  for (const auto& [word, form] : media_forms)
    if ((*forms).*form) list.items().push_back(Tree::string(word));
  return list;
}

bool is_unknown(const Tree& tree) {
  return tree.is(Kind::null) || (tree.is(Kind::string) && tree.text() == unknown_word);
}

void read(std::string_view field, const Tree& tree, std::string& value) {
  if (!tree.is(Kind::string)) refuse_value(field, "a text");
  value = tree.text();
}

void read(std::string_view field, const Tree& tree, bool& value) {
  if (!tree.is(Kind::boolean)) refuse_value(field, "true or false");
  value = tree.text() == "true";
}

void read(std::string_view field, const Tree& tree, std::optional<bool>& value) {
  value.reset();
  if (is_unknown(tree)) return;
  if (!tree.is(Kind::boolean)) refuse_value(field, "true, false, or null where it is not known");
  value = tree.text() == "true";
}

void read(std::string_view field, const Tree& tree, Json& patch) {
  if (!tree.is(Kind::object) && !tree.is(Kind::null)) refuse_value(field, "an object that is merged into the request");
  patch.text.clear();
  if (!tree.fields().empty()) tree.write(patch.text);
}

void read(std::string_view field, const Tree& tree, Count auto& value) {
  const std::string& text = tree.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!tree.is(Kind::number) || error != std::errc() || end != text.data() + text.size())
    refuse_value(field, "a whole number of at least 0");
}

template <Enumeration Enum>
void read(std::string_view field, const Tree& tree, Enum& value) {
  std::vector<std::string> known;
  for (const auto& [word, meaning] : words<Enum>) {
    if (tree.is(Kind::string) && tree.text() == word) {
      value = meaning;
      return;
    }
    known.emplace_back(word);
  }
  refuse_value(field, "one of " + joined(known));
}

void read(std::string_view field, const Tree& tree, std::vector<std::string>& texts) {
  if (!tree.is(Kind::array)) refuse_value(field, "a list of texts");
  texts.clear();
  for (const Tree& item : tree.items()) read(field, item, texts.emplace_back());
}

/// A header that carries a key would put that key into a file, a log and every listing of the rows.
bool carries_a_key(std::string_view name) {
  constexpr std::array names = {"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"};
  return std::any_of(names.begin(), names.end(), [&](auto* each) { return equal_ignoring_case(name, each); });
}

const std::vector<Tree::Field>& texts_of(std::string_view field, const Tree& tree) {
  if (!tree.is(Kind::object)) refuse_value(field, "an object of texts");
  for (const auto& [key, value] : tree.fields())
    if (!value.is(Kind::string)) refuse_value(std::string(field) + "." + key, "a text");
  return tree.fields();
}

void read(std::string_view field, const Tree& tree, std::vector<ModelName>& names) {
  names.clear();
  for (const auto& [neutral, own] : texts_of(field, tree)) names.push_back({neutral, own.text()});
}

void read(std::string_view field, const Tree& tree, Headers& headers) {
  headers.clear();
  for (const auto& [name, value] : texts_of(field, tree)) {
    if (carries_a_key(name))
      refuse_row("the header " + name + " carries a key, which has no place in a row: pass api_key");
    if (name.empty() || has_control(name) || name.find_first_of(": ") != std::string::npos || has_control(value.text()))
      refuse_row("headers has a name or value that a header cannot have");
    headers.set(name, value.text());
  }
}

void read(std::string_view field, const Tree& tree, std::optional<MediaForms>& forms) {
  forms.reset();
  if (is_unknown(tree)) return;
  std::vector<std::string> words;
  read(field, tree, words);
  MediaForms taken;
  for (const std::string& word : words) {
    const auto form =
        std::find_if(media_forms.begin(), media_forms.end(), [&](auto& each) { return each.first == word; });
    if (form == media_forms.end()) refuse_value(field, "a list of \"data\", \"http\" and \"ms\"");
    taken.*(form->second) = true;
  }
  forms = taken;
}

// ---- the fields -----------------------------------------------------------------------------------------------------

/// Calls `visit(name, field)` for each field, in the order of the struct.
template <class Row, class Visit>
void each_field(Row& row, Visit&& visit) {
#define KIMISTREAM_FIELD(field) visit(#field, row.field)
  KIMISTREAM_FIELD(name);
  KIMISTREAM_FIELD(base_url);
  KIMISTREAM_FIELD(other_addresses);
  KIMISTREAM_FIELD(account_variable);
  KIMISTREAM_FIELD(protocol);
  KIMISTREAM_FIELD(chat_path);
  KIMISTREAM_FIELD(models_path);
  KIMISTREAM_FIELD(files_path);
  KIMISTREAM_FIELD(batches_path);
  KIMISTREAM_FIELD(balance_path);
  KIMISTREAM_FIELD(tokens_path);
  KIMISTREAM_FIELD(currency);
  KIMISTREAM_FIELD(auth);
  KIMISTREAM_FIELD(headers);
  KIMISTREAM_FIELD(needs_key);
  KIMISTREAM_FIELD(key_variables);
  KIMISTREAM_FIELD(key_advice);
  KIMISTREAM_FIELD(default_model);
  KIMISTREAM_FIELD(models);
  KIMISTREAM_FIELD(thinking_on);
  KIMISTREAM_FIELD(thinking_off);
  KIMISTREAM_FIELD(thinking_keep);
  KIMISTREAM_FIELD(sampling_thinking);
  KIMISTREAM_FIELD(sampling_instant);
  KIMISTREAM_FIELD(stream_usage);
  KIMISTREAM_FIELD(max_tokens_key);
  KIMISTREAM_FIELD(reasoning_write_keys);
  KIMISTREAM_FIELD(writes_reasoning_details);
  KIMISTREAM_FIELD(tool_turn_placeholder);
  KIMISTREAM_FIELD(tool_ids);
  KIMISTREAM_FIELD(drops_empty_turns);
  KIMISTREAM_FIELD(arguments_must_be_objects);
  KIMISTREAM_FIELD(takes_prefill);
  KIMISTREAM_FIELD(prefill_message);
  KIMISTREAM_FIELD(prefill_body);
  KIMISTREAM_FIELD(tool_choices);
  KIMISTREAM_FIELD(schema);
  KIMISTREAM_FIELD(json_schema);
  KIMISTREAM_FIELD(strict_tools);
  KIMISTREAM_FIELD(images);
  KIMISTREAM_FIELD(videos);
  KIMISTREAM_FIELD(media_in_results);
  KIMISTREAM_FIELD(max_body_bytes);
  KIMISTREAM_FIELD(max_stops);
  KIMISTREAM_FIELD(max_stop_bytes);
  KIMISTREAM_FIELD(fixes_sampling);
  KIMISTREAM_FIELD(end_marker);
  KIMISTREAM_FIELD(end_marker_completes);
  KIMISTREAM_FIELD(estimates_stream_usage);
  KIMISTREAM_FIELD(inline_thinking);
  KIMISTREAM_FIELD(salvages_tool_markup);
  KIMISTREAM_FIELD(quota_codes);
  KIMISTREAM_FIELD(request_id_headers);
#undef KIMISTREAM_FIELD
}

Tree parse(const Json& json) {
  try {
    Tree tree = Tree::parse(json.text);
    if (tree.is(Kind::object)) return tree;
  } catch (const json::Malformed& malformed) {
    refuse_row(std::string("it is not JSON: ") + malformed.what());
  }
  refuse_row("it must be a JSON object");
}

const Provider& base_of(const Tree& tree) {
  const Tree* inherits = tree.find("inherits");
  std::string name(default_base);
  if (inherits) read("inherits", *inherits, name);
  try {
    return provider_named(name);
  } catch (const Exception& unknown) {
    refuse_row("it inherits from an " + unknown.error().message);
  }
}

/// Where a row leads.
struct Addresses {
  std::optional<std::string> base_url;  // nothing: it has not changed
  std::vector<std::string> others;
};

/// Makes a row ready for further addresses. The variables of its key stay where they would be used at each, and are not
/// only taken for a trial.
void prepare_for(const std::string& address, Provider& row) {
  if (is_at_home(row, address)) return;
  const bool trial = is_loopback(parts_of(address).host);
  std::erase_if(row.key_variables, [&](const std::string& variable) {
    return !key_may_go_anywhere(variable) && (trial || !key_may_go(variable, address));
  });
}

/// With an address of its own, another's other addresses, its account, and what to do about its keys are not this
/// one's.
void prepare_for(const Addresses& addresses, Provider& row) {
  for (const std::string& other : addresses.others) prepare_for(other, row);
  if (!addresses.base_url) return;
  prepare_for(*addresses.base_url, row);
  if (!is_at_home(row, *addresses.base_url)) row.account_variable.clear();
  row.other_addresses.clear();
  row.key_advice.clear();
}

void refuse_unknown_keys(const Tree& tree) {
  Provider any;
  std::vector<std::string> known = {"inherits"};
  each_field(any, [&](const char* field, auto&) { known.emplace_back(field); });
  std::string complaint;
  for (const auto& [key, value] : tree.fields()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (key == "api_key" || key == "key" || key == "token")
      refuse_row("a key has no place in it, not even as \"" + key + "\": pass api_key to the client");
    complaint += (complaint.empty() ? "" : "; and ") + ("it has no field \"" + key + "\"") + suggestion(key, known);
  }
  if (!complaint.empty()) refuse_row(complaint);
}

/// As shells can set one: letters, digits and underscores.
bool is_variable(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void check(const Provider& row) {
  if (has_control(row.name)) refuse_value("name", "a text without control characters");
  if (row.chat_path.empty()) refuse_value("chat_path", "a path");
  (void)checked_address(row.base_url, row);
  for (const std::string& other : row.other_addresses) (void)checked_address(other, row, "other_addresses");
  for (const std::string* path :
       {&row.chat_path, &row.models_path, &row.files_path, &row.batches_path, &row.balance_path, &row.tokens_path})
    if ((!path->empty() && !path->starts_with('/')) || has_control(*path) || path->find(' ') != std::string::npos)
      refuse_value("each path", "a text that begins with a slash and has no white space");
  for (const std::string& variable : row.key_variables)
    if (!is_variable(variable)) refuse_value("key_variables", "a list of names of variables, never a key itself");
  if (!row.account_variable.empty() && !is_variable(row.account_variable))
    refuse_value("account_variable", "the name of a variable");
  if (row.max_tokens_key.empty()) refuse_value("max_tokens_key", "the name of a field");
  constexpr std::array choices = {"auto", "none", "required", "named"};
  for (const std::string& choice : row.tool_choices)
    if (std::find(choices.begin(), choices.end(), choice) == choices.end())
      refuse_value("tool_choices", "a list of " + joined(choices));
}

}  // namespace

Provider provider_from_json(const Json& json) {
  const Tree tree = parse(json);
  refuse_unknown_keys(tree);
  Provider row = base_of(tree);
  row.name.clear();
  Addresses own;
  if (const Tree* given = tree.find("base_url")) read("base_url", *given, own.base_url.emplace());
  if (const Tree* given = tree.find("other_addresses")) read("other_addresses", *given, own.others);
  prepare_for(own, row);
  each_field(row, [&](const char* field, auto& value) {
    if (const Tree* given = tree.find(field)) read(field, *given, value);
  });
  while (row.base_url.ends_with('/')) row.base_url.pop_back();
  check(row);
  return row;
}

Json to_json(const Provider& provider, const Provider* base) {
  Tree tree = Tree::object();
  each_field(provider, [&](const char* field, const auto& value) { tree.set(field, write(value)); });
  if (base) {
    Provider start = *base;  // as `provider_from_json` will start from it
    start.name.clear();
    Addresses own;
    if (provider.base_url != start.base_url) own.base_url = provider.base_url;
    if (own.base_url || provider.other_addresses != start.other_addresses) own.others = provider.other_addresses;
    prepare_for(own, start);
    each_field(start, [&](const char* field, const auto& inherited) {
      std::string before, now;
      write(inherited).write(before);
      tree.find(field)->write(now);
      if (before == now) tree.erase(field);
    });
    Tree whole = Tree::object();
    whole.set("inherits", Tree::string(base->name));
    whole.merge(tree);
    tree = std::move(whole);
  }
  Json json;
  tree.write(json.text);
  return json;
}

}  // namespace kimistream
