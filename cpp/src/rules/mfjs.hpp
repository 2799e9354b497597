// MFJS, the subset of JSON Schema that constrained decoding at the models' maker reads.
//
// Sources: github.com/MoonshotAI/walle, its validator: docs/validation-principles.md (what the API's default level
// rejects, what it drops), docs/mfjs-walle-vs-draft-2020-12.md (which keywords there are), docs/mfjs-spec.md; and
// MoonshotAI/kimi-cli, CHANGELOG 0.52 and normalizeKimiToolSchema (what its own client mends before sending).
#pragma once

#include <string>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/json.hpp"

namespace kimistream::rules::mfjs {

/// One place where a schema is not MFJS.
struct Problem {
  std::string code;     // "schema_type", "schema_malformed", "schema_ref", "schema_keyword" or "schema_size"
  std::string text;     // as the server says it: "At path 'properties.X': type is not defined"
  bool certain = true;  // false: the documents disagree, or nothing is lost but a hint
  bool mends = true;    // `fix` takes it away
};

inline constexpr int max_depth = 30;              // limits of the validator
inline constexpr std::size_t max_keys = 3000;     // properties of all objects together
inline constexpr std::size_t max_enum = 1000;     // values of one enum
inline constexpr std::size_t max_branches = 500;  // of one anyOf
inline constexpr std::size_t max_bytes = 120'000;
inline constexpr std::size_t max_problems = 64;  // reported; more help nobody

/// What is wrong, in the order of the document. Annotations that are merely ignored ($schema, $comment, examples) are
/// no problem. Linear in the size of the schema.
/// @param object_root the parameters of a tool: their root must be an object
[[nodiscard]] std::vector<Problem> check(const json::Tree& schema, bool object_root = false);

/// The same schema as MFJS has it: missing types added ("string" where nothing tells), type and enum reconciled,
/// definitions at the root and references to them, oneOf as anyOf, const as enum, allOf merged, tuples as arrays of any
/// of their items; constraints that are not supported become a remark in the description, so that the model still reads
/// them. What is MFJS already comes back unchanged. A schema that is too large stays so.
[[nodiscard]] json::Tree fix(const json::Tree& schema, bool object_root = false);
/// The same for text; what is no JSON object comes back unchanged.
[[nodiscard]] Json fix(const Json& schema);

}  // namespace kimistream::rules::mfjs
