#include "rows/asked.hpp"

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

bool fill(std::string& prompt, const Tree& row, const RowOptions& options) {
  for (const auto& piece : options.prompt) {
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

std::optional<Asked> ask(std::string_view line, const RowOptions& options) {
  Asked asked;
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
    if (!fill(asked.prompt, row, options)) return std::nullopt;
    append(asked.input, row, Form::line);
  } catch (const json::Malformed&) {
    return std::nullopt;
  }
  if (options.is_odd && options.is_odd(asked.prompt)) return std::nullopt;
  Sha256 hash;
  hash.add(options.constant);
  hash.add("text");
  hash.add(asked.prompt);
  asked.hash = short_hash(hash);
  return asked;
}

}  // namespace kimistream::rows
