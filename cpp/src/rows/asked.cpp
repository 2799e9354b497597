#include "rows/asked.hpp"

#include <algorithm>
#include <utility>

#include "json/tree.hpp"
#include "record/sha256.hpp"
#include "rows/form.hpp"

namespace kimistream::rows {
namespace {

using json::Tree;
using record::Sha256;

constexpr std::size_t hash_size = 16;

std::string short_hash(Sha256& hash) {
  std::string bytes = hash.finish_bytes();
  bytes.resize(hash_size);
  return bytes;
}

/// Null where there is no such field, or nothing in it.
const Tree* find(const Tree& row, const RowField& field) {
  const Tree* value = &row;
  for (const auto& step : field) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      value = value->find(*name);
    } else {
      const std::size_t place = std::get<std::size_t>(step);
      value = place < value->items().size() ? &value->items()[place] : nullptr;
    }
    if (!value || value->is(Tree::Kind::null)) return nullptr;
  }
  return value;
}

bool fill(std::string& prompt, const Tree& row, const RowTemplate& pieces) {
  for (const auto& piece : pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      prompt += *text;
      continue;
    }
    const auto& field = std::get<RowField>(piece);
    const Tree* value = find(row, field);
    if (!value || (field.empty() && !value->is(Tree::Kind::string))) return false;
    if (value->is(Tree::Kind::string))
      prompt += value->text();
    else
      append(prompt, *value, Form::prompt);
  }
  return true;
}

/// What is asked, and how a request's hash knows it.
struct Prompt {
  std::vector<Message> messages;
  std::string_view kind = "text";
  std::string text;  // of the hash: the prompt itself, or its JSON
};

std::optional<Message> message_of(const Tree& tree) {
  const Tree* role = tree.find("role");
  const Tree* content = tree.find("content");
  const bool is_plain =
      tree.fields().size() == 2 && role && role->is(Tree::Kind::string) && content && content->is(Tree::Kind::string);
  if (!is_plain) return std::nullopt;
  Message message;
  message.role = role->text();
  message.content = content->text();
  return message;
}

/// Of a row that is one itself.
std::optional<Prompt> own_prompt(const Tree& row) {
  if (row.is(Tree::Kind::string)) return Prompt{.messages = {user(row.text())}, .text = row.text()};
  const Tree* list = row.is(Tree::Kind::array) ? &row : row.find("messages");
  if (!list || !list->is(Tree::Kind::array) || list->items().empty()) return std::nullopt;
  Prompt prompt{.messages = {}, .kind = "json", .text = {}};
  for (const Tree& item : list->items()) {
    auto message = message_of(item);
    if (!message) return std::nullopt;
    prompt.messages.push_back(*std::move(message));
  }
  append(prompt.text, *list, Form::compact);
  return prompt;
}

std::optional<Prompt> prompt_of(const Tree& row, const RowOptions& options) {
  if (!options.prompt) return own_prompt(row);
  Prompt prompt;
  if (!fill(prompt.text, row, *options.prompt)) return std::nullopt;
  prompt.messages.push_back(user(prompt.text));
  return prompt;
}

/// Whether somebody must look at what a user says.
bool is_odd(const std::vector<Message>& messages, const RowOptions& options) {
  return options.is_odd && std::any_of(messages.begin(), messages.end(), [&](const Message& message) {
           return message.role == "user" && options.is_odd(*message.content);
         });
}

bool is_integer(const Tree& value) {
  return value.is(Tree::Kind::number) && value.text().find_first_of(".e") == std::string::npos;
}

bool take_key(Asked& asked, const Tree& row, const std::string& name) {
  const Tree* key = row.find(name);
  if (!key || !(key->is(Tree::Kind::string) || is_integer(*key))) return false;
  append(asked.key, *key, Form::line);
  append(asked.ascii_key, *key, Form::canonical);
  return true;
}

}  // namespace

std::string hash_key(std::string_view digest, std::uint64_t count) {
  std::string key = record::hexadecimal(digest);
  if (count > 1) key.append("-").append(std::to_string(count));
  return key;
}

std::optional<Asked> ask(std::string_view line, const RowOptions& options) {
  Asked asked;
  std::optional<Prompt> prompt;
  try {
    Tree row = Tree::parse_strictly(line);
    const bool is_row = row.is(Tree::Kind::object) || row.is(Tree::Kind::string) || row.is(Tree::Kind::array);
    if (!is_row || !settle(row)) return std::nullopt;
    Sha256 digest;
    if (options.key) {
      if (!take_key(asked, row, *options.key)) return std::nullopt;
      digest.add(asked.ascii_key);
    } else {
      std::string all;
      append(all, row, Form::canonical);
      digest.add(all);
    }
    asked.digest = short_hash(digest);
    prompt = prompt_of(row, options);
    if (!prompt || is_odd(prompt->messages, options)) return std::nullopt;
    append(asked.input, row, Form::line);
  } catch (const json::Malformed&) {
    return std::nullopt;
  }
  Sha256 hash;
  hash.add(options.constant);
  hash.add(prompt->kind);
  hash.add(prompt->text);
  asked.hash = short_hash(hash);
  asked.messages = std::move(prompt->messages);
  return asked;
}

}  // namespace kimistream::rows

namespace kimistream {

std::string sha256(std::string_view bytes) {
  record::Sha256 hash;
  hash.add(bytes);
  return hash.finish_bytes();
}

}  // namespace kimistream
