#include "continuation.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "json/tree.hpp"
#include "rules/check.hpp"
#include "white.hpp"

namespace kimistream {
namespace {

using json::Tree;

/// The free fields of a request, to be looked at and changed.
class Free {
 public:
  explicit Free(const Json& json) : tree_(json.empty() ? Tree::object() : Tree::parse(json.text)) {
    if (!tree_.is(Tree::Kind::object)) tree_ = Tree::object();
  }
  [[nodiscard]] Tree& tree() noexcept { return tree_; }
  [[nodiscard]] Json json() const {
    Json json;
    if (!tree_.fields().empty()) tree_.write(json.text);
    return json;
  }

 private:
  Tree tree_;
};

/// What fields and extra_body say, merged as they are in the body.
Tree all_fields(const Request& request) {
  Tree all = Free(request.fields).tree();
  all.merge(Free(request.extra_body).tree());
  return all;
}

std::string format_of(const Request& request, const Tree& fields) {
  if (const Tree* format = fields.find("response_format")) return format->text_of("type");
  return request.response_format.empty() ? std::string() : Free(request.response_format).tree().text_of("type");
}

/// Decoding that is held to a grammar, in the words of vLLM and SGLang.
bool is_constrained(const Tree& fields) {
  constexpr std::array names = {"guided_json", "guided_regex",       "guided_choice", "guided_grammar", "regex",
                                "ebnf",        "structured_outputs", "json_schema",   "structural_tag"};
  const auto said = [&](std::string_view name) {
    const Tree* value = fields.find(name);
    return value && !value->is(Tree::Kind::null);
  };
  if (std::any_of(names.begin(), names.end(), said)) return true;
  const Tree* output = fields.find("output_config");
  return output && output->find("format");
}

/// Takes away what the free fields say of thinking, in the words of the row's switches.
void drop_switches(Tree& fields, const Provider& provider) {
  for (const Json* patch : {&provider.thinking_off, &provider.thinking_on, &provider.thinking_keep}) {
    if (patch->empty()) continue;
    const Tree words = Tree::parse(patch->text);
    for (const auto& [key, value] : words.fields()) {
      Tree* said = fields.find(key);
      if (!said || value.is(Tree::Kind::array)) continue;
      if (key == "chat_template_kwargs") {  // it holds more than the switch
        for (const auto& [name, ignored] : value.fields()) said->erase(name);
        if (said->fields().empty()) fields.erase(key);
      } else {
        fields.erase(key);
      }
    }
  }
}

std::int64_t shrunk(std::int64_t limit, std::int64_t spent) { return std::max<std::int64_t>(limit - spent, 1); }

void shrink(Tree& fields, const Provider& provider, std::int64_t spent) {
  const std::set<std::string_view> names = {"max_tokens", "max_completion_tokens", provider.max_tokens_key};
  for (const std::string_view key : names)
    if (Tree* limit = fields.find(key); limit && limit->is(Tree::Kind::number))
      if (const auto value = limit->as_number(); value && *value >= 1)
        *limit = Tree::number(std::to_string(shrunk(static_cast<std::int64_t>(std::min(*value, 1e15)), spent)));
}

/// What the other mode makes an error, such as a value that the model fixes, is put right.
void follow_mode(Request& request, const Request& asked, const Provider& provider, std::string_view model) {
  std::set<std::string> before;
  for (const auto& finding : rules::check(asked, provider, model)) before.insert(finding.code);
  for (const auto& finding : rules::check(request, provider, model))
    if (finding.certain && finding.fix && !before.contains(finding.code)) finding.fix(request);
}

/// Whether the last message is a beginning of the answer already, in the row's own form.
bool ends_with_beginning(const Provider& provider, const Request& request, const Tree& fields) {
  if (request.messages.size() < 2 && request.system.empty()) return false;
  const Message* last = request.messages.empty() ? nullptr : &request.messages.back();
  if (!last || last->role != "assistant" || !last->tool_calls.empty() || !last->parts.empty() || !last->content)
    return false;
  if (!provider.prefill_message.empty())
    return Free(last->extra).tree().contains(Tree::parse(provider.prefill_message.text));
  return provider.prefill_body.empty() || fields.contains(Tree::parse(provider.prefill_body.text));
}

std::vector<std::string> stops_of(const Request& request, const Tree& fields) {
  std::vector<std::string> stops = request.stop;
  for (const char* key : {"stop", "stop_sequences"})
    if (const Tree* said = fields.find(key)) {
      if (said->is(Tree::Kind::string)) stops.push_back(said->text());
      for (const Tree& each : said->items())
        if (each.is(Tree::Kind::string)) stops.push_back(each.text());
    }
  return stops;
}

}  // namespace

std::string_view obstacle(const Provider& provider, const Request& request) {
  if (!provider.takes_prefill) return "the provider is not known to go on from a beginning";
  const Tree fields = all_fields(request);
  const std::string format = format_of(request, fields);
  if ((!format.empty() && format != "text" && format != "json_object") || is_constrained(fields))
    return "the answer is held to a schema, which holds for whole answers only";
  if (fields.number_of("n").value_or(1) > 1) return "several answers were asked for";
  return {};
}

Continuation continuation(const Provider& provider, const Request& asked, std::string_view model, const Message& so_far,
                          std::int64_t spent) {
  Request request = asked;
  request.notices.clear();
  Free fields(asked.fields), extra(asked.extra_body);
  const Tree said = all_fields(asked);
  std::vector<Notice> notices;
  if (!provider.thinking_off.empty()) {
    request.thinking = ThinkingMode::off;
    drop_switches(fields.tree(), provider);
    drop_switches(extra.tree(), provider);
  }
  if (spent > 0) {
    if (request.max_tokens) request.max_tokens = shrunk(*request.max_tokens, spent);
    shrink(fields.tree(), provider, spent);
    shrink(extra.tree(), provider, spent);
  }
  if (format_of(asked, said) == "json_object") {
    request.response_format = {};
    fields.tree().erase("response_format");
    extra.tree().erase("response_format");
    notices.push_back({"response_format_left_out",
                       "response_format json_object was left out where the answer was gone on with: it does not go "
                       "together with a beginning; look whether the JSON is whole"});
  }
  request.fields = fields.json();
  request.extra_body = extra.json();
  follow_mode(request, asked, provider, model);

  Message begun = assistant(asked.prefill);
  if (asked.prefill.empty() && ends_with_beginning(provider, asked, said)) {
    begun = asked.messages.back();
    request.messages.pop_back();
  }
  std::string whole = std::string(begun.text());
  whole += so_far.text();
  begun.content = std::string(without_white_end(whole));
  if (so_far.reasoning && !so_far.reasoning->empty()) begun.reasoning = so_far.reasoning;
  if (!so_far.reasoning_details.empty()) begun.reasoning_details = so_far.reasoning_details;
  request.prefill.clear();

  Continuation made{
      .encoded = wire::encode(provider, request, model, true, &begun),
      .before = {.prefix = *begun.content, .arrived = std::string(so_far.text()), .stops = stops_of(asked, said)}};
  made.encoded.thinks = false;
  made.encoded.notices = std::move(notices);  // the others have been told before the first attempt
  return made;
}

std::int64_t tokens_about(std::size_t bytes) noexcept { return static_cast<std::int64_t>(bytes / 4); }

}  // namespace kimistream
